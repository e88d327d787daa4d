"""Answers in numbers: what is printed on the key, beside a run at the drawn numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from tests.oracle.comparing import (
    FLOOR,
    TOLERANCE,
    DisagreementError,
    apart,
    check_shape,
    column,
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


def fact(problem: Problem, answer: Answer) -> float:
    """Compare a stated fact with PyTorch's numbers."""
    name, stated = answer["claim"]["of"], answer["claim"]["numbers"]
    match name:
        case "steepest sigmoid":
            slopes = _slope(torch.sigmoid, torch.linspace(-8, 8, 161, dtype=FLOAT))
            holds = [slopes.max().item() - stated[0], slopes.argmax().item() - 80]
            return _all_zero(name, holds)
        case "shrinking sigmoids":
            depth, bound = int(stated[0]), stated[1]
            slopes = _slope(lambda z: _repeated(z, depth), torch.linspace(-6, 6, 61, dtype=FLOAT))
            half_a_unit = 0.005 * 10 ** torch.tensor(bound).log10().floor().item()
            off = abs(0.25**depth - bound) > half_a_unit
            return _all_zero(name, [off, (slopes > bound + half_a_unit).any().item()])
        case "overflow":
            large = torch.exp(torch.tensor(stated[0], dtype=FLOAT)).isinf().item()
            return _all_zero(name, [not large, stated[0] - max(problem.draws["logits"])])
        case "shifted softmax":
            half = len(stated) // 2
            if stated[:half] != problem.draws["logits"]:
                raise DisagreementError("these are not the logits that were drawn")
            found = torch.softmax(column(stated[:half]), dim=0)
            return rounded(column(stated[half:]), found, 4)
        case "minus log":
            loss = -torch.log(column(stated[:1]))
            return rounded(column(stated[1:]), loss, 2)
        case "falling loss":
            p = torch.linspace(0.01, 1, 100, dtype=FLOAT).requires_grad_()
            (-torch.log(p)).sum().backward()
            return _all_zero(name, [(p.grad >= 0).any().item(), apart(p.grad, -1 / p.detach())])
    raise DisagreementError(f"the fact '{name}' is not compared")


def _repeated(z: Tensor, depth: int) -> Tensor:
    for _ in range(depth):
        z = torch.sigmoid(z)
    return z


def _slope(function: object, at: Tensor) -> Tensor:
    at = at.requires_grad_()
    function(at).sum().backward()  # type: ignore[operator]
    return at.grad


def _all_zero(name: str, parts: list[float]) -> float:
    worst = max(abs(float(part)) for part in parts)
    if worst > TOLERANCE:
        raise DisagreementError(f"the fact '{name}' does not hold: {parts}")
    return worst
