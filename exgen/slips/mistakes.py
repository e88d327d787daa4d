"""The common mistakes of an answer: what each slip gives instead, where that is worth telling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from exgen.document import MOST_MISTAKES, Mistake, Tex
from exgen.slips.table import SLIPS
from exgen.slips.told import Drawn, is_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim

NOWHERE = Tex("")
NOTHING_DRAWN = Drawn()
LONGEST = 56
"""A wrong answer with more signs than this does not fit a short line."""
SIGN = re.compile(r"\\[a-zA-Z]+|[^\s{}\\^_]")
UNSEEN = re.compile(r"\\(left|right|math\w+|operatorname|hat|frac|text|boldsymbol|begin|end)\b|\\,")
"""Commands that print no sign of their own."""


class Slipped(Struct, frozen=True):
    """What the slips make of an answer.

    Attributes:
        mistakes: wrong answers, for the key.
        lucky: the slips that give the right answer at these draws, and not in general.

    """

    mistakes: tuple[Mistake, ...]
    lucky: tuple[str, ...]


def slipped(
    claim: Claim | None,
    write: Callable[[Any], Tex] | None,
    slips: tuple[str, ...],
    memory: Memory,
    *,
    where: Tex = NOWHERE,
    drawn: Drawn = NOTHING_DRAWN,
) -> Slipped:
    """Apply slips to an answer.

    Args:
        claim: what the answer asserts; None for a rubric.
        write: how the answer is printed, given its claim; None where slips do not apply.
        slips: the names of the slips that apply, the likeliest first.
        memory: shared by the answers of a problem.
        where: which blank the answer fills, as running text.
        drawn: the numbers of the problem.

    """
    if claim is None or write is None:
        return Slipped((), ())
    found: list[Mistake] = []
    lucky: list[str] = []
    shown = {write(claim).tex}
    for name in slips:
        told = False
        for wrong in SLIPS[name].wrong(claim, memory):
            if wrong.lucky:
                lucky.append(name)
            elif wrong.claim is not None and not told and len(found) < MOST_MISTAKES:
                latex = write(wrong.claim)
                if latex.tex in shown or signs(latex.tex) > LONGEST:
                    continue
                if not is_told(claim, wrong, memory, drawn):
                    continue
                shown.add(latex.tex)
                found.append(Mistake(name, SLIPS[name].says, latex, where))
                told = True
    return Slipped(tuple(found), tuple(dict.fromkeys(lucky)))


def signs(tex: str) -> int:
    r"""Return about how many signs LaTeX prints.

    >>> signs(r"\left(W_{1}^{\top}\,g\right)")
    6
    """
    return len(SIGN.findall(UNSEEN.sub("", tex)))
