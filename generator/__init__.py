"""Generate AWS policies that force MFA on IAM users and never lock one out."""

__version__ = "0.1.0"
