"""The pinned stream of draws."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exgen.seeds import Stream

PATH = (7, "set2", "relu", 0, 0)


def test_the_first_words_are_pinned() -> None:
    """A seed means the same draws for ever."""
    stream = Stream(*PATH)
    assert [stream.word() for _ in range(5)] == [
        0x10427821AA0811AA,
        0x8A9F6404EF711137,
        0x4829AFFBAFE3C2F4,
        0x500CE12532732E83,
        0x95449A4B02632401,
    ]


def test_the_first_draws_are_pinned() -> None:
    """Every sort of draw is pinned, one after the other on one stream."""
    stream = Stream(*PATH)
    assert [stream.below(19) - 9 for _ in range(12)] == [6, -3, 0, -3, -9, -2, -5, 4, 6, 7, 5, -2]
    assert stream.sample("abcdef", 3) == ("b", "d", "c")
    assert stream.shuffle(range(6)) == (4, 1, 5, 2, 3, 0)
    assert [stream.sign() for _ in range(6)] == [-1] * 6
    assert stream.below(10**30) == 97740831561938286615643157286
    assert stream.choose("xyz") == "x"


def test_the_words_follow_the_documented_algorithm() -> None:
    """Anyone can rebuild the stream from the module's docstring."""
    key = sha256(
        b"s" + (2).to_bytes(8, "big") + b"ab" + b"i" + (2).to_bytes(8, "big") + b"-3"
    ).digest()
    second_block = sha256(key + (1).to_bytes(8, "big")).digest()
    stream = Stream("ab", -3)
    words = [stream.word() for _ in range(5)]
    assert words[4] == int.from_bytes(second_block[:8], "big")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "bc"), ("ab", "c")),
        ((1,), ("1",)),
        ((1, 2), (12,)),
        ((1, 2), (2, 1)),
        (("a",), ("a", "")),
        (("s",), ("i",)),
        ((), (0,)),
        ((-1,), (1,)),
    ],
)
def test_different_paths_give_different_streams(
    one: tuple[str | int, ...], other: tuple[str | int, ...]
) -> None:
    """Paths that look alike when joined are still different streams."""
    assert Stream(*one).word() != Stream(*other).word()


def test_a_child_does_not_depend_on_what_was_drawn() -> None:
    """Drawing more from a stream changes none of its children."""
    early = Stream(3, "bank").child("problem", 1)
    parent = Stream(3, "bank")
    parent.shuffle(range(50))
    late = parent.child("problem", 1)
    assert early.path == late.path == (3, "bank", "problem", 1)
    assert [early.word() for _ in range(9)] == [late.word() for _ in range(9)]


def test_two_streams_with_one_path_do_not_share_state() -> None:
    """A stream read far ahead leaves its twin at the start."""
    first, second = Stream("x"), Stream("x")
    ahead = [first.word() for _ in range(7)]
    assert [second.word() for _ in range(7)] == ahead


@given(seed=st.integers(), most=st.integers(1, 10**40))
def test_integers_stay_below_their_end(seed: int, most: int) -> None:
    """A draw lies between 0 and its end, however large that is."""
    assert 0 <= Stream(seed).below(most) < most


@given(seed=st.integers(), items=st.lists(st.integers()), data=st.data())
def test_a_sample_takes_each_place_at_most_once(
    seed: int, items: list[int], data: st.DataObject
) -> None:
    """A sample never holds an item more often than it was there."""
    k = data.draw(st.integers(0, len(items)))
    drawn = Stream(seed).sample(items, k)
    assert len(drawn) == k
    assert not Counter(drawn) - Counter(items)


@given(seed=st.text(st.characters(codec="utf-8")), items=st.lists(st.integers()))
def test_a_shuffle_is_a_permutation(seed: str, items: list[int]) -> None:
    """A shuffle loses and invents nothing, and leaves its argument alone."""
    before = list(items)
    assert sorted(Stream(seed).shuffle(items)) == sorted(items)
    assert items == before


@pytest.mark.parametrize("size", [2, 3, 7, 10])
def test_draws_are_roughly_uniform(size: int) -> None:
    """No result is favoured by more than five standard deviations."""
    draws = 20_000
    stream = Stream("uniform", size)
    counts = Counter(stream.below(size) for _ in range(draws))
    expected = draws / size
    deviation = (expected * (1 - 1 / size)) ** 0.5
    assert set(counts) == set(range(size))
    assert all(abs(count - expected) < 5 * deviation for count in counts.values())


def test_all_orders_of_a_shuffle_come_up_alike() -> None:
    """The six orders of three items are equally likely."""
    stream = Stream("orders")
    counts = Counter(stream.shuffle("abc") for _ in range(6_000))
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())


def test_both_signs_come_up() -> None:
    """A sign is 1 as often as it is -1."""
    stream = Stream("signs")
    counts = Counter(stream.sign() for _ in range(2_000))
    assert set(counts) == {-1, 1}
    assert 880 < counts[1] < 1120


def test_bad_arguments_are_refused() -> None:
    """Nothing can be drawn from nothing."""
    stream = Stream(1)
    with pytest.raises(ValueError, match="nothing to choose from"):
        stream.choose(())
    with pytest.raises(ValueError, match="below 0"):
        stream.below(0)
    with pytest.raises(ValueError, match="cannot draw 3 of 2"):
        stream.sample("ab", 3)
    with pytest.raises(ValueError, match="cannot draw -1"):
        stream.sample("ab", -1)


@pytest.mark.parametrize("part", [True, 1.0, None, b"x"])
def test_a_path_is_text_and_integers(part: object) -> None:
    """A part of another type would be ambiguous and is refused."""
    with pytest.raises(ValueError, match="text and integers"):
        Stream(part)  # type: ignore[arg-type]
