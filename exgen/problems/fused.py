"""Why an output and its loss leave output minus target: the derivation, line by line.

A sheet has it once, where it is needed first; later problems name that one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exgen.derive.derivations import derivation
from exgen.derive.gradients import FUSIONS
from exgen.document import Step, Tex
from exgen.errors import KindError
from exgen.graph import is_scalar
from exgen.problems.index_proofs import claim_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exgen.derive.gradients import Gradient
    from exgen.graph import Expr
    from exgen.problems.base import Setting

FUSED = tuple(fusion.rule for fusion in FUSIONS.values())


def fused_proofs(
    setting: Setting,
    names: Iterable[str],
    found: Mapping[str, Gradient],
    told: Iterable[str],
    shown: Callable[[Expr], str] | None = None,
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the derivations that gradients rest on, and the rules that they derive.

    Args:
        setting: the network, for one example or many.
        names: the variables whose gradients are derived.
        found: the gradients of the network.
        told: the rules that this problem has derived already.
        shown: how an expression is printed, if not as everywhere.

    """
    steps: list[Step] = []
    rules: list[str] = []
    for name in names:
        new = [rule for rule in found[name].rules if rule in FUSED and rule not in (*told, *rules)]
        # A gradient with another path besides is no output minus target by itself.
        if not new or len(found[name].rules) > 1:
            continue
        try:
            raw = derivation(setting.graph, name)
        except KindError:
            # A network without an index form has nothing to derive entry by entry.
            continue
        rules += new
        lines = lines_of(setting, raw, shown)
        claim = replace(claim_of(setting.graph, raw), symbolic=False)
        by_entry = "" if is_scalar(setting.graph.shapes[name]) else ", entry by entry"
        why = f"Output minus target follows from the chain rule{by_entry}:"
        steps += [Step(new[0], Tex(""), why), *lines[:-1], replace(lines[-1], claims=(claim,))]
    return tuple(steps), tuple(rules)
