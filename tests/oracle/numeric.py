"""Answers in numbers: what is printed on the key, beside a run at the drawn numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from tests.oracle.comparing import (
    FLOOR,
    TOLERANCE,
    DisagreementError,
    apart,
    check_shape,
)
from tests.oracle.printed import printed_numbers
from tests.oracle.reading import network
from tests.oracle.running import numbers, run
from tests.oracle.torch_ops import FLOAT

if TYPE_CHECKING:
    from tests.oracle.comparing import Answer, Problem, Tensor


def printed(answer: Answer) -> Tensor:
    """Return the numbers that the key prints."""
    return torch.tensor(printed_numbers(answer["latex"]["tex"]), dtype=FLOAT)


def forward_value(problem: Problem, answer: Answer) -> float:
    """Compare a printed value of the forward pass, and the answer's expression."""
    passed = problem.drawn_run()
    expected = passed.values[answer["claim"]["of"]]
    check_shape(answer, expected, passed.sizes)
    return max(apart(printed(answer), expected), apart(passed.of(answer["expr"]), expected))


def gradient_value(problem: Problem, answer: Answer) -> float:
    """Compare a printed gradient, or an entry of it, and the answer's expression."""
    passed, claim = problem.drawn_run(), answer["claim"]
    expected = passed.gradients()[claim["by"]]
    if claim["index"]:
        row, column = claim["index"]
        expected = expected[row : row + 1, column : column + 1]
    shown = expected.T if claim["layout"] == "numerator" else expected
    check_shape(answer, shown, passed.sizes)
    found = passed.of(answer["expr"], problem.more(passed, answer["expr"]))
    return max(apart(printed(answer), shown), apart(found, expected))


def on_a_wire(problem: Problem, answer: Answer) -> float:
    """Compare a printed number on a wire of a circuit, which may be rounded."""
    claim, draws = answer["claim"], problem.draws
    # a circuit that is the problem's own network is not stored again
    circuit, wire = network(claim.get("circuit") or problem.data["network"]), claim["of"]
    leaves = {leaf.name: numbers(draws["numbers"][leaf.name]) for leaf in circuit.leaves}
    beyond = problem.kind == "circuit" or answer["name"].partition(".")[0] not in problem.net.names
    given = draws["numbers"].get("upstream")
    upstream = numbers(given) if beyond and given else None
    passed = run(circuit, leaves, {}, upstream)
    backwards = claim["claim"] == "gradient on a wire"
    expected = (passed.gradients() if backwards else passed.values)[wire]
    check_shape(answer, expected, {})
    errors = [rounded(printed(answer), expected, claim["digits"])]
    if wire in problem.net.names and circuit.last == problem.net.last:
        whole = problem.drawn_run()
        own = whole.gradients(None if beyond else whole.net.last) if backwards else whole.values
        errors.append(rounded(printed(answer), own[wire], claim["digits"]))
    return max(errors)


def rounded(found: Tensor, expected: Tensor, digits: int | None) -> float:
    """Return by how much a number is off beyond its rounding, if it is rounded."""
    allowed = 0.0 if digits is None else 0.5 * 10.0**-digits
    off = (found - expected).abs().max().item() - allowed
    error = float(max(off, 0.0) / max(expected.abs().max().item(), FLOOR))
    if error > TOLERANCE:
        raise DisagreementError(f"{found.tolist()} is not {expected.tolist()} rounded")
    return error


def number(problem: Problem, answer: Answer) -> float:
    """Compare a number in a rubric, exact or rounded, with its expression at the drawn numbers."""
    claim = answer["claim"]
    net = network(problem.text_of(answer))
    leaves = {leaf.name: numbers(problem.draws["numbers"][leaf.name]) for leaf in net.leaves}
    passed = run(net, leaves, problem.draws.get("sizes", {}))
    expected = passed.values[claim["of"]]
    check_shape(answer, expected, passed.sizes)
    agreed = apart(passed.of(answer["expr"]), expected)
    if claim["digits"] is None:
        return max(agreed, apart(printed(answer), expected))
    return max(agreed, rounded(printed(answer), expected, claim["digits"]))


def fact(problem: Problem, answer: Answer) -> float:
    """See that each side of a fact compares with the next one as the sign between them says."""
    passed = problem.run(problem.text_of(answer))
    worst = 0.0
    for condition in answer["claim"]["conditions"]:
        sides = [passed.of(side, problem.more(passed, side)) for side in condition["sides"]]
        for sign, (left, right) in zip(condition["signs"], pairwise(sides), strict=True):
            if sign == "=":
                worst = max(worst, apart(left, right))
            elif not HOLDS[sign](left, right).all():
                raise DisagreementError(f"{left.tolist()} {sign} {right.tolist()} is not so")
    return worst


HOLDS = {"<": torch.lt, ">": torch.gt, "<=": torch.le, ">=": torch.ge}
