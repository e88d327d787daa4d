"""Where every random draw comes from: a small, pinned stream of numbers.

NumPy promises the stream of its ``Generator`` only per build, and Python's ``random`` promises
little more than ``random()`` itself, so a seed could make another problem set after an upgrade.
The few draws that exgen needs are therefore defined here, completely:

* **Key.** Each part of the path is encoded as one tag byte (``s`` for text, ``i`` for an
  integer), the number of bytes as 8 bytes big-endian, and the bytes (UTF-8, or the decimal
  digits). The key is the SHA-256 of these encodings joined.
* **Words.** Block ``c`` (from 0) is SHA-256 of the key followed by ``c`` as 8 bytes big-endian.
  A block gives four words of 64 bits, big-endian, in order.
* **Below n.** ``k`` words, first one most significant, make an integer below ``2 ** (64 * k)``,
  where ``k`` is the least that can reach ``n - 1`` (and at least 1). Integers at or above the
  largest multiple of ``n`` are thrown away; the rest is taken modulo ``n``.
* **Sample.** Fisher-Yates from the front: place ``i`` gets the item at ``i + below(size - i)``.

Changing any of this changes every problem set ever made, and the tests pin it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_WORD_BITS = 64
_WORD_BYTES = 8


def _encode(part: str | int) -> bytes:
    """Return ``part`` so that no two different paths join to the same bytes."""
    # type() and not isinstance(): True would silently be the path of 1
    if type(part) is int:
        tag, body = b"i", str(part).encode("ascii")
    elif type(part) is str:
        tag, body = b"s", part.encode("utf-8")
    else:
        raise ValueError(f"a seed path is made of text and integers, not {part!r}")
    return tag + len(body).to_bytes(8, "big") + body


WHOLE_CLASS = ""
"""The student for whom a set is drawn that all students share."""


class Stream:
    """A stream of draws named by its path, for example (set seed, bank, problem, student, try).

    Two streams with the same path give the same draws, on every machine and under every
    version; two with different paths are independent. The only state is how far this very
    object has been read.

    Args:
        path: text and integers; ``1`` and ``"1"`` are different, and so is where a text ends.

    Raises:
        ValueError: a part is neither text nor an integer.

    """

    __slots__ = ("_counter", "_key", "_path", "_words")

    def __init__(self, *path: str | int) -> None:
        self._path = path
        self._key = sha256(b"".join(_encode(part) for part in path)).digest()
        self._counter = 0
        self._words: list[int] = []

    @property
    def path(self) -> tuple[str | int, ...]:
        """The parts this stream is named by."""
        return self._path

    def __repr__(self) -> str:
        return f"Stream({', '.join(map(repr, self._path))})"

    def child(self, *parts: str | int) -> Stream:
        """Return the fresh stream at this path extended by ``parts``.

        It does not depend on how much has been drawn from this one.
        """
        return Stream(*self._path, *parts)

    def word(self) -> int:
        """Return the next 64 bits as an integer from 0 to ``2 ** 64 - 1``."""
        if not self._words:
            block = sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
            starts = range(0, len(block), _WORD_BYTES)
            words = [int.from_bytes(block[at : at + _WORD_BYTES], "big") for at in starts]
            self._words = words[::-1]  # reversed, because pop() takes from the end
        return self._words.pop()

    def below(self, n: int) -> int:
        """Return an integer from 0 to ``n - 1``, each exactly as likely as the others.

        Raises:
            ValueError: ``n`` is not positive.

        """
        if n < 1:
            raise ValueError(f"nothing to draw below {n}")
        count = max(1, -(-(n - 1).bit_length() // _WORD_BITS))
        span = 1 << (_WORD_BITS * count)
        limit = span - span % n
        while True:
            value = 0
            for _ in range(count):
                value = value << _WORD_BITS | self.word()
            # the last, incomplete multiple of n would favour small results
            if value < limit:
                return value % n

    def sign(self) -> int:
        """Return -1 or 1."""
        return 2 * self.below(2) - 1

    def choose(self, items: Sequence[T]) -> T:
        """Return one of ``items``.

        Raises:
            ValueError: there are none.

        """
        if not items:
            raise ValueError("nothing to choose from")
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], k: int) -> tuple[T, ...]:
        """Return ``k`` of ``items`` from different places, in the order drawn.

        Raises:
            ValueError: ``k`` is negative or more than there are.

        """
        pool = list(items)
        if not 0 <= k <= len(pool):
            raise ValueError(f"cannot draw {k} of {len(pool)} items")
        for place in range(k):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return tuple(pool[:k])

    def shuffle(self, items: Sequence[T]) -> tuple[T, ...]:
        """Return all of ``items`` in a random order."""
        return self.sample(items, len(items))
