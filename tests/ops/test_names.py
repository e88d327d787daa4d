"""Only the op table knows an op by name: a new op is complete with its row."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import exgen
from exgen.ops import TABLE

PACKAGE = Path(exgen.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "ops"]
ALGEBRA = frozenset(
    [
        *("add", "sub", "neg", "mul", "div", "pow", "matmul", "transpose", "item", "slice"),
        *("sum", "mean", "concat", "diag", "ones", "zeros", "identity", "unit"),
    ]
)
"""What the language writes with signs, and what gradients of every op are made of.

Rewriting, printing and reading formulas is about these very ops, and a new op adds none.
"""
ENGLISH = frozenset({"sort", "sign"})
"""Words that mean much else; they count only where an op is built, matched or compared."""
OTHER_WORDS = {
    "derive/derivations.py": {"log"},  # the name of a step
    "derive/notation.py": {"relu"},  # a setting, (z)^+ or ReLU(z)
    "problems/index_proofs.py": {"log", "softmax"},  # the name of a step, and of a field
    "render/pdf.py": {"log"},  # the suffix of a file
    "render/plain.py": {"log"},  # a command of LaTeX
    "render/words.py": {"sigmoid"},  # the name of a plot
    "render/widths.py": {"log", "exp", "tanh"},  # commands of LaTeX
    "tables.py": {"relu", "tanh"},  # an example for authors
}
"""Where a word that is also an op's name means something else, or is an example."""


def words(node: ast.AST) -> set[str]:
    """Return the strings in a piece of code."""
    found = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return {word for word in found if isinstance(word, str)}


def named(text: str) -> set[str]:
    """Return the strings of a module that are names of ops, those of the algebra left out."""
    tree, surely = ast.parse(text), set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name("Call" | "call"), args=[first, *_]):
                surely |= words(first)
            case ast.MatchClass(cls=ast.Name("Call"), patterns=[first, *_]):
                surely |= words(first)
            case ast.Compare(left=ast.Attribute(attr="op"), comparators=others):
                surely |= set[str]().union(*map(words, others))
    return (surely | (words(tree) - ENGLISH)) & (TABLE.keys() - ALGEBRA)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_op_is_known_by_name(path: Path) -> None:
    """A module names no op but those of the algebra; what holds of an op stands in its row."""
    others = OTHER_WORDS.get(str(path.relative_to(PACKAGE)), set())
    assert named(path.read_text(encoding="utf-8")) == others


def test_the_check_can_fail() -> None:
    """A comparison, a pattern and a table of names are seen."""
    for text in ("x.op == 'relu'", "match x:\n    case Call('sort'):\n        pass", "{'abs': 1}"):
        assert len(named(text)) == 1
    assert TABLE.keys() > ALGEBRA
    assert OTHER_WORDS.keys() <= {str(path.relative_to(PACKAGE)) for path in MODULES}
