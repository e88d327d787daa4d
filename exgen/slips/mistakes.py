"""The common mistakes of an answer: what each slip gives instead, refused by the certificate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exgen.certify.prove import prove
from exgen.document import Mistake
from exgen.errors import CertificateError
from exgen.slips.table import SLIPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from exgen.certify.memory import Memory
    from exgen.certify.prove import Claim
    from exgen.document import Tex
    from exgen.slips.claims import Wrong

MOST = 3
"""How many mistakes the key shows for one answer."""
LONGEST = 56
"""A wrong answer with more signs than this does not fit a short line."""
SIGN = re.compile(r"\\[a-zA-Z]+|[^\s{}\\^_]")
UNSEEN = re.compile(r"\\(left|right|math\w+|operatorname|hat|frac|text|boldsymbol|begin|end)\b|\\,")
"""Commands that print no sign of their own."""


@dataclass(frozen=True, slots=True)
class Slipped:
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
) -> Slipped:
    """Apply slips to an answer.

    Args:
        claim: what the answer asserts; None for a rubric.
        write: how the answer is printed, given its claim; None where slips do not apply.
        slips: the names of the slips that apply.
        memory: shared by the answers of a problem.

    """
    if claim is None or write is None:
        return Slipped((), ())
    right = write(claim)
    found: list[Mistake] = []
    lucky: list[str] = []
    shown = {right.tex}
    for name in slips:
        told = False
        for wrong in SLIPS[name].wrong(claim, memory):
            if wrong.lucky:
                lucky.append(name)
            elif wrong.claim is not None and not told and len(found) < MOST:
                latex = write(wrong.claim)
                if latex.tex in shown or signs(latex.tex) > LONGEST or not is_refused(wrong):
                    continue
                shown.add(latex.tex)
                found.append(Mistake(name, SLIPS[name].says, latex))
                told = True
    return Slipped(tuple(found), tuple(dict.fromkeys(lucky)))


def signs(tex: str) -> int:
    r"""Return about how many signs LaTeX prints.

    >>> signs(r"\left(W_{1}^{\top}\,g\right)")
    6
    """
    return len(SIGN.findall(UNSEEN.sub("", tex)))


def is_refused(wrong: Wrong) -> bool:
    """Whether the certificate refuses what a slip made; else the slip is no mistake here."""
    if wrong.claim is None:
        return False
    try:
        prove(wrong.claim)
    except CertificateError:
        return True
    return False
