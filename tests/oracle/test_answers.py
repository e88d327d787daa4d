"""Every answer of every set, over many seeds and in every notation, beside PyTorch."""

from __future__ import annotations

import pytest

from exgen import resources
from exgen.derive.notation import notation_names
from tests.oracle.needed import needed
from tests.oracle.sets import document, set_names

torch = needed("torch")
needed("autograd")

from tests.oracle import autograd_ops
from tests.oracle.answers import COMPARED, NOT_COMPARED, verdicts
from tests.oracle.reading import network
from tests.oracle.running import random_run

pytestmark = pytest.mark.oracle

SETS = set_names()
SEEDS = range(16)
BLOCK = 4


def compared(set_name: str, seed: int, notation: str | None = None) -> tuple[int, list[str]]:
    """Return how many answers of a set were compared, and every disagreement."""
    found = list(verdicts(document(set_name, seed, notation), seed))
    wrong = [f"seed {seed}, {v.problem}, {v.answer}: {v.reason}" for v in found if v.reason]
    return len(found), wrong


@pytest.mark.parametrize("first", SEEDS[::BLOCK])
@pytest.mark.parametrize("set_name", SETS)
def test_every_answer_equals_torch(set_name: str, first: int) -> None:
    """Numbers as printed, formulas at random leaves, shapes and names: PyTorch agrees with all."""
    for seed in range(first, first + BLOCK):
        count, wrong = compared(set_name, seed)
        assert not wrong
        assert count


@pytest.mark.parametrize("notation", notation_names(resources.notations()))
def test_every_notation_equals_torch(notation: str) -> None:
    """The layout of a notation changes what is printed; PyTorch agrees with that too."""
    for number, set_name in enumerate(SETS):
        _, wrong = compared(set_name, 100 + number, notation)
        assert not wrong


def test_every_sort_of_answer_is_met() -> None:
    """No row of the tables is dead: the sets have answers of every sort, compared or excused."""
    met = {
        answer["claim"]["claim"]
        for set_name in SETS
        for seed in range(2)
        for problem in document(set_name, seed)["problems"]
        for answer in problem["answers"]
    }
    assert met == COMPARED.keys() | NOT_COMPARED.keys()


@pytest.mark.parametrize("set_name", SETS)
def test_the_voices_agree(set_name: str) -> None:
    """PyTorch and HIPS autograd give the same gradients for every network of the sets."""
    for seed in range(3):
        for problem in document(set_name, seed)["problems"]:
            net = network(problem["network"])
            random = torch.Generator().manual_seed(seed)
            passed = random_run(net, random, ends_in_loss=False)
            leaves = {leaf.name: passed.values[leaf.name].detach().numpy() for leaf in net.leaves}
            upstream = passed.upstream.numpy()
            _, third = autograd_ops.gradients(net, leaves, passed.sizes, upstream)
            found = passed.gradients()
            for name in leaves:
                scale = max(abs(third[name]).max(), 1e-3)
                assert abs(found[name].numpy() - third[name]).max() <= 1e-10 * scale
