"""Compiled templates are kept for the next run, and no state of that place can spoil a run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PRINT = (
    "import sys, jinja2\n"
    "from pathlib import Path\n"
    "from exgen.resources import template_engine\n"
    "compile_it = jinja2.Environment.compile\n"
    "def told(*args, **kept):\n"
    "    print('compiled')\n"
    "    return compile_it(*args, **kept)\n"
    "jinja2.Environment.compile = told\n"
    "engine = template_engine(Path(sys.argv[1]), keep_trailing_newline=len(sys.argv) > 2)\n"
    "print(repr(engine.get_template('it.txt').render(x=3)))\n"
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Give a place for compiled templates, and a template beside it."""
    (tmp_path / "it.txt").write_text("x is << x >>\n")
    return tmp_path / "cache"


def printed(cache: Path, *more: str, **environment: str) -> list[str]:
    """Print the template in a Python of its own; return its lines."""
    ran = subprocess.run(
        [sys.executable, "-c", PRINT, str(cache.parent), *more],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout.splitlines()


def kept(cache: Path) -> list[Path]:
    """Return the files that are kept."""
    return sorted(cache.rglob("*")) if cache.is_dir() else []


def test_a_second_run_compiles_nothing(cache: Path) -> None:
    """The first run keeps what it compiled, and other options are another template."""
    assert printed(cache) == ["compiled", "'x is 3'"]
    assert printed(cache) == ["'x is 3'"]
    assert printed(cache, "newline") == ["compiled", "'x is 3\\n'"]
    assert printed(cache) == ["'x is 3'"]


def test_an_edited_template_is_compiled_again(cache: Path) -> None:
    """What is kept belongs to the text that it was made of."""
    printed(cache)
    (cache.parent / "it.txt").write_text("y is << x >>")
    assert printed(cache) == ["compiled", "'y is 3'"]
    assert printed(cache) == ["'y is 3'"]


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "a folder"])
def test_what_is_damaged_is_compiled_again(cache: Path, damage: str) -> None:
    """No damaged byte reaches the interpreter."""
    printed(cache)
    (file,) = (path for path in kept(cache) if path.is_file())
    data = file.read_bytes()
    if damage == "a folder":
        file.unlink()
        file.mkdir()
    else:
        flipped = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        file.write_bytes({"empty": b"", "cut": data[:-5], "flipped": flipped}[damage])
    assert printed(cache) == ["compiled", "'x is 3'"]
    if damage != "a folder":
        assert file.read_bytes() == data


def test_without_a_place_nothing_is_kept(cache: Path) -> None:
    """A file where the folder should be, and a home that is not there, stop no run."""
    cache.write_text("")
    assert printed(cache) == ["compiled", "'x is 3'"]
    nowhere = {"XDG_CACHE_HOME": "", "HOME": str(cache.parent / "nobody")}
    assert printed(cache, **nowhere) == ["compiled", "'x is 3'"]
    assert not (cache.parent / "nobody").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_what_is_somebody_elses_is_not_run(cache: Path) -> None:
    """Root does not run what another user could have written."""
    printed(cache)
    for path in kept(cache):
        os.chown(path, 12345, -1)
    assert printed(cache) == ["compiled", "'x is 3'"]
