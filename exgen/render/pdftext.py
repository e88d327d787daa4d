"""What a PDF says, and where another says otherwise; poppler's pdftotext reads them."""

from __future__ import annotations

import shutil
import subprocess
from itertools import zip_longest

SECONDS = 60
POPPLER = "poppler-utils"
"""The Debian package with pdftotext."""
ABOUT = 4
"""How many words are shown before and after the first that differs."""


def difference(stands: bytes, follows: bytes) -> str:
    """Return how a PDF differs from the one that its TeX gives; empty where the bytes are the same.

    The same TeX gives the same bytes. Where they differ the words are read, to say which differ.
    """
    if stands == follows:
        return ""
    found, right = pages(stands), pages(follows)
    if found is None or right is None:
        return (
            "is not the PDF that its TeX gives here, and cannot be read as text "
            f"(is pdftotext installed? Debian and Ubuntu: apt-get install {POPPLER})"
        )
    for number, (page, other) in enumerate(zip_longest(found, right), start=1):
        if page is None or other is None:
            return f"has {len(found)} pages, and its TeX gives {len(right)}"
        for place, (word, expected) in enumerate(zip_longest(page, other, fillvalue="")):
            if word != expected:
                around = slice(max(0, place - ABOUT), place + ABOUT + 1)
                one, two = (" ".join(part[around]) for part in (page, other))
                return f"page {number}: '{one}' stands there; '{two}' follows"
    return (
        "says what its TeX says, and is another PDF: it was drawn over, or made by another TeX; "
        "'exgen render' makes it again"
    )


def pages(pdf: bytes) -> list[list[str]] | None:
    """Return the words of each page; None where nothing can read them."""
    reader = shutil.which("pdftotext")
    if reader is None:
        return None
    try:
        done = subprocess.run(
            [reader, "-raw", "-enc", "UTF-8", "-", "-"],
            input=pdf,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return [page.split() for page in done.stdout.decode(errors="replace").split("\f")[:-1]]
