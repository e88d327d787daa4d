"""Answers in symbols: evaluated at random leaves, beside what PyTorch's autograd says there."""

from __future__ import annotations

import ast
from itertools import product
from typing import TYPE_CHECKING, Any

import torch

from tests.oracle.comparing import DisagreementError, apart, check_shape, flat
from tests.oracle.evaluating import Evaluation
from tests.oracle.reading import expression, letter, size
from tests.oracle.running import (
    TORCH,
    Run,
    random_leaves,
    run,
)
from tests.oracle.torch_ops import FLOAT, array

if TYPE_CHECKING:
    from tests.oracle.comparing import Answer, Problem

EXAMPLES = 4
ON_THE_NETWORK = ("scalar_graph", "write_out", "grid", "vector_gradient")
"""The kinds whose gradients are those of the network that is shown, or of a loss behind it."""
"""The loss that each task of a concept question calls for; its problem shows another network."""
ON_THE_NETWORK = ("scalar_graph", "write_out", "grid", "vector_gradient")
"""The kinds whose gradients are those of the network that is shown, or of a loss behind it."""


def gradient(problem: Problem, answer: Answer) -> float:
    """Compare a gradient, or a scalar's derivative, with reverse mode."""
    if problem.kind not in ON_THE_NETWORK:
        return gradient_in_layout(problem, answer)
    claim, of = answer["claim"], None
    passed = problem.run()
    if problem.kind == "scalar_graph":
        first = answer["name"].partition(".")[0]
        # a name beyond the network is the loss behind it
        of = first if first in passed.net.names else None
    layout = claim.get("layout", "")
    found = passed.of(answer["expr"], problem.more(passed, answer["expr"], of))
    check_shape(answer, found, passed.sizes)
    expected = passed.gradients(of)[claim["by"]]
    return apart(found, expected.T if layout == "numerator" else expected)


def gradient_in_layout(problem: Problem, answer: Answer) -> float:
    """Compare every form of a gradient with reverse mode, in the printed layout."""
    claim = answer["claim"]
    passed, layout = problem.run(problem.text_of(answer)), claim["layout"]
    expected = passed.gradients()[claim["by"]]
    expected = expected.T if layout == "numerator" else expected
    errors: list[float] = []
    for text in dict.fromkeys((answer["expr"], *claim.get("exprs", ()))):
        found = passed.of(text, problem.more(passed, text))
        check_shape(answer, found, passed.sizes)
        errors.append(apart(found, expected))
    return max(errors)


def mean_of_gradients(problem: Problem, answer: Answer) -> float:
    """Compare the mean of a one-example gradient with the gradient of the mean loss."""
    net, claim = problem.net, answer["claim"]
    sizes, layout = net.sizes(), claim["layout"]
    shared = random_leaves(net, sizes, problem.random)
    weight = shared[claim["by"]].clone().requires_grad_()
    learned = {leaf.name for leaf in net.leaves if leaf.role in ("param", "const")}
    found, losses = [], []
    for _ in range(EXAMPLES):
        drawn = random_leaves(net, sizes, problem.random)
        leaves = {name: shared[name] if name in learned else drawn[name] for name in drawn}
        passed = run(net, leaves, sizes)
        found.append(passed.of(answer["expr"], problem.more(passed, answer["expr"])))
        known = {**sizes, **leaves, claim["by"]: weight}
        for name, line in net.lines:
            known[name] = array(Evaluation(TORCH, known).of(line))
        losses.append(known[net.last])
    torch.cat(losses).mean().backward()
    expected = weight.grad.T if layout == "numerator" else weight.grad
    check_shape(answer, found[0], sizes)
    return apart(torch.stack(found).mean(dim=0), expected)


def whole_jacobian(problem: Problem, answer: Answer) -> float:
    """Compare a Jacobian in its layout with PyTorch's."""
    claim, passed = answer["claim"], problem.run()
    expected = flat(passed.jacobian(claim["of"], claim["by"]))
    found = passed.of(answer["expr"])
    check_shape(answer, found, passed.sizes)
    return apart(found, expected.T if claim["layout"] == "denominator" else expected)


