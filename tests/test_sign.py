"""``exgen sign`` and ``verify --key``: who made a set can be seen, and a bad key is one line."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

PEM, RAW = form.Encoding.PEM, form.PrivateFormat.PKCS8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a set, a pair of keys and another."""
    folder = tmp_path_factory.mktemp("signed")
    assert run("make", "--set", "2", "--no-pdf", "--out", str(folder / "set")).code == 0
    for name in ("mine", "other"):
        ran = run("sign", "--new-key", str(folder / name))
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[1] == f"{folder / name}.pub   for others"
    return folder


def copied(made: Path, target: Path) -> Path:
    """Copy the set."""
    shutil.copytree(made / "set", target)
    return target


def signed(made: Path, target: Path) -> Path:
    """Copy the set, and sign it."""
    ran = run("sign", str(copied(made, target)), "--key", str(made / "mine"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == f"  signed in {target / 'manifest.sig'}"
    return target


def test_a_signature_says_who(made: Path, tmp_path: Path) -> None:
    """It holds for the key of whoever signed, and for no other."""
    folder = signed(made, tmp_path / "set")
    ran = run("verify", str(folder), "--key", str(made / "mine.pub"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.rstrip().endswith(", signed by the owner of mine.pub")
    ran = run("verify", str(folder), "--key", str(made / "other.pub"))
    assert ran.code == 1
    assert ran.out.splitlines()[1:] == [
        "  manifest.sig: is no signature of this manifest by the owner of other.pub"
    ]
    assert run("verify", str(folder)).code == 0


def test_openssl_agrees(made: Path, tmp_path: Path) -> None:
    """Whoever trusts no program of ours asks openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = signed(made, tmp_path / "set")
    ask = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(made / "mine.pub"), "-rawin"]
    given = ["-in", str(folder / "manifest.json"), "-sigfile", str(folder / "manifest.sig")]
    assert subprocess.run([*ask, *given], check=False, capture_output=True).returncode == 0
    with (folder / "manifest.json").open("a") as file:
        file.write("\n")
    assert subprocess.run([*ask, *given], check=False, capture_output=True).returncode != 0


def test_a_change_that_nothing_follows_from(made: Path, tmp_path: Path) -> None:
    """What is free in a manifest is not free in a signed one."""
    folder = signed(made, tmp_path / "set")
    file = folder / "manifest.json"
    file.write_text(file.read_text().replace('"tries": ', '"tries": 1'))
    assert run("verify", str(folder)).code == 0
    ran = run("verify", str(folder), "--key", str(made / "mine.pub"))
    assert ran.code == 1
    assert "manifest.sig: is no signature of this manifest" in ran.out


@pytest.mark.parametrize("damage", ["none", "empty", "short", "folder"])
def test_no_signature(made: Path, tmp_path: Path, damage: str) -> None:
    """Without a signature, or with what is none, the set is refused."""
    folder = signed(made, tmp_path / "set")
    file = folder / "manifest.sig"
    if damage in ("none", "folder"):
        file.unlink()
    if damage == "folder":
        file.mkdir()
    if damage in ("empty", "short"):
        file.write_bytes(file.read_bytes()[: 20 * (damage == "short")])
    ran = run("verify", str(folder), "--key", str(made / "mine.pub"))
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[1].startswith("  manifest.sig: ")


def test_what_does_not_follow_is_not_signed(made: Path, tmp_path: Path) -> None:
    """Nobody signs a manifest that was edited; it is verified before."""
    folder = copied(made, tmp_path / "set")
    file = folder / "manifest.json"
    file.write_text(file.read_text().replace('"why": "', '"why": "Not '))
    ran = run("sign", str(folder), "--key", str(made / "mine"))
    assert ran.code == 1
    assert "Not" in ran.out
    assert not (folder / "manifest.sig").exists()


def password(folder: Path) -> bytes:
    """Return a key with a password."""
    key = form.load_pem_private_key((folder / "mine").read_bytes(), None)
    return key.private_bytes(PEM, RAW, form.BestAvailableEncryption(b"secret"))


def curve(_: Path) -> bytes:
    """Return a key for another sort of signature."""
    return generate_private_key(SECP256R1()).private_bytes(PEM, RAW, form.NoEncryption())


BAD = {
    "a public key": lambda folder: (folder / "mine.pub").read_bytes(),
    "a key for another sort of signature": curve,
    "a text": lambda _: b"my key\n",
    "nothing": lambda _: b"",
    "half a key": lambda folder: (folder / "mine").read_bytes()[:60],
    "a key with a password": password,
}


@pytest.mark.parametrize("title", BAD)
def test_a_bad_secret_key(made: Path, tmp_path: Path, title: str) -> None:
    """One line says what is wrong, and nothing is written."""
    folder = copied(made, tmp_path / "set")
    (tmp_path / "key").write_bytes(BAD[title](made))
    ran = run("sign", str(folder), "--key", str(tmp_path / "key"))
    assert (ran.code, ran.out) == (2, "")
    says = "this key has a password" if "password" in title else "this is no secret Ed25519 key"
    assert ran.err.splitlines()[0] == f"error: {tmp_path / 'key'}: {says}"
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json", "problems.tex", "solutions.tex",
    ]  # fmt: skip


@pytest.mark.parametrize("title", ["a secret key", "a text", "no file"])
def test_a_bad_public_key(made: Path, tmp_path: Path, title: str) -> None:
    """The same for the key of others; nothing is verified then."""
    if title != "no file":
        given = b"key" if title == "a text" else (made / "mine").read_bytes()
        (tmp_path / "key").write_bytes(given)
    ran = run("verify", str(made / "set"), "--key", str(tmp_path / "key"))
    assert (ran.code, ran.out) == (2, "")
    says = "cannot be read: no such file" if title == "no file" else "is no public Ed25519 key"
    assert says in ran.err.splitlines()[0]


def test_a_new_key_is_secret(made: Path, tmp_path: Path) -> None:
    """Nobody else may read it, and no key is ever written over."""
    assert stat.S_IMODE((made / "mine").stat().st_mode) == 0o600
    before = (made / "mine").read_bytes()
    ran = run("sign", "--new-key", str(made / "mine"))
    assert (ran.code, ran.out) == (2, "")
    assert "there is a file of this name" in ran.err
    assert (made / "mine").read_bytes() == before
    ran = run("sign", "--new-key", str(tmp_path / "none" / "key"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    if os.geteuid():
        tmp_path.chmod(0o500)
        assert run("sign", "--new-key", str(tmp_path / "key")).code == 2
        tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("x",), ("--key", "x"), ("x", "--new-key", "y")])
def test_what_is_missing(arguments: tuple[str, ...]) -> None:
    """A folder and a key go together; a new key goes alone."""
    ran = run("sign", *arguments)
    assert ran.code == 2
    assert "FOLDER" in ran.err
