"""Every answer of a manifest beside PyTorch: which sort of answer is compared how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from tests.oracle import numeric, structure, symbolic
from tests.oracle.claims import told
from tests.oracle.comparing import DisagreementError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.oracle.comparing import Answer

COMPARED: Mapping[str, Callable[[Problem, Answer], float]] = {
    "gradient": symbolic.gradient,
    "mean of gradients": symbolic.mean_of_gradients,
    "jacobian": symbolic.whole_jacobian,
    "derivative by a matrix": symbolic.derivative_by_matrix,
    "equality": symbolic.equality,
    "derivation": symbolic.derivation,
    "proof": symbolic.derivation,
    "gradient entry": symbolic.entry_by_cases,
    "gradient in order": symbolic.entries_in_order,
    "chain": symbolic.chain,
    "symbolic grid": symbolic.symbolic_grid,
    "forward": numeric.forward_value,
    "gradient value": numeric.gradient_value,
    "gradient on a wire": numeric.on_a_wire,
    "value on a wire": numeric.on_a_wire,
    "fact": numeric.fact,
    "number": numeric.number,
    "shape": structure.shape,
    "shape in a batch": structure.shape,
    "line": structure.line,
    "input of a layer": structure.layer_input,
    "edges": structure.edges,
    "bottleneck": structure.bottleneck,
}
"""How each sort of answer is compared; the names are those in the manifest."""

NOT_COMPARED: Mapping[str, str] = {
    "rubric": "points for a human grader, with nothing to compute; its facts are answers too",
}
"""The sorts of answers that PyTorch has nothing to say about, each with the reason."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one answer.

    Attributes:
        problem: the problem's name.
        kind: the problem's kind.
        answer: the answer's name.
        claim: the sort of answer.
        error: the largest relative difference.
        reason: why it disagrees; empty where it agrees.

    """

    problem: str
    kind: str
    answer: str
    claim: str
    error: float
    reason: str = ""


def verdicts(document: Mapping[str, Any], seed: int = 0) -> Iterator[Verdict]:
    """Yield a verdict on every answer of a document that is compared at all.

    Args:
        document: a problem set as its manifest holds it.
        seed: what the random leaves come from.

    """
    random = torch.Generator().manual_seed(seed)
    for data in document["problems"]:
        problem = Problem(data, random)
        for answer in data["answers"]:
            if answer["claim"]["claim"] not in NOT_COMPARED:
                yield verdict(problem, answer)


def verdict(problem: Problem, answer: Answer) -> Verdict:
    """Compare one answer; whatever keeps it from being compared is a disagreement."""
    claim = str(answer["claim"]["claim"])
    place = (problem.data["name"], problem.kind, answer["name"], claim)
    if claim not in COMPARED:
        return Verdict(*place, 0.0, "this sort of answer is neither compared nor excused")
    try:
        plain = {**answer, "claim": told(answer["claim"])}
        return Verdict(*place, COMPARED[claim](problem, plain))
    except DisagreementError as disagreement:
        return Verdict(*place, float("inf"), str(disagreement))
    except Exception as error:  # noqa: BLE001 - an answer that cannot be computed is no agreement
        return Verdict(*place, float("inf"), f"{type(error).__name__}: {error}")
