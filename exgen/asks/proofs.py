"""Asks to show, line by line, that an entry of a gradient is what the sheet says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exgen.asks.pieces import Formula, Words
from exgen.asks.scene import Answered, Scene
from exgen.certify.equation import Equation
from exgen.certify.quantity import Quantity
from exgen.derive.symbols import free_name
from exgen.document import Step, Tex
from exgen.errors import CertificateError, KindError
from exgen.graph import SCALAR, Binding, Entry, Graph, Name, walk
from exgen.language import to_text
from exgen.ops import traits_of
from exgen.ops.losses import AFTER_SOFTMAX
from exgen.problems.base import Solved
from exgen.problems.entries import check_entries
from exgen.problems.index_proofs import premises, proof_of, raw_of, sides_of
from exgen.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exgen.asks.pieces import Inline, Phrase
    from exgen.derive.derivations import Derivation
    from exgen.errors import Span
    from exgen.graph import Expr

SORTS = {"derivation": "name", "case": "word"}
"""The asks of this module, and the place that says what is derived."""


def derivation(ask: Phrase, scene: Scene) -> Answered:
    """Return the lines from a gradient's entry to its index form, which the sheet states."""
    answered, (left, right, runs) = proven(ask, scene, ask.span)
    line = rf"$\displaystyle {left} = {right}$"
    shown = {"show": "line", "line": Tex(rf"{line},\quad ${runs}$" if runs else line)}
    told = (AFTER_SOFTMAX.rule,) if _raw(ask, scene, ask.span).premise else ()
    return replace(answered, prints=shown, derives=told)


def proven(ask: Phrase, scene: Scene, span: Span) -> tuple[Answered, tuple[str, str, str]]:
    """Return the answer of a derivation, its two sides, and how far its letters run."""
    raw = _raw(ask, scene, span)
    solved = proof_of(scene.setting, ask.name, raw)
    return Answered(Tex(""), (solved,), "derivation"), sides_of(scene.setting, raw)


def _raw(ask: Phrase, scene: Scene, span: Span) -> Derivation:
    try:
        check_entries(scene.graph)
        return raw_of(scene.graph, ask[SORTS.get(ask.sort, "name")])
    except KindError as error:
        raise scene.error(error.message, span, error.remedy) from None


def proof(ask: Phrase, scene: Scene) -> Answered:
    """Return lines that are equal, each with its reason; a proof states the last on the sheet."""
    scene = scene.beside
    said = [_line(part, ask, scene) for part in ask.choices]
    read = scene.formulas((line.text, line.span) for line, _ in said)
    lines = [(*formula, why) for formula, (_, why) in zip(read, said, strict=True)]
    (start, left, _), (end, right, _) = lines[0], lines[-1]
    steps = [
        Step("line", Tex(f"{left if n == 0 else ''} &= {latex}"), why)
        for n, (_, latex, why) in enumerate(lines[1:])
    ]
    for (line, _), (expr, _, _) in zip(said, lines, strict=True):
        scene.check_sides(start, expr, line.span)
    states = ask.sort == "proof"
    exprs = tuple(expr for expr, _, _ in lines[1:])
    equal = _equal_to(start, exprs, ask, scene)
    try:
        equal.prove()
    except CertificateError as error:
        raise scene.error("these lines are not equal", ask.span, f"{error.message}.") from None

    def write(claim: Equation) -> Tex:
        """Print the line that is not as it should be; else the last one."""
        pairs = zip(claim.rights, equal.rights, strict=True)
        wrong = (right for right, own in pairs if right != own)
        return Tex(scene.printer(next(wrong, end)))

    solved = Solved(
        ask.name,
        Tex(right),
        SCALAR,
        to_text(end),
        tuple(steps),
        equal,
        # what is to be shown stands in the question; what becomes of it does not
        write=None if states else write,
        sort="proof",
    )
    # the braces tell it from a line of the forward pass
    prints = Tex(rf"${{\displaystyle {left}{f' = {right}' if states else ''}}}$")
    return Answered(prints, (solved,), "derivation")


def _line(pieces: Sequence[Inline], ask: Phrase, scene: Scene) -> tuple[Formula, str]:
    """Return the formula of a line, and its reason."""
    formulas = [piece for piece in pieces if isinstance(piece, Formula)]
    words = [piece.text for piece in pieces if isinstance(piece, Words)]
    if len(formulas) != 1 or len(formulas) + len(words) != len(pieces):
        raise scene.error("a line of a proof is one formula, and its reason in words", ask.span)
    return formulas[0], " ".join(" ".join(words).split())


def _equal_to(start: Expr, rights: tuple[Expr, ...], ask: Phrase, scene: Scene) -> Equation:
    """Return the claim that lines equal what they start from, one entry of it or the whole."""
    whole, index = (start.of, start.indices) if isinstance(start, Entry) else (start, ())
    graph, hot = scene.graph, None
    if "hot" in ask.clauses:
        name, letters = ask.clauses["hot"]
        hot, index = (scene.known(name, ask, "hot"), letters[0]), index or (0, 0)
    if isinstance(whole, Name):
        of = whole.name
    else:
        of = free_name(graph, ("start",))
        shapes = {**graph.shapes, of: shape_of(whole, graph.shapes)}
        graph = Graph(graph.leaves, (*graph.bindings, Binding(of, whole)), shapes, of)
    if index and hot is None:
        # beside its entries the whole can be proven in one more way
        rights = graph.expr(of) or whole, *rights
    bent = [traits_of(part) for right in (whole, *rights) for part in walk(right)]
    symbolic = not any(traits.kink or traits.jump for traits in bent)
    return Equation(graph, Quantity(of), rights, index, hot=hot, symbolic=symbolic)


def show(phrase: Phrase, scene: Scene) -> dict[str, Any]:
    """Show what the derivations that are asked for rest on."""
    asks = [ask for ask in scene.asks if ask.sort in SORTS]
    found = [_raw(ask, scene, ask.span) for ask in asks]
    return {"show": phrase.sort, **premises(scene.setting, found)}
