"""Where templates and banks are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from exgen import resources
from exgen.errors import MachineError

ROOT = Path(resources.__file__).resolve().parent.parent


def test_a_checkout_reads_its_own_folders() -> None:
    """In a checkout the folders beside the package count, not an installed copy."""
    assert resources.templates() == ROOT / "templates"
    assert resources.banks() == ROOT / "banks"
    assert resources.notations() == ROOT / "templates" / "notations"


def test_a_wheel_reads_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed from a wheel, the folders inside the package come first."""
    for root in (tmp_path / "exgen" / "_data", tmp_path):
        (root / "banks").mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "exgen" / "resources.py"))
    assert resources.banks() == tmp_path / "exgen" / "_data" / "banks"


def test_a_broken_installation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing folders are the machine's fault, with a remedy."""
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "exgen" / "resources.py"))
    with pytest.raises(MachineError, match=r"'templates'.*missing") as caught:
        resources.notations()
    assert "Reinstall exgen" in caught.value.remedy
