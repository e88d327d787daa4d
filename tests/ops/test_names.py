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
OTHER_WORDS = {
    "certify/conventions.py": {"sign"},  # a slot of a sentence
    "derive/derivations.py": {"log"},  # the name of a step
    "derive/notation.py": {"relu"},  # a setting, (z)^+ or ReLU(z)
    "figures/model.py": {"sort"},  # what sort of node or blank
    "problems/base.py": {"sort"},
    "problems/by_layers.py": {"sort"},
    "problems/concept.py": {"sort", "softmax"},  # the name of a fact
    "problems/show_that.py": {"log", "softmax"},  # the name of a step, and of a field
    "readback/sentences.py": {"sort"},  # a slot of a sentence
    "render/plain.py": {"log"},  # a command of LaTeX
    "render/plots.py": {"sigmoid"},  # the name of a plot
    "render/tex.py": {"sort"},
    "render/widths.py": {"log", "exp", "tanh"},  # commands of LaTeX
    "tables.py": {"relu", "tanh"},  # an example for authors
}
"""Where a word that is also an op's name means something else, or is an example."""


def named(text: str) -> set[str]:
    """Return the strings of a module that are names of ops, those of the algebra left out."""
    words = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    return {word for word in words if isinstance(word, str)} & (TABLE.keys() - ALGEBRA)


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
