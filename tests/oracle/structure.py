"""Answers about a network's structure: shapes, lines, what reads what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from tests.oracle.comparing import DisagreementError, apart, check_shape
from tests.oracle.evaluating import Evaluation
from tests.oracle.printed import printed_sizes
from tests.oracle.running import TORCH, Run, reads
from tests.oracle.torch_ops import FLOAT, array

if TYPE_CHECKING:
    from tests.oracle.comparing import Answer, Problem


def shape(problem: Problem, answer: Answer) -> float:
    """Compare a shape with that of the tensor, as stored and as printed."""
    passed = problem.run(problem.text_of(answer))
    value = passed.values[answer["expr"]]
    check_shape(answer, value, passed.sizes)
    found = printed_sizes(answer["latex"]["tex"])
    if found is not None and tuple((*found, 1)[:2]) != tuple(value.shape):
        raise DisagreementError(f"{answer['latex']['tex']} is not {tuple(value.shape)}")
    return 0.0


def line(problem: Problem, answer: Answer) -> float:
    """Compare the right side of a line with its value in a run."""
    passed = problem.run()
    return apart(passed.of(answer["expr"]), passed.values[answer["claim"]["of"]])


def layer_input(problem: Problem, answer: Answer) -> float:
    """See that a line reads one value that is not learned, and depends on it."""
    claim, net = answer["claim"], problem.net
    fixed = {leaf.name for leaf in net.leaves if leaf.role != "input"}
    if reads(net, claim["about"]) - fixed != {answer["expr"]}:
        raise DisagreementError(f"'{claim['about']}' reads {sorted(reads(net, claim['about']))}")
    if answer["expr"] not in depends(problem.run(), claim["about"]):
        raise DisagreementError(f"'{claim['about']}' does not depend on '{answer['expr']}'")
    return 0.0


def edges(problem: Problem, answer: Answer) -> float:
    """Compare the arrows of a drawing with what each line's own backward pass reaches."""
    net, passed = problem.net, problem.run()
    drawn = [tuple(arrow.strip().split(" -> ")) for arrow in answer["expr"].split(";")]
    found = {(name, of) for of, _ in net.lines for name in depends(passed, of)}
    if set(drawn) != found or len(set(drawn)) != len(drawn):
        raise DisagreementError(f"the arrows differ: {sorted(found ^ set(drawn))}")
    return 0.0


def depends(passed: Run, of: str) -> set[str]:
    """Return the names that a line reads and that autograd finds it to depend on."""
    expr = passed.net.line(of)
    names = sorted(reads(passed.net, of))
    if expr is None:
        raise DisagreementError(f"'{of}' is no line")
    fixed: dict[str, Any] = {
        name: passed.values[name].detach().clone().requires_grad_() for name in names
    }
    value = array(Evaluation(TORCH, {**passed.sizes, **fixed}).of(expr))
    found = torch.autograd.grad(value.sum(), list(fixed.values()), allow_unused=True)
    return {name for name, slope in zip(names, found, strict=True) if slope is not None}


def bottleneck(problem: Problem, answer: Answer) -> float:
    """See that the loss depends on the named weights through one node alone."""
    net, passed = problem.net, problem.run()
    node = answer["claim"]["about"]
    weights = [leaf.name for leaf in net.leaves if leaf.role == "param"]
    known: dict[str, Any] = {**passed.sizes}
    for leaf in net.leaves:
        known[leaf.name] = passed.values[leaf.name].detach().clone().requires_grad_()
    for name, expr in net.lines:
        value = array(Evaluation(TORCH, known).of(expr))
        known[name] = value.detach() if name == node else value
    around = torch.autograd.grad(
        known[net.last],
        [known[name] for name in weights],
        torch.ones(1, 1, dtype=FLOAT),
        allow_unused=True,
    )
    behind = {name for name, slope in zip(weights, around, strict=True) if slope is None}
    if {name.strip() for name in answer["expr"].split(",")} != behind:
        raise DisagreementError(f"behind '{node}' stand {sorted(behind)}")
    return 0.0
