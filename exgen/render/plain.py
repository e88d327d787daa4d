"""Problems as plain text for the terminal, from the same templates as the sheet."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from exgen.grading import points_text
from exgen.languages import load_language
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
    "exfree": ("", ""),
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
    words = load_language(problem_set.language)
    return [_plain(body) for body in problem_bodies(problem_set, words, key=False)]


FRACTIONS = ("frac", "tfrac", "dfrac")
FIGURE = re.compile(r"\\begin\{exfigure\}\{(.*?)\}\n\\end\{exfigure\}")


SHORT = re.compile(r"\\exshort(\[.*?\])?")
WORTH = re.compile(r"\\part\[(.*?)\]")
POWER = re.compile(r"\^\{(-?[^{}^_+-]+[+-][^{}^_]+)\}")
"""A power that is a sum; on one line it needs brackets."""
DERIVATIVE = re.compile(r"[∂d] ?[^\s()+*/-]+(\^\([^()]*\))?")
"""What reads as one piece above or below the line of a fraction."""


def _number(points: str) -> float:
    r"""Return points as a number.

    >>> _number(r"1\half"), _number("2")
    (1.5, 2.0)
    """
    whole = points.removesuffix(r"\half")
    return float(whole or 0) + (whole != points) / 2


def _fraction(node: Any, l2tobj: Any) -> str:  # noqa: ANN401 - pylatexenc has no types
    """Return a fraction on one line, with the brackets that its line stood for."""
    above, below = (l2tobj.nodelist_to_text([part]).strip() for part in node.nodeargd.argnlist[-2:])
    over = above if _is_piece(above) or not re.search(r"[ +/-]", _outside(above)) else f"({above})"
    under = below if _is_piece(below) or not re.search(r"\W", _outside(below)) else f"({below})"
    return f"{over}/{under}"


def _is_piece(text: str) -> bool:
    return DERIVATIVE.fullmatch(text) is not None


def _outside(text: str) -> str:
    """Return what stands outside of all brackets and marks of a text."""
    inner = re.compile(r"[\^_]?\([^()]*\)|[\^_]?\[[^\[\]]*\]|\^|̂|‖[^‖]*‖")
    while (less := inner.sub("", text)) != text:
        text = less
    return text


def _plain(body: str) -> str:
    # A drawing cannot be shown here; its description can.
    body = FIGURE.sub(r"\n\nFigure. \1\n\n", in_words(body))
    body = SHORT.sub(lambda found: rf"\part{found[1] or ''} \exshort", body)
    body = WORTH.sub(lambda found: rf"\part ({points_text(_number(found[1]))}) ", body)
    body = POWER.sub(r"^{(\1)}", body)
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec
    from pylatexenc.latex2text import get_default_latex_context_db as texts_context
    from pylatexenc.latexwalker import get_default_latex_context_db as walker_context
    from pylatexenc.macrospec import MacroSpec

    walker, texts = walker_context(), texts_context()
    specs = [MacroSpec(name, args) for name, (args, _) in MACROS.items()]
    specs += [MacroSpec(name, "{{") for name in FRACTIONS]
    replacements = [
        *(MacroTextSpec(name, text) for name, (_, text) in MACROS.items()),
        *(MacroTextSpec(name, _fraction) for name in FRACTIONS),
    ]
    walker.add_context_category("exgen", prepend=True, macros=specs)
    texts.add_context_category("exgen", prepend=True, macros=replacements)
    reader = LatexNodes2Text(latex_context=texts, math_mode="text")
    return _wrapped(reader.latex_to_text(body, latex_context=walker))


def _wrapped(text: str) -> str:
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    lines = (textwrap.wrap(part, WIDTH) for part in paragraphs if part)
    return "\n".join(f"   {line}" for part in lines for line in part)
