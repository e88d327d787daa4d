"""What the answers of one problem share: proofs and values that are worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Memory(Struct, frozen=True):
    """What was worked out, by what it is and for which object.

    Objects are told apart by identity: comparing networks would cost as much as the work.
    """

    seen: dict[tuple[str, int], tuple[object, Any]] = field(default_factory=dict)

    def once(self, key: str, about: object, make: Callable[[], T]) -> T:
        """Return what was made for the same object before, or make it."""
        place = key, id(about)
        if place not in self.seen:
            # The object is kept too, so that its identity is not given to another.
            self.seen[place] = about, make()
        found: T = self.seen[place][1]
        return found
