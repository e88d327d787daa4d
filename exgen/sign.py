"""Who made a set: an Ed25519 signature of its manifest, which holds the hash of every other file.

The signature is the 64 bytes of RFC 8032, so that openssl can check it without exgen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exgen.errors import SignatureError
from exgen.files import read, reason
from exgen.manifest import MAX_BYTES
from exgen.write import MANIFEST, write_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE = "manifest.sig"
"""The file beside the manifest."""
LONGEST = 10_000
"""No key is as long."""
NEW = "'exgen sign --new-key PATH' makes a pair: PATH, which is secret, and PATH.pub for others."


def new_key(path: Path) -> Path:
    """Make a pair of keys, and return the path of the public one, ``PATH.pub``.

    Raises:
        SignatureError: there is a file of one of these names.
        MachineError: the files cannot be written; then there is neither.

    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = path.with_name(f"{path.name}.pub")
    for file in (path, public):
        if file.exists() or file.is_symlink():
            raise SignatureError(
                "there is a file of this name", place=str(file), remedy="Choose another name."
            )
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    shown = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    write_file(public, shown)
    try:
        write_file(path, secret, mode=0o600)
    except BaseException:
        public.unlink()
        raise
    return public


def sign(path: Path, key: Ed25519PrivateKey) -> Path:
    """Sign the manifest of a folder, and return the path of the signature.

    Raises:
        MachineError: the signature cannot be written; what was there before stays.

    """
    manifest = path / MANIFEST if path.is_dir() else path
    target = manifest.with_name(SIGNATURE)
    write_file(target, key.sign(read(manifest, MAX_BYTES)))
    return target


def public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        SignatureError: it cannot be read, or is none.

    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _loaded(path, load_pem_public_key)
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError("this is no public Ed25519 key", place=str(path), remedy=NEW)
    return key


def secret_key(path: Path) -> Ed25519PrivateKey:
    """Read a secret key.

    Raises:
        SignatureError: it cannot be read, has a password, or is none.

    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _loaded(path, lambda pem: load_pem_private_key(pem, None))
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError("this is no secret Ed25519 key", place=str(path), remedy=NEW)
    return key


def _loaded(path: Path, load: Callable[[bytes], object]) -> object:
    """Return the key in a file; None where it holds none."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(read(path, LONGEST))
    except OSError as error:
        says = f"this key cannot be read: {reason(error).lower()}"
        raise SignatureError(says, place=str(path)) from None
    except TypeError:
        says = "this key has a password"
        raise SignatureError(says, place=str(path), remedy="Give one without.") from None
    except (ValueError, UnsupportedAlgorithm):
        return None


def is_signed(folder: Path, key: Ed25519PublicKey) -> bool:
    """Whether the manifest of a folder has a signature by the owner of a key.

    Raises:
        OSError: one of the two files cannot be read.

    """
    from cryptography.exceptions import InvalidSignature

    signature = read(folder / SIGNATURE, LONGEST)
    try:
        key.verify(signature, read(folder / MANIFEST, MAX_BYTES))
    except InvalidSignature:
        return False
    return True
