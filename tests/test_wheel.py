"""What is installed from the wheel makes a set, far from any checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a wheel built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(CHECKOUT)], check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_it_carries_what_it_needs(wheel: Path) -> None:
    """Templates, notations, banks and networks are in the wheel, and no tests are."""
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "banks"):
        expected = {
            f"exgen/_data/{path.relative_to(CHECKOUT)}"
            for path in (CHECKOUT / folder).rglob("*")
            if path.is_file()
        }
        assert expected
        assert expected <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"exgen"}


def test_it_makes_a_set_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Installed into a folder and run where no checkout can be seen, it makes the same set."""
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps"]
    subprocess.run(
        [*pip, "--no-index", "--target", str(site), str(wheel)], check=True, capture_output=True
    )
    # -S: without it a .pth file of an editable install would lead back to the checkout
    libraries = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    environment = {"PYTHONPATH": ":".join([str(site), *libraries]), "PATH": "/usr/bin:/bin"}

    def python(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-S", *arguments],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    where = python("-c", "import exgen, sys; print(exgen.__file__); print(sys.path)")
    assert where.startswith(str(site))
    assert f"'{CHECKOUT}'" not in where
    python("-m", "exgen", "make", "--set", "2", "--seed", "7", "--no-pdf")
    here = [sys.executable, "-m", "exgen", "make", "--set", "2", "--seed", "7", "--no-pdf"]
    subprocess.run([*here, "--out", "here"], cwd=tmp_path, check=True, capture_output=True)
    for path in (tmp_path / "here").iterdir():
        assert (tmp_path / "out" / "set2-seed7" / path.name).read_bytes() == path.read_bytes()
