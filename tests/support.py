"""What several tests need: the checkout, and `gen` as a real process in a clean environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))


def clean_environment(**extra: str) -> dict[str, str]:
    """The environment without what changes output or reaches an account."""
    dropped = ("AWS_", "PYTHON", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "GEN_", "LC_", "CI")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return {**kept, "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", **extra}


def run_gen(
    *arguments: str,
    cwd: Path,
    input: str | bytes | None = None,  # noqa: A002 - as subprocess calls it
    env: dict[str, str] | None = None,
    under: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run `gen` as a process of its own, `under` another command, and return what it printed."""
    data = input.encode() if isinstance(input, str) else input
    done = subprocess.run(
        [*under, sys.executable, "-m", "generator", *arguments],
        cwd=cwd,
        input=data if data is not None else b"",
        env=clean_environment(**(env or {})),
        capture_output=True,
        check=False,
        timeout=120,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def need(tool: str) -> str:
    """The path of a command; without it the test is skipped, but fails where CI runs it."""
    beside = Path(sys.executable).parent
    found = shutil.which(tool, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        reason = f"`{tool}` is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def bound_by_permissions() -> tuple[str, ...]:
    """What to run a command under so that permissions bind it even if root runs the tests."""
    if os.geteuid() != 0:
        return ()
    without = "-dac_override,-dac_read_search"
    return (need("setpriv"), f"--bounding-set={without}", f"--inh-caps={without}")
