"""The pages of whole sets: few enough, full enough, and nothing sticks out of them."""

from __future__ import annotations

import pytest

from benchmarks.pages import THIRD, Job, measure

MOST = {"1": (6, 10), "2": (2, 3), "5": (5, 8)}
"""How many pages the sheet and the key of a set may take."""
pytestmark = pytest.mark.usefixtures("tex")


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("name", MOST)
def test_pages_are_few_and_full(name: str, seed: int) -> None:
    """A set takes no more pages than it needs, and none but the last is nearly empty."""
    sheet, key = measure(Job(name, "", seed, fill=True))
    assert not sheet.error
    assert (sheet.overfull, key.overfull) == ((), ())
    assert sheet.pages <= MOST[name][0]
    assert key.pages <= MOST[name][1]
    assert min(sheet.fills + key.fills) > THIRD
