"""Why an output and its loss leave output minus target: the derivation, line by line.

A sheet has it once, where it is needed first; later problems name that one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exgen.derive.derivations import derivation
from exgen.derive.gradients import FUSIONS
from exgen.document import Tex
from exgen.errors import KindError
from exgen.graph import is_scalar
from exgen.problems.index_proofs import claim_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.derive.gradients import Gradient
    from exgen.document import Step
    from exgen.problems.base import Setting

FUSED = tuple(fusion.rule for fusion in FUSIONS.values())


def fused_proofs(
    setting: Setting, names: Iterable[str], found: Mapping[str, Gradient], told: set[str]
) -> tuple[list[dict[str, Any]], tuple[Step, ...]]:
    """Return the derivations that gradients rest on, for the template and as proven steps.

    Args:
        setting: the network, for one example or many.
        names: the variables whose gradients are derived.
        found: the gradients of the network.
        told: the rules that this problem has derived already; those of ``names`` are added.

    """
    proofs: list[dict[str, Any]] = []
    steps: list[Step] = []
    for name in names:
        rules = [rule for rule in found[name].rules if rule in FUSED and rule not in told]
        # A gradient with another path besides is no output minus target by itself.
        if not rules or len(found[name].rules) > 1:
            continue
        try:
            raw = derivation(setting.graph, name)
        except KindError:
            # A network without an index form has nothing to derive entry by entry.
            continue
        told.add(rules[0])
        lines = lines_of(setting, raw)
        claim = replace(claim_of(setting.graph, raw), symbolic=False)
        last = replace(lines[-1], claims=(claim,))
        steps += [*lines[:-1], last]
        shown = [{"equation": step.equation, "why": Tex(str(step.why))} for step in lines]
        entries = not is_scalar(setting.graph.shapes[name])
        proofs.append({"rule": rules[0], "lines": shown, "entries": entries})
    return proofs, tuple(steps)
