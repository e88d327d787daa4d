"""What sheets say of their networks: read back from every sheet, and refused once it is changed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exgen.banks import bank_names, load_bank
from exgen.certify.first_page import check_page, check_slopes
from exgen.certify.statement import (
    ABOUT_SHAPES,
    METHOD,
    UNDECLARED,
    UNSHOWN,
    check_statement,
)
from exgen.derive.notation import load_notation, notation_names
from exgen.errors import CertificateError, ExgenError
from exgen.language import read_graph
from exgen.language.writer import graph_text
from exgen.problems.table import NAMES
from exgen.readback.networks import DEFINED, DISPLAY, PART, layers_in, lines_in
from exgen.readback.sentences import PROBLEM, Fact
from exgen.resources import banks, notations
from exgen.statements import shown_by
from tests.sheets import Sheet, sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.graph import Graph
    from exgen.tables import Bank

SETS = (*bank_names(banks()), "axes_and_windows")
NOTATIONS = notation_names(notations())
SEEDS = (1, 2, 3)

ON_THE_SHEET = {
    "another function": (r"\\tanh|\\operatorname\{(ReLU|softplus)\}", r"\\sigma"),
    "no sigmoid": (r"\\sigma(?=\\left)", r"\\tanh"),
    "another layer": (r"\\longrightarrow \\sigma(?= )", r"\\longrightarrow \\tanh"),
    "another slope": (r"LReLU\}_\{0\.0?1\}", r"LReLU}_{0.2}"),
    "leaky for ReLU": (r"\\operatorname\{ReLU\}", r"\\operatorname{LReLU}_{0.1}"),
    "the other sign": (r"(?<=[}\w]) \+ (?=\S)", " - "),
    "no minus": (r"(= |&= )-", r"\1"),
    "sum for mean": (r"\\frac\{1\}\{[^{}]+\}(?:\\,| [*] )?(?= ?\\(?:sum|mathb|left))", ""),
    "bias the other way": (
        r"(\\math(?:bf|bb)\{1\}_\{\w+\})\\,(\S*)\^\{\S*\\(top|mathsf\{T\})\}",
        r"\2 \\, \1^{\\\3}",
    ),
    "no transpose": (r"\^\{\\(top|mathsf\{T\})\}", ""),
    "rows for columns": (r"acts on each row of", "acts on each column of"),
    "columns for rows": (r"acts on each column of", "acts on each row of"),
    "examples in columns": (r"Each row of (?=\$[^$]*\$ is one of)", "Each column of "),
    "examples in rows": (r"Each column of (?=\$[^$]*\$ is one of)", "Each row of "),
    "another window": (r"\$2 \\times 2\$ window", r"$3 \\times 3$ window"),
    "another stride": (r"with stride \$1\$", r"with stride $2$"),
    "mean for largest": (r"maxpool(.*?) is the largest entry of", r"avgpool\1 is the mean of"),
    "no window": (r"Each entry of \$\\operatorname\{\w+\}.*?no padding\.", ""),
    "no axis": (r"The softmax acts on each \w+ of \$[^$]*\$\.", ""),
    "no slope for each row": (r"Each row of \$[^$]*\$ has a slope of its own in \$[^$]*\$\.", ""),
    "not one-hot": (
        r" one-hot(?= vector)| with one-hot \w+|The target \$[^$]*\$ is one-hot[^.]*\.",
        "",
    ),
    "another shape": (r"shape \$([^$]+?) \\times ([^$]+?)\$", r"shape $\1 \\times \2 + 1$"),
    "another size": (r"vector with \$([^$]+)\$ entries", r"vector with $\1 + 1$ entries"),
    "indices swapped": (r"(W|[UV](?=_\{\w\w\}\\,[a-z]))_\{(\w)(\w)\}", r"\1_{\3\2}"),
    "one term short": (
        r"\\sum_\{(\w'?)=(\d)\}\^\{([^{}]+(?:_\{\d\})?)\}",
        r"\\sum_{\1=\2}^{\3 - 1}",
    ),
    "from the other side": (r"from the left", "from the right"),
    "no bias": (r" and adds \$[^$]*\$(?=\.)", ""),
    "another loss in words": (r"the squared error, the sum", "the cross-entropy, the sum"),
    "a name undeclared": (r", and \$[^$]*\$ a (vector|matrix|scalar)[^.]*(?=\. )", ""),
    "no weight": (r"\\node\[exweight\][^;]*;", ""),
    "another weight": (r"(\\node\[exweight\][^;]*\{\$w_\{)1\}", r"\g<1>2}"),
    "another sum": (r"(sums are called) (\S+?),? (?:and )?(\$[^$]+\$)", r"\1 \3, \2"),
    "another bias": (r"(their biases) (\S+?), (\$[^$]+\$)", r"\1 \3, \2"),
}
"""Changes of a sheet: where they apply the sheet says something else, or too little."""

IN_THE_NETWORK = {
    "another function": (r"\b(tanh|relu|softplus)\(", "sigmoid("),
    "no sigmoid": (r"\bsigmoid\(", "tanh("),
    "another slope": (r"(?<=, )0\.0?1\)", "0.2)"),
    "along columns": (r"(softmax\(.*)axis=1", r"\1axis=0"),
    "along rows": (r"(softmax\(.*)axis=0", r"\1axis=1"),
    "mean for sum": (r"(?<!\w)sum\((?!.*axis)", "mean("),
    "twice the loss": (r"(?m)^(L = )(.*)$", r"\g<1>2 * (\2)"),
    "the other sign": (r" \+ ", " - "),
    "one-hot or not": (r": onehot\[", ": target["),
    "another stride": (r"(?<=stride=)1", "2"),
    "another size": (r"(?<=size=)2", "3"),
}
"""Changes of a network: the sheet was printed from the one before."""


PATTERNS = [form.pattern() for form in PROBLEM]
CHAIN = re.compile(r"\\end\{exchain\}|in this order\.|it is \\\[.*?\\\]")


@cache
def bank_of(set_name: str) -> Bank:
    """Return the bank of a set."""
    own = Path(__file__).parent / f"{set_name}.toml"
    return load_bank(own if own.exists() else banks() / f"{set_name}.toml")


@cache
def made(set_name: str, notation: str, seed: int) -> Sheet:
    """Return a sheet of a set; those of one set are made once."""
    return sheet(bank_of(set_name), load_notation(notation, notations()), seed)


def shown(found: Sheet) -> Iterator[tuple[str, str, str, Graph]]:
    """Yield the problems that show a network: name, what shows it, text, network."""
    every = zip(found.problem_set.problems, found.bodies, found.graphs, strict=True)
    for problem, body, graph in every:
        if problem.fields.get("shown_in") is None:
            yield problem.name, shown_by(problem), body, graph


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("set_name", SETS)
def test_every_statement_is_read_back(set_name: str, notation: str) -> None:
    """On every sheet each line has the value that it has in the network."""
    for seed in SEEDS[: 3 if notation == bank_of(set_name).notation else 1]:
        found = made(set_name, notation, seed)
        check_page(found.page, found.graphs, found.notation)
        check_slopes("\n".join(found.bodies), found.graphs, found.notation)
        for name, kind, body, graph in shown(found):
            proof = check_statement(body, kind, found.page, graph, found.notation)
            if proof is None:
                assert kind in UNSHOWN, name
            else:
                assert proof.method == METHOD
                assert proof.points > 0


@pytest.mark.parametrize("change", ON_THE_SHEET)
@pytest.mark.parametrize("set_name", SETS)
def test_a_changed_sheet_is_refused(set_name: str, change: str) -> None:
    """Whatever is changed in what a sheet says of a network is noticed, in every notation."""
    before, after = ON_THE_SHEET[change]
    for found in sheets(set_name):
        for name, kind, body, graph in shown(found):
            for changed in changes(statement(body), before, after):
                assert refused(found, kind, changed, graph), f"{found.notation.name}, {name}"


@pytest.mark.parametrize("change", IN_THE_NETWORK)
@pytest.mark.parametrize("set_name", SETS)
def test_another_network_is_refused(set_name: str, change: str) -> None:
    """A sheet that was printed from another network does not fit."""
    before, after = IN_THE_NETWORK[change]
    for found in sheets(set_name):
        for name, kind, body, graph in shown(found):
            for text in changes(graph_text(graph), before, after):
                try:
                    other = read_graph(text)
                except ExgenError:
                    continue
                if check_statement(body, kind, found.page, graph, found.notation) is None:
                    continue
                assert refused(found, kind, body, other), f"{found.notation.name}, {name}"


@pytest.mark.parametrize("changes_of", [ON_THE_SHEET, IN_THE_NETWORK], ids=["sheet", "network"])
def test_every_change_applies_somewhere(changes_of: dict[str, tuple[str, str]]) -> None:
    """A change that no sheet knows would test nothing."""
    every = [part for name in SETS for found in sheets(name) for part in shown(found)]
    texts = [statement(body) for *_, body, _ in every if lines_in(body) or layers_in(body)]
    if changes_of is IN_THE_NETWORK:
        texts = [graph_text(graph) for *_, graph in every]
    for change, (before, after) in changes_of.items():
        assert any(changes(text, before, after) for text in texts), change


def refused(found: Sheet, kind: str, body: str, graph: Graph) -> bool:
    """Whether a sheet is refused; one that shows no forward pass has nothing to refuse."""
    try:
        return check_statement(body, kind, found.page, graph, found.notation) is None
    except CertificateError:
        return True


def sheets(set_name: str) -> Iterator[Sheet]:
    """Yield sheets of a set: in each notation, and in its own for several seeds."""
    own = bank_of(set_name).notation
    for notation in NOTATIONS:
        for seed in SEEDS if notation == own else SEEDS[:1]:
            yield made(set_name, notation, seed)


def statement(body: str) -> str:
    """Return what a sheet says of its network, without what it asks about it, on one line."""
    text = " ".join(body.split())
    if r"\begin{align*}" not in text.partition(r"\begin{parts}")[0] and PART.search(text):
        return text
    ends = [
        match.end() for pattern in (DISPLAY, DEFINED, CHAIN) for match in pattern.finditer(text)
    ]
    ends += [match.end() for pattern in PATTERNS for match in pattern.finditer(text)]
    return text[: max(ends, default=0)]


def changes(text: str, before: str, after: str) -> list[str]:
    """Return a text with the first, and with the last, of what a pattern finds replaced."""
    found = list(re.finditer(before, text))
    places = {match.start(): match for match in (*found[:1], *found[-1:])}.values()
    changed = (text[: m.start()] + m.expand(after) + text[m.end() :] for m in places)
    return [one for one in changed if one != text]


# --- page 1 ---


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("set_name", SETS)
def test_a_changed_page_1_is_refused(set_name: str, notation: str) -> None:
    """Each sentence about the notation or the networks is held against them."""
    found = made(set_name, notation, 1)
    swaps = {"row": "column", "column": "row", "output": "input", "input": "output",
             "positive": "negative", "negative": "positive", "0": "1", "1": "0",
             r"\ge": ">", ">": r"\ge", "[1]": "(1)", "(1)": "[1]"}  # fmt: skip
    for fact in found.page:
        for slot, said in fact.slots.items():
            if said in swaps:
                changed = Fact(fact.kind, {**fact.slots, slot: swaps[said]})
                with pytest.raises(CertificateError):
                    check_page([changed], found.graphs, found.notation)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_an_indicator_with_the_other_slope_is_refused(notation: str) -> None:
    """The sign at 0 on the page is that of page 1; a common mistake may have another."""
    profile = load_notation(notation, notations())
    right, wrong = (r"\ge", ">") if profile.relu_at_zero else (">", r"\ge")
    check_slopes(rf"\left[z {right} 0\right]", [], profile)
    check_slopes(rf"\begin{{exmistakes}} [z {wrong} 0\right] \end{{exmistakes}}", [], profile)
    with pytest.raises(CertificateError, match="page 1 states the slope"):
        check_slopes(rf"\left[z {wrong} 0\right]", [], profile)


def test_every_kind_shows_its_network_or_says_why() -> None:
    """The lists of exceptions name kinds that there are."""
    assert UNDECLARED.keys() | UNSHOWN.keys() <= {*NAMES, ABOUT_SHAPES}
