"""A moto server over HTTP, and the AWS CLI as a person would use it against that server."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import clean_environment, need

# One Region of each partition that the shipped profiles use; moto tells partitions apart by it.
REGIONS: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
SECONDS: Final = 60


class Aws:
    """The AWS CLI, pointed at a moto server, in one partition."""

    def __init__(self, address: str, partition: str) -> None:
        self.command = need("aws")
        self.environment = clean_environment(
            AWS_ENDPOINT_URL=address,
            AWS_DEFAULT_REGION=REGIONS[partition],
            AWS_DEFAULT_OUTPUT="json",
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            NO_PROXY="127.0.0.1",
        )

    def iam(self, *arguments: str) -> Any:
        """What `aws iam` answers; fails the test where it refuses."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def refuses(self, *arguments: str) -> str:
        """The name of the error that `aws iam` answers with; fails the test where it accepts."""
        done = self._run(*arguments)
        found = re.search(r"An error occurred \((\w+)\)", done.stderr)
        assert found, done.stdout + done.stderr
        return found[1]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.command, "iam", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """The address of a moto server of one's own, on a port that the system chose."""
    command = [need("moto_server"), "-H", "127.0.0.1", "-p", "0"]
    with log.open("w") as lines:
        server = subprocess.Popen(command, env=clean_environment(), stdout=lines, stderr=lines)
    try:
        until = time.monotonic() + SECONDS
        while not (found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())):
            if server.poll() is not None or time.monotonic() > until:
                pytest.fail(f"moto_server does not start: {log.read_text()}")
            time.sleep(0.05)
        yield found[1]
    finally:
        server.terminate()
        server.wait(SECONDS)
