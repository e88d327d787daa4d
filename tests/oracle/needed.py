"""Outside voices are optional: without one its tests are skipped, but never on the build server."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def needed(name: str) -> Any:  # noqa: ANN401 - a module
    """Return a package of the group ``oracle``; skip the test module where it is missing.

    Raises:
        ImportError: it is missing on the build server, where CI is ``true``.

    """
    if os.environ.get("CI") == "true":
        return importlib.import_module(name)
    reason = f"{name} is not installed; run .venv/bin/pip install --editable '.[test,oracle]'"
    return pytest.importorskip(name, reason=reason)
