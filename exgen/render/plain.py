"""Problems as plain text for the terminal, from the same templates as the sheet."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from exgen.points import points_text
from exgen.render.tex import problem_bodies
from exgen.render.words import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exgen.document import ProblemSet

WIDTH = 84

# Each macro: how its arguments are written, and what it becomes.
MACROS: Mapping[str, tuple[str, str]] = {
    "question": ("[", ""),
    "part": ("", "\n\n- "),
    "exshort": ("{{{{", "%(1)s [    ] %(2)s"),
    "exspace": ("{", ""),
    "exroom": ("{", "[  ]"),
    "exopen": ("", ""),
    "exkeep": ("", ""),
    "exblank": ("", "[  ]"),
    "exshape": ("{{", "%(1)s{%(2)s}"),
    "exbox": ("{{", "[%(1)s: %(2)s]"),
    "exscalarbox": ("{", "[%(1)s]"),
    "exreason": ("{", "%(1)s"),
    "operatorname": ("{", "%(1)s"),
    "odot": ("", "⊙"),
    "oslash": ("", "⊘"),
    "times": ("", " × "),
    "top": ("", "⊤"),
    "quad": ("", " "),
    "log": ("", " log "),
}


def statements(problem_set: ProblemSet) -> list[str]:
    """Return each problem's statement as plain text with Unicode mathematics."""
    return [_plain(body) for body in problem_bodies(problem_set, key=False)]


FIGURE = re.compile(r"\\begin\{exfigure\}\{(.*?)\}\n\\end\{exfigure\}")


SHORT = re.compile(r"\\exshort(\[.*?\])?")
WORTH = re.compile(r"\\part\[(.*?)\]")


def _number(points: str) -> float:
    r"""Return points as a number.

    >>> _number(r"1\half"), _number("2")
    (1.5, 2.0)
    """
    whole = points.removesuffix(r"\half")
    return float(whole or 0) + (whole != points) / 2


def _plain(body: str) -> str:
    # A drawing cannot be shown here; its description can.
    body = FIGURE.sub(r"\n\nFigure. \1\n\n", in_words(body))
    body = SHORT.sub(lambda found: rf"\part{found[1] or ''} \exshort", body)
    body = WORTH.sub(lambda found: rf"\part ({points_text(_number(found[1]))}) ", body)
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec
    from pylatexenc.latex2text import get_default_latex_context_db as texts_context
    from pylatexenc.latexwalker import get_default_latex_context_db as walker_context
    from pylatexenc.macrospec import MacroSpec

    walker, texts = walker_context(), texts_context()
    specs = [MacroSpec(name, args) for name, (args, _) in MACROS.items()]
    replacements = [MacroTextSpec(name, text) for name, (_, text) in MACROS.items()]
    walker.add_context_category("exgen", prepend=True, macros=specs)
    texts.add_context_category("exgen", prepend=True, macros=replacements)
    reader = LatexNodes2Text(latex_context=texts, math_mode="text")
    return _wrapped(reader.latex_to_text(body, latex_context=walker))


def _wrapped(text: str) -> str:
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    lines = (textwrap.wrap(part, WIDTH) for part in paragraphs if part)
    return "\n".join(f"   {line}" for part in lines for line in part)
