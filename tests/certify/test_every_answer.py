"""Every answer of every set can be refused: by a slip, a small change, a broken rule.

A certificate that lets a wrong answer through proves nothing. What survives here is listed with
the reason why it is right after all; a reason that no longer applies fails too.
"""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from exgen import resources
from exgen.banks import bank_names
from exgen.certify.arrows import EDGES, ArrowsClaim
from exgen.certify.equation import Equation
from exgen.certify.memory import Memory
from exgen.certify.prove import prove
from exgen.certify.quantity import Quantity
from exgen.derive.orient import oriented
from exgen.document import to_json
from exgen.draw import draw_networks, draw_problem
from exgen.errors import AcceptanceError, CertificateError, KindError
from exgen.graph import Call, Dim, Expr, Graph, Name, Number, call, walk
from exgen.leaves import asked
from exgen.ops import TABLE
from exgen.pipeline import build, load
from exgen.problems.base import Setting
from exgen.slips.claims import places
from exgen.slips.table import SLIPS
from exgen.slips.told import is_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.certify.prove import Claim
    from exgen.ops.base import Op
    from exgen.problems.base import Solved

SEED = 3
PROBLEMS = [
    (name, problem.name)
    for name in bank_names(resources.banks())
    for problem in load(name, None)[0].problems
]
IDS = [problem for _, problem in PROBLEMS]

# problem and slip: why an answer may survive the slip
RIGHT_AFTER_ALL = {
    ("given-jacobians", "forgot_transpose"): "the Jacobian of an entrywise function is diagonal",
    ("given-jacobians", "skipped_jacobian"): "the Jacobian of the identity changes nothing",
    ("cost-gradient", "entrywise_product"): "a product with a single number is entrywise",
    ("twin-gradients", "entrywise_product"): "a product with a single number is entrywise",
    ("reused-entry", "wrong_order"): "a scalar product has no order",
    ("scaled-sort", "wrong_order"): "a scalar product has no order",
    ("forward-single", "wrong_order"): "a scalar product has no order",
    ("one-hot-cross-entropy", "counted_twice"): "what is counted twice there is 0",
    ("subtract-the-largest", "forgot_factor"): "what is far below a bound stays below it",
    ("softmax-shift", "function_for_slope"): "the proof ends in the function, not in its slope",
}
# problem and slip: why the right number comes out although the slip is a mistake elsewhere; such
# a draw is turned down
RIGHT_BY_LUCK: dict[tuple[str, str], str] = {}


@cache
def solved(set_name: str, problem: str) -> tuple[Solved, ...]:
    """Return the answers of a problem, before their certificates."""
    bank, notation = load(set_name, None)
    entry = bank.problem(problem)
    network = draw_networks(bank, SEED)[entry.network]
    graph = oriented(network.graph, notation)
    drawn = draw_problem(bank, asked(entry, network), graph, SEED)
    return entry.kind.solve(Setting(graph, notation, None), drawn.draws).answers


def claims(set_name: str, problem: str) -> list[tuple[str, Claim]]:
    """Return the claims of a problem, each once, with the name of its first answer."""
    found: dict[int, tuple[str, Claim]] = {}
    for answer in solved(set_name, problem):
        if answer.claim is not None:
            found.setdefault(id(answer.claim), (answer.name, answer.claim))
    return list(found.values())


@pytest.mark.parametrize(("set_name", "problem"), PROBLEMS, ids=IDS)
def test_every_slip_is_refused(set_name: str, problem: str) -> None:
    """Whatever a slip makes of an answer is refused, whether the kind lists the slip or not."""
    memory = Memory()
    survived, lucky = set(), set()
    for _, claim in claims(set_name, problem):
        for slip in SLIPS.values():
            for wrong in slip.wrong(claim, memory):
                if wrong.lucky:
                    lucky.add((problem, slip.name))
                elif not is_refused(wrong):
                    survived.add((problem, slip.name))
    assert survived == {key for key in RIGHT_AFTER_ALL if key[0] == problem}
    assert lucky == {key for key in RIGHT_BY_LUCK if key[0] == problem}


