"""What all tests share."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

# templates that are compiled in a test are kept, but not in the home of who runs the tests
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="exgen-tests-")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let signals reach what the tests start: a background run would pass on its deafness."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def tex() -> Path:
    """Give the path of pdflatex; without it skip the test, or fail it on the build server."""
    found = shutil.which("pdflatex")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("pdflatex is missing on the build server")
    if found is None:
        pytest.skip("pdflatex is not installed")
    return Path(found)