def derivative_by_matrix(problem: Problem, answer: Answer) -> float:
    """Compare every entry of a column's derivative by a matrix."""
    claim, passed = answer["claim"], problem.run()
    expected = passed.jacobian(claim["of"], claim["by"])
    ranges = {
        index: length
        for index, length in zip(claim["index"], expected.shape, strict=True)
        if isinstance(index, str)
    }
    found = passed.entries(answer["expr"], ranges)
    return apart(found, expected.reshape(found.shape))


def equality(problem: Problem, answer: Answer) -> float:
    """Compare an array form and an index form with what a run of the network gives."""
    claim = answer["claim"]
    passed = problem.run(problem.text_of(answer))
    numerator = claim.get("layout") == "numerator"
    of, by = claim["of"], claim["by"]
    expected = passed.gradients()[by] if by else passed.values[of]
    ranges = {
        index: length
        for index, length in zip(claim["index"], expected.shape, strict=True)
        if isinstance(index, str)
    }
    entry, whole = claim["entry"], claim["expr"]
    if answer["expr"] not in (entry, whole):
        raise DisagreementError("the answer is neither of the two sides of its claim")
    by_index = passed.entries(entry, ranges, problem.more(passed, entry))
    found = passed.of(whole, problem.more(passed, whole))
    if answer["expr"] == whole != entry:
        check_shape(answer, found, passed.sizes)
    found = found.T if numerator else found
    return max(apart(found, expected), apart(by_index.reshape(expected.shape), expected))


def derivation(problem: Problem, answer: Answer) -> float:
    """Compare every line of a derivation with what its first line stands for."""
    claim = answer["claim"]
    passed = problem.run(problem.text_of(answer))
    net = passed.net
    ranges = {name: size(text, passed.sizes) for name, text in claim["ranges"]}
    if claim["hot"] is None:
        return lines_agree(problem, passed, answer, ranges, {})
    target, name = claim["hot"]
    errors: list[float] = []
    classes = passed.values[target].shape[0]
    for position in range(classes):
        leaves = {leaf.name: passed.values[leaf.name] for leaf in net.leaves}
        hot = torch.eye(classes, dtype=FLOAT)[:, [position]]
        moved = run(net, {**leaves, target: hot}, passed.sizes)
        left = {letter_: bound for letter_, bound in ranges.items() if letter_ != name}
        errors.append(lines_agree(problem, moved, answer, left, {name: position}))
    return max(errors)


def lines_agree(
    problem: Problem, passed: Run, answer: Answer, ranges: dict[str, int], fixed: dict[str, int]
) -> float:
    """Compare the lines at one point, at every position of the letters that is meant."""
    claim = answer["claim"]
    runs = [torch.arange(bound) for bound in ranges.values()]
    at = torch.meshgrid(*runs, indexing="ij") if runs else ()
    where: dict[str, Any] = {**dict(zip(ranges, at, strict=True)), **fixed}
    meant = torch.ones(tuple(ranges.values()), dtype=torch.bool)
    for one, other in claim["different"]:
        meant &= torch.as_tensor(where[one] != where[other])
    plain = {letter(name): position for name, position in fixed.items()}

    def value(text: str) -> Any:  # noqa: ANN401 - a tensor
        return passed.entries(text, ranges, problem.more(passed, text), plain)[meant]

    expected = value(claim["lines"][0])
    return max(apart(value(text), expected) for text in (*claim["lines"], answer["expr"]))


def free_letters(text: str) -> set[str]:
    """Return the letters that stand in a subscript."""
    return {
        part.id
        for node in ast.walk(expression(text))
        if isinstance(node, ast.Subscript)
        for part in ast.walk(node.slice)
        if isinstance(part, ast.Name)
    }