def changed(claim: object) -> Iterator[Claim]:
    """Yield a claim with one assertion off by a little: formula, number, size, arrow, digit."""
    for formula, put in places(claim):
        for other in (call("mul", Number(Fraction(1001, 1000)), formula), -formula):
            if formula not in (Number(Fraction(0)), other):
                yield put(other)
    match claim:
        case Equation(quantity=Quantity() as quantity):
            # true of every quantity, and no answer
            yield replace(claim, rights=(quantity.symbol or Name(""),), cells=())
            yield from _changed_cells(claim)
        case ArrowsClaim(found=found):
            yield from (
                replace(claim, found=(*found[:n], *found[n + 1 :])) for n in range(len(found))
            )
            if claim.sort != EDGES:
                others = set(claim.graph.names) - set(found)
                yield from (replace(claim, found=(*found[1:], other)) for other in others)
    for part in fields(cast("Any", claim)):
        for other in _changed(part.name, getattr(claim, part.name)):
            yield replace(cast("Any", claim), **{part.name: other})


def _changed_cells(claim: Equation) -> Iterator[Claim]:
    """Yield a claim with one printed number off by a little, or by a unit of its last digit."""
    off = Fraction(1, 1000 if claim.rounding is None else 10**claim.rounding.digits)
    for r, row in enumerate(claim.cells):
        for c, cell in enumerate(row):
            if isinstance(cell, Number):
                other = (*row[:c], Number(cell.value + off), *row[c + 1 :])
                yield replace(claim, cells=(*claim.cells[:r], other, *claim.cells[r + 1 :]))


def _changed(name: str, value: Any) -> Iterator[Any]:  # noqa: ANN401 - a field of any claim
    if name == "shape":
        yield value[0] + Dim(1), value[1]
        yield value[0], value[1] + Dim(1)
    elif name == "order" and value:
        yield value[::-1]


# the answers in which nothing can be off by a little, or where it is still right: why
TRUE_ALL_THE_SAME = {
    ("subtract-the-largest", "rubric.1"): "what is far below a bound stays below it",
    ("activations", "rubric.1"): "what is at most a number is less than a larger one",
}


@pytest.mark.parametrize(("set_name", "problem"), PROBLEMS, ids=IDS)
def test_every_small_change_is_refused(set_name: str, problem: str) -> None:
    """Each formula off by a thousandth, each digit, size and arrow changed, is refused."""
    for name, claim in claims(set_name, problem):
        prove(claim)
        tried = survived = 0
        for wrong in changed(claim):
            tried += 1
            try:
                prove(wrong)
            except CertificateError:
                continue
            survived += 1
        assert (survived > 0) == ((problem, name) in TRUE_ALL_THE_SAME), name
        assert tried, name


def broken(row: Op, face: str) -> Op:
    """Return a row of the op table with one face off by a thousandth."""
    factor = Number(Fraction(1001, 1000))

    def off(part: Expr | None) -> Expr | None:
        return None if part is None else factor * part

    match face:
        case "vjp":
            return replace(row, vjp=lambda site, g: tuple(map(off, row.vjp(site, g))))
        case "jacobian":
            return replace(row, jacobian=lambda site, n: off(row.jacobian(site, n)))
        case _:
            return replace(row, entry=lambda *args: factor * row.entry(*args))


def ops_of(set_name: str, problem: str) -> set[str]:
    """Return the ops that a problem's network uses."""
    bank, _ = load(set_name, None)
    graph: Graph = draw_networks(bank, SEED)[bank.problem(problem).network].graph
    return {p.op for line in graph.bindings for p in walk(line.expr) if isinstance(p, Call)}


def stated(set_name: str, problem: str) -> Any:  # noqa: ANN401 - JSON
    """Make one problem, and return what it states: statement, answers and worked steps."""
    made = to_json(build(*load(set_name, None), SEED, only=problem).problems[0])
    for answer in made["answers"]:
        del answer["certificate"], answer["mistakes"]
    return made


@pytest.mark.parametrize(("set_name", "problem"), PROBLEMS, ids=IDS)
def test_every_broken_rule_is_refused(
    set_name: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of an op that is off by a thousandth stops the problem, or changes nothing in it."""
    right = stated(set_name, problem)
    for op in sorted(ops_of(set_name, problem)):
        for face in ("vjp", "jacobian", "entry"):
            with monkeypatch.context() as patch:
                patch.setitem(cast("dict[str, Op]", TABLE), op, broken(TABLE[op], face))
                try:
                    found = stated(set_name, problem)
                except (CertificateError, KindError):
                    continue
                except AcceptanceError as error:
                    # longer decimals are turned down; what a slip gives too has to be proven
                    if any(rule.startswith("slip: ") for rule in error.rejected):
                        raise
                    continue
            assert found == right, f"{op}.{face}"
