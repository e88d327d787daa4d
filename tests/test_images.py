"""The logo that a bank names: what is taken, what is refused, and that it stays with its set."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.commands import run
from tests.render.test_page import BANK

if TYPE_CHECKING:
    from pathlib import Path


def png(width: int = 2, height: int = 2) -> bytes:
    """Return a grey image."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    rows = b"\x00" * ((width + 1) * min(height, 100))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def bank(folder: Path, logo: bytes, name: str = "logo.png") -> str:
    """Write a bank with a logo."""
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / name).write_bytes(logo)
    path = folder / "bank.toml"
    path.write_text(BANK.format(page=f'logo = "images/{name}"'), encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("tex")
def test_a_logo_stays_with_its_set(tmp_path: Path) -> None:
    """It is copied beside the TeX under a name of ours, and render takes it along."""
    out, again = tmp_path / "out", tmp_path / "again"
    name = "my logo #1 $x$.jpeg"
    done = run("make", "--set", bank(tmp_path, png(), name), "--out", str(out))
    assert done.code == 0, done.err
    assert (out / "logo.png").read_bytes() == png()
    assert name not in (out / "problems.tex").read_text() + (out / "manifest.json").read_text()
    assert "includegraphics" not in (out / "solutions.tex").read_text()
    assert run("verify", str(out)).code == 0
    assert run("render", str(out), "--out", str(again)).code == 0
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {
        file.name: file.read_bytes() for file in again.iterdir()
    }


def test_another_logo_is_noticed(tmp_path: Path) -> None:
    """A logo that was changed or removed is named, and nothing is rendered without it."""
    out = tmp_path / "out"
    assert run("make", "--set", bank(tmp_path, png()), "--out", str(out), "--no-pdf").code == 0
    (out / "logo.png").write_bytes(png(3, 3))
    assert "logo.png" in run("verify", str(out)).out
    done = run("render", str(out), "--out", str(tmp_path / "again"), "--no-pdf")
    assert (done.code, "the logo is another one" in done.err) == (2, True)
    (out / "logo.png").unlink()
    done = run("render", str(out), "--out", str(tmp_path / "again"), "--no-pdf")
    assert (done.code, "the logo cannot be read" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("logo", "says"),
    [
        (png(100_000, 2), "has more than 6000 pixels on a side"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 2_000_001, "is larger than 2 MB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no PNG, JPEG or PDF"),
        (b"\\input{/etc/passwd}", "is no PNG, JPEG or PDF"),
        (b"", "is no PNG, JPEG or PDF"),
    ],
)
def test_what_is_no_logo_is_refused(tmp_path: Path, logo: bytes, says: str) -> None:
    """Sort and size are read from the bytes, before anything else is done."""
    done = run("make", "--set", bank(tmp_path, logo), "--out", str(tmp_path / "out"))
    assert (done.code, says in done.err) == (2, True), done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("logo", [png()[:30], b"\xff\xd8\xff" * 9, b"%PDF-1.4\n%%EOF\n"])
def test_a_damaged_logo_is_refused(tmp_path: Path, logo: bytes) -> None:
    """What TeX cannot read is said to be the image, and nothing is written."""
    done = run("make", "--set", bank(tmp_path, logo), "--out", str(tmp_path / "out"))
    assert (done.code, "TeX cannot read the image logo." in done.err) == (2, True), done.err
    assert not (tmp_path / "out").exists()