def entry_by_cases(problem: Problem, answer: Answer) -> float:
    """Compare one entry of a gradient, or every other one, with reverse mode."""
    claim, passed = answer["claim"], problem.run()
    values = passed.values[claim["by"]][:, 0]
    expected = passed.gradients()[claim["by"]][:, 0]
    descending = any("descending=1" in ast.unparse(line) for _, line in passed.net.lines)
    positions = claim["only"] or [n for n in range(len(values)) if n not in claim["but"]]
    errors: list[float] = []
    for n in positions:
        before = values > values[n] if descending else values < values[n]
        fixed = {"i": n, "rank_": int(before.sum())}
        found = passed.entries(answer["expr"], {}, problem.more(passed, ""), fixed)
        errors.append(apart(found.reshape(1), expected[[n]]))
    return max(errors)


def entries_in_order(problem: Problem, answer: Answer) -> float:
    """Compare the entries of a gradient where the order of the variable's entries is known."""
    claim, net = answer["claim"], problem.net
    count = len(claim["order"])
    steps = torch.rand(count, generator=problem.random, dtype=FLOAT).cumsum(0)
    values = torch.empty(count, 1, dtype=FLOAT)
    values[claim["order"], 0] = steps - 1
    upstream = torch.randn(count, 1, generator=problem.random, dtype=FLOAT)
    passed = run(net, {claim["by"]: values}, dict.fromkeys(net.sizes(), count), upstream)
    whole = expression(f"[{answer['expr']}]")
    at = Evaluation(TORCH, {**passed.known, **problem.more(passed, "")})
    found = torch.cat([array(at.of(part)) for part in getattr(whole, "elts", [])])
    check_shape(answer, found, passed.sizes)
    return apart(found, passed.gradients()[claim["by"]])


def chain(problem: Problem, answer: Answer) -> float:
    """Pull the loss back along a chain; no other names may fill the blanks that nothing shows."""
    claim, passed = answer["claim"], problem.run()
    names = list(claim["chain"])
    _, factor, part = answer["name"].split(".")
    place = 0 if factor == "left" else int(factor) + (part == "of")
    if answer["expr"] != names[place]:
        raise DisagreementError(f"'{answer['expr']}' is not '{names[place]}' of {names}")
    expected = passed.gradients()[names[0]]
    error = apart(pulled_along(passed, names), expected)
    hidden = claim["hidden"]
    for others in product(passed.net.names, repeat=len(hidden)) if hidden else ():
        trial = list(names)
        for n, name in zip(hidden, others, strict=True):
            trial[n] = name
        if trial != names and len(set(trial)) == len(trial) and fits(passed, trial):
            raise DisagreementError(f"{trial} fills the blanks as well as {names}")
    return error


def pulled_along(passed: Run, names: list[str]) -> Any:  # noqa: ANN401 - a tensor
    """Return the product of the Jacobians along a chain, from the loss inwards."""
    upstream = passed.upstream
    for of, by in zip(reversed(names), [*reversed(names[:-1])], strict=False):
        found = torch.autograd.grad(
            passed.values[of], passed.values[by], upstream, retain_graph=True, allow_unused=True
        )[0]
        if found is None:
            raise DisagreementError(f"'{of}' does not depend on '{by}'")
        upstream = found
    return upstream


def fits(passed: Run, names: list[str]) -> bool:
    """Whether the chain rule holds along other names too."""
    own = passed.gradients()[names[0]]
    try:
        apart(pulled_along(passed, names), own)
    except DisagreementError:
        return False
    return bool(own.abs().max() > 0)


def symbolic_grid(problem: Problem, answer: Answer) -> float:
    """Compare a grid with a symbol in it with a run, whatever the symbol stands for."""
    claim, net = answer["claim"], problem.net
    drawn = problem.drawn_run()
    leaves = {leaf.name: drawn.values[leaf.name] for leaf in net.leaves}
    symbol = (
        torch.rand(leaves[claim["symbol"]].shape, generator=problem.random, dtype=FLOAT) * 3 - 1
    )
    passed = run(net, {**leaves, claim["symbol"]: symbol}, drawn.sizes)
    expected = passed.values[claim["of"]]
    grid = torch.cat(
        [torch.cat([passed.of(entry) for entry in row], dim=1) for row in claim["entries"]]
    )
    found = passed.of(answer["expr"])
    check_shape(answer, found, passed.sizes)
    return max(apart(found, expected), apart(grid, expected))
