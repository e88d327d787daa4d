"""The page is read back: every answer in every notation; and a page that is wrong is refused."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from exgen import pipeline
from exgen.banks import bank_names
from exgen.certify.equation import Equation
from exgen.certify.examples import MeanGradientClaim
from exgen.certify.quantity import Quantity
from exgen.certify.reading.page import Page
from exgen.certify.reading.readers import READERS, check_printed
from exgen.derive.gradients import derive_gradients
from exgen.derive.jacobian import local_jacobian
from exgen.derive.latex import Printer
from exgen.derive.notation import Notation, load_notation, notation_names
from exgen.derive.orient import oriented
from exgen.derive.written import as_written
from exgen.draw import draw_networks, draw_problem
from exgen.errors import CertificateError, Source
from exgen.graph import Call, Dim, Name, call
from exgen.language import read_network
from exgen.leaves import asked
from exgen.problems.base import Setting
from exgen.readback.pages import read_expression
from exgen.readback.vocabulary import over_examples, vocabulary
from exgen.resources import banks, notations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exgen.problems.base import Solved

SETS = bank_names(banks())
NOTATIONS = notation_names(notations())
SEEDS = (7, 3)


@dataclass(frozen=True)
class Printed:
    """An answer of a problem, in a notation."""

    problem: str
    notation: Notation
    solved: Solved

    def read(self, latex: str | None = None) -> Any:  # noqa: ANN401 - an agreement, or None
        """Read the answer back, or another text in its place."""
        claim = self.solved.claim
        assert claim is not None
        text = self.solved.latex.tex if latex is None else latex
        return check_printed(claim, Page(text, self.notation, self.solved.expr))


@cache
def answers(set_name: str, notation: str, seed: int) -> tuple[Printed, ...]:
    """Return the answers of a set that a machine can check, without proving them."""
    bank, profile = pipeline.load(set_name, notation)
    networks = draw_networks(bank, seed)
    found: list[Printed] = []
    shown: dict[str, int] = {}
    for number, entry in enumerate(bank.problems, start=1):
        graph = oriented(networks[entry.network].graph, profile)
        draws = draw_problem(bank, asked(entry, networks[entry.network]), graph, seed).draws
        by_layers = bank.networks[entry.network].by_layers
        setting = Setting(graph, profile, shown.get(entry.network), by_layers)
        solution = entry.kind.solve(setting, draws)
        found += [Printed(entry.name, profile, s) for s in solution.answers if s.claim is not None]
        shown.setdefault(entry.network, number)
    return tuple(found)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("set_name", SETS)
def test_every_answer_is_read_back(set_name: str, notation: str) -> None:
    """Whatever stands on a page is read back."""
    for seed in SEEDS:
        for printed in answers(set_name, notation, seed):
            claim: Any = printed.solved.claim
            assert type(claim).__name__ in READERS
            agreement = printed.read()
            assert (agreement.method, agreement.error < 1e-8) == ("read back", True)
            assert agreement.points > 0


# --- corruptions: a slip of the printer, and what may still agree ---


def at_each(pattern: str, put: Callable[[re.Match[str]], str], latex: str) -> Iterator[str]:
    """Yield the text with each match in turn replaced."""
    for match in re.finditer(pattern, latex):
        yield latex[: match.start()] + put(match) + latex[match.end() :]


def without_transposes(latex: str) -> Iterator[str]:
    """Leave a transpose mark out."""
    yield from at_each(r"\^\{(\\top|\\mathsf\{T\})\}", lambda _: "", latex)
    yield from at_each(r"(?<=[\])])(\\top|\\mathsf\{T\})(?=\})", lambda _: "", latex)


def with_other_digits(latex: str) -> Iterator[str]:
    """Count a digit up: a number, an index, a layer, an exponent, a size."""
    yield from at_each(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), latex)


def with_other_letters(latex: str) -> Iterator[str]:
    """Exchange the letter of an index."""
    other = {"i": "j", "j": "k", "k": "j", "l": "j"}
    yield from at_each(r"(?<=[_{,a-z])[ijkl](?=[},a-z'])", lambda m: other[m[0]], latex)


def bracketed(latex: str) -> Iterator[tuple[str, str, str]]:
    """Yield what stands before, in and behind each pair of brackets."""
    for opening in re.finditer(r"\\left[(\[]", latex):
        depth = 0
        for bracket in re.finditer(r"\\(left|right)[()\[\]]", latex[opening.start() :]):
            depth += 1 if bracket[1] == "left" else -1
            if not depth:
                start, end = (opening.start() + n for n in bracket.span())
                yield latex[: opening.start()], latex[opening.end() : start], latex[end:]
                break


def without_brackets(latex: str) -> Iterator[str]:
    """Leave a pair of brackets out."""
    return map("".join, bracketed(latex))


def with_swapped_factors(latex: str) -> Iterator[str]:
    """Exchange two neighbours in a product."""
    parts = latex.split(r"\,")
    for n in range(len(parts) - 1):
        yield r"\,".join([*parts[:n], parts[n + 1], parts[n], *parts[n + 2 :]])


def with_plain_products(latex: str) -> Iterator[str]:
    """Put a matrix product in place of a Hadamard product."""
    yield from at_each(r" \\(odot|circ) ", lambda _: r"\,", latex)


def with_hadamard_products(latex: str) -> Iterator[str]:
    """Put a Hadamard product in place of a matrix product."""
    yield from at_each(r"\\,", lambda _: r" \odot ", latex)


def with_other_signs(latex: str) -> Iterator[str]:
    """Exchange plus and minus, or leave a minus out."""
    yield from at_each(r" - ", lambda _: " + ", latex)
    yield from at_each(r" \+ ", lambda _: " - ", latex)
    yield from at_each(r"^-", lambda _: "", latex)


CORRUPTIONS: dict[str, Callable[[str], Iterable[str]]] = {
    "transpose": without_transposes,
    "digit": with_other_digits,
    "letter": with_other_letters,
    "brackets": without_brackets,
    "swap": with_swapped_factors,
    "plain": with_plain_products,
    "hadamard": with_hadamard_products,
    "sign": with_other_signs,
}


# --- what may still agree, each with the reason ---


def is_scalar_alone(printed: Printed, factor: str) -> bool:
    """Whether a factor, read alone, is a single number."""
    claim: Any = printed.solved.claim
    if not hasattr(claim, "graph"):
        return False
    known = vocabulary(claim.graph, printed.notation)
    if isinstance(claim, MeanGradientClaim):
        known = over_examples(known, claim.graph, claim.batch.names, Dim(0, ("m",)))
    if isinstance(claim, Equation):
        known = replace(known, given=claim.given)
    letters = {letter: Dim(0, (f"?{letter}",)) for letter in "ijkl"}
    try:
        return read_expression(factor.removeprefix("-"), known.with_letters(letters)).is_scalar
    except CertificateError:
        return False


def one_is_a_scalar(printed: Printed, wrong: str) -> bool:
    """Whether one of the two factors that changed places is a scalar, which may stand anywhere."""
    before, after = (text.split(r"\,") for text in (printed.solved.latex.tex, wrong))
    moved = [one for one, other in zip(before, after, strict=True) if one != other]
    return any(is_scalar_alone(printed, factor) for factor in moved)


def jacobians_are_diagonal(printed: Printed, _wrong: str) -> bool:
    """Whether every given Jacobian is diagonal, and so its own transpose."""
    claim = printed.solved.claim
    if not isinstance(claim, Equation) or not claim.given:
        return False
    found = (
        local_jacobian(claim.graph, factor.of, factor.by, denominator=False)
        for factor in claim.given
    )
    return all(isinstance(expr, Call) and expr.op in ("diag", "identity") for expr in found)


def output_for_argument(printed: Printed, wrong: str) -> bool:
    """Whether the output of a ReLU is asked for its sign, which is that of its argument."""
    claim = printed.solved.claim
    if not (isinstance(claim, Equation) and claim.quantity is not None and claim.quantity.by):
        return False
    of, by = claim.quantity.of, claim.quantity.by
    line = claim.graph.expr(of)
    printer = Printer(printed.notation, claim.graph.shapes, claim.graph.loss)
    swapped = printed.solved.latex.tex.replace(printer.name(by), printer.name(of))
    return line == call("relu", Name(by)) and wrong == swapped


def needless_brackets(printed: Printed, wrong: str) -> bool:
    """Whether only brackets around a product, or the one symbol behind a logarithm, were left out.

    Products of arrays are the same however they are bracketed.
    """
    product = any(
        wrong == before + inner + after and not re.search(r"[-+]", inner) and after[:1] != "^"
        for before, inner, after in bracketed(printed.solved.latex.tex)
    )
    return product or re.search(r"\\log[ \\]*(?!left)[a-zA-Z]", wrong) is not None


EQUIVALENT: dict[str, Callable[[Printed, str], bool]] = {
    "swap": one_is_a_scalar,
    "transpose": jacobians_are_diagonal,
    "digit": output_for_argument,
    "brackets": needless_brackets,
}
"""Why a corrupted page may still say the same; other corruptions never do."""


@cache
def survivors(corruption: str) -> tuple[tuple[Printed, str], ...]:
    """Return the corrupted pages of all sets and notations that are still read as true."""
    found: list[tuple[Printed, str]] = []
    seen: set[tuple[str, str, int]] = set()
    for set_name in SETS:
        for notation in NOTATIONS:
            for printed in answers(set_name, notation, SEEDS[0]):
                latex = printed.solved.latex.tex
                key = (printed.problem, latex, printed.notation.index_base)
                if key in seen:
                    continue
                seen.add(key)
                for wrong in CORRUPTIONS[corruption](latex):
                    try:
                        agreed = wrong != latex and printed.read(wrong)
                    except CertificateError:
                        continue
                    if agreed:
                        found.append((printed, wrong))
    return tuple(found)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_wrong_page_is_refused(corruption: str) -> None:
    """A slip of the printer is seen, or the page still says the same for a listed reason."""
    found = survivors(corruption)
    reason = EQUIVALENT.get(corruption)
    unexplained = [
        (printed.problem, printed.solved.name, printed.notation.name, wrong)
        for printed, wrong in found
        if reason is None or not reason(printed, wrong)
    ]
    assert unexplained == []
    # A reason that explains nothing any more is taken out of the list.
    assert bool(found) == (corruption in EQUIVALENT)


def test_every_sort_of_answer_can_be_refused() -> None:
    """Something added to an answer is refused, for each sort of claim."""
    refused: Counter[str] = Counter()
    for set_name in SETS:
        for printed in answers(set_name, "base", SEEDS[0]):
            if printed.read() is None:
                continue
            with pytest.raises(CertificateError):
                printed.read(printed.solved.latex.tex + r" + 7")
            refused[type(printed.solved.claim).__name__] += 1
    assert set(refused) == set(READERS)


# op: a network with a gradient or a line that uses it, and what of it is not read
NETWORKS = {
    "slice": "x: input[7]\ny = x[2:]\nL = sum(y ** 3)",
    "slice in the middle": "x: input[7]\ny = x[2:-1]\nL = sum(y ** 3)",
    "maxpool": "X: input[4, 4]\nY = maxpool(X)\nL = sum(Y)",
    "softmax of rows": "X: input[5, 3]\nT: onehot[5, 3]\nP = softmax(X, axis=1)\n"
    "L = cross_entropy(P, T)",
    "a 1 for each row": "X: input[5, 3]\nW: param[4, 2]\nZ = append_one(X, axis=1) @ W\n"
    "L = sum(tanh(Z))",
    "mean": "x: input[6]\nL = mean(x ** 2)",
    "prelu": "x: input[4]\nalpha: param[4]\nL = sum(prelu(x, alpha))",
    "bce": "x: input[4]\nt: target[4]\np = sigmoid(x)\nL = bce(p, t)",
}
NOT_READ = {"slice in the middle", "maxpool"}


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("title", NETWORKS)
def test_other_networks(title: str, notation: str) -> None:
    """Gradients beyond those of the sets are read too, or their op is listed as unread."""
    profile = load_notation(notation, notations())
    graph = read_network(Source(title, NETWORKS[title]))
    data = next(leaf.name for leaf in graph.leaves)
    gradient = derive_gradients(graph)[data]
    written = as_written(gradient.step, graph, profile)
    claim = Equation(graph, Quantity(graph.loss, data), (written,), layout=profile.layout)
    latex = Printer(profile, graph.shapes, graph.loss)(written)
    agreement = check_printed(claim, Page(latex, profile))
    assert (agreement is None) == (title in NOT_READ)
