"""The sets as documents, each answer with its claim; and what their banks leave out."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from exgen import resources
from exgen.banks import bank_names
from exgen.document import to_json
from exgen.pipeline import build, load
from tests.oracle.stored import stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.derive.notation import Notation
    from exgen.tables import Bank

HIDDEN_WIRES = "set1, all wires hidden"
"""The first set's circuits with the forward values left out too, which no bank asks for."""


def set_names() -> Sequence[str]:
    """Return what :func:`document` can build."""
    return (*bank_names(resources.banks()), HIDDEN_WIRES)


def document(name: str, seed: int, notation: str | None = None) -> Any:  # noqa: ANN401 - JSON
    """Return a set at a seed as JSON."""
    made = build(*_loaded(name, notation), seed)
    data = to_json(made)
    for problem, own in zip(made.problems, data["problems"], strict=True):
        for answer, told in zip(problem.answers, own["answers"], strict=True):
            told["claim"] = stored(answer.claim, problem.network, answer.sort)
    return data


@lru_cache
def _loaded(name: str, notation: str | None) -> tuple[Bank, Notation]:
    if name != HIDDEN_WIRES:
        return load(name, notation)
    bank, profile = load("1", notation)
    return _with_hidden_wires(bank), profile


def _with_hidden_wires(bank: Bank) -> Bank:
    circuits = tuple(
        replace(entry, options={**entry.options, "hide": "all"})
        for entry in bank.problems
        if entry.kind.name == "circuit"
    )
    return replace(bank, problems=circuits)
