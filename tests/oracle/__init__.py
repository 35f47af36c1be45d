"""A second evaluator of IAM policies, written from AWS's documentation, as an oracle for tests.

`UG:page` in comments is docs.aws.amazon.com/IAM/latest/UserGuide/page.html.
"""

from .evaluate import decide
from .truth import Refused

__all__ = ["Refused", "decide"]
