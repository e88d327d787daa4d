"""How wide a formula is on the page: an estimate from its LaTeX, without running TeX.

Widths are those of Computer Modern at 11 pt, in millimetres. A test holds them against TeX. They
decide where a formula is broken into lines; whether the page holds is checked by TeX's log.
"""

from __future__ import annotations

import re
from functools import lru_cache

LETTER, CAPITAL, DIGIT, NARROW, RELATION, BINARY = 2.1, 2.75, 1.94, 1.1, 5.1, 4.6
SCRIPT = 0.72
"""How much smaller a script is; one in a script is not much smaller than that."""
COLUMN = 3.9
"""Between two columns of a matrix."""
TEXT = 1.95
"""A letter of running text in a formula, where it is not in LETTERS."""
LETTERS = {
    **dict.fromkeys("iljI.,;:!'`-()", 1.2),
    **dict.fromkeys("frst~", 1.4),
    **dict.fromkeys("mwMW", 3.1),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ", 2.75),
}
SMALL = 0.92
"""How much smaller a reason is set."""

SIGN = re.compile(r"\\[A-Za-z]+\*?|\\.|[^\s]")
WORDS = ("log", "exp", "tanh", "max", "min", "sin", "cos")
WIDTHS = {
    **dict.fromkeys("|,.;:!'", NARROW),
    **dict.fromkeys("()[]", 1.5),
    **dict.fromkeys("=<>", RELATION),
    **dict.fromkeys("+-", BINARY),
    **dict.fromkeys("mwMW", 3.2),
    **dict.fromkeys("iljft", 1.5),
    **dict.fromkeys((r"\le", r"\ge", r"\neq", r"\to", r"\in", r"\approx"), RELATION),
    **dict.fromkeys((r"\times", r"\odot", r"\oslash", r"\circ", r"\otimes", "*"), BINARY),
    r"\cdot": 3.0,
    r"\nabla": 3.25,
    **dict.fromkeys((r"\sum", r"\prod"), 5.6),
    **dict.fromkeys((r"\ldots", r"\cdots", r"\dots"), 5.0),
    r"\quad": 3.85,
    r"\qquad": 7.7,
    r"\,": 0.64,
    r"\;": 1.07,
    **dict.fromkeys((r"\:", r"\ "), 1.0),
    **dict.fromkeys((r"\displaystyle", r"\!", r"\limits"), 0.0),
    **dict.fromkeys((r"\left", r"\right"), 0.5),
    **dict.fromkeys((r"\{", r"\}", r"\lVert", r"\rVert"), 1.94),
    **dict.fromkeys((r"\lvert", r"\rvert"), 1.07),
    **{rf"\{word}": 1.95 * len(word) + 0.6 for word in WORDS},
}
OVER = frozenset({r"\frac", r"\dfrac", r"\underbrace"})
LIMITS = frozenset({r"\sum", r"\prod"})
HEAVY, BOLD = frozenset({r"\mathbf", r"\boldsymbol", r"\exanswer"}), 1.2
PLAIN = frozenset({r"\text", r"\operatorname", r"\mathrm", r"\mathsf", r"\textrm", r"\exreason"})


@lru_cache(maxsize=4096)
def formula_width(latex: str) -> float:
    """Return the width of a formula in display style, in millimetres."""
    return _Reader(SIGN.findall(_spaced(latex))).row()


def _spaced(latex: str) -> str:
    """Return a formula in which the spaces of words in it count: TeX skips all others."""
    return re.sub(r"(\\(?:text|exreason)\{[^{}]*\})", lambda m: m[0].replace(" ", "~"), latex)


class _Reader:
    """Reads a formula from left to right, group by group."""

    def __init__(self, signs: list[str]) -> None:
        self._signs = signs
        self._at = 0

    def row(self) -> float:
        """Return the width up to the end of the group, or of the formula."""
        width = under = 0.0
        scripts: dict[str, float] = {}
        while self._at < len(self._signs):
            sign = self._signs[self._at]
            if sign in {"}", r"\end"}:
                break
            if sign in "^_":
                self._at += 1
                scripts[sign] = SCRIPT * self._one()
                continue
            width += max(max(scripts.values(), default=0.0) - under, 0.0)
            scripts = {}
            one = self._one()
            # in display style the limits of a sum stand above and below it
            under = one if sign in LIMITS else 0.0
            width += one
        return width + max(max(scripts.values(), default=0.0) - under, 0.0)

    def _one(self) -> float:
        """Return the width of the next symbol or group."""
        sign = self._signs[self._at]
        self._at += 1
        if sign == "{":
            width = self.row()
            self._at += 1
            return width
        if sign in OVER:
            return max(self._one(), self._one()) + (0.0 if sign == r"\underbrace" else 0.9)
        if sign == r"\exshape":
            return max(self._one(), SCRIPT * self._one())
        if sign == r"\begin":
            return self._environment()
        if sign in PLAIN:
            return self._text() * (SMALL if sign == r"\exreason" else 1.0)
        if sign.startswith("\\") and sign not in WIDTHS and self._starts_group():
            return self._one() * (BOLD if sign in HEAVY else 1.0)  # a style, an accent, a colour
        if sign.isalpha():
            return WIDTHS.get(sign, CAPITAL if sign.isupper() else LETTER)
        return WIDTHS.get(sign, DIGIT if sign.isdigit() else 0.0 if sign in "&~" else LETTER)

    def _starts_group(self) -> bool:
        return self._at < len(self._signs) and self._signs[self._at] == "{"

    def _text(self) -> float:
        """Return the width of a word or sentence in braces."""
        if not self._starts_group():
            return self._one()
        depth, width = 0, 0.0
        while self._at < len(self._signs):
            sign = self._signs[self._at]
            self._at += 1
            depth += {"{": 1, "}": -1}.get(sign, 0)
            if depth == 0:
                break
            width += LETTERS.get(sign, TEXT) if sign not in "{}" else 0.0
        return width + 0.6

    def _environment(self) -> float:
        """Return the width of a matrix, of cases or of aligned lines: that of its columns."""
        name = self._name()
        if name == "array":
            self._name()
        rows: list[list[float]] = [[0.0]]
        while self._at < len(self._signs) and self._signs[self._at] != r"\end":
            sign = self._signs[self._at]
            if sign == "&":
                rows[-1].append(0.0)
                self._at += 1
            elif sign == r"\\":
                rows.append([0.0])
                self._at += 1
            elif sign in "^_":
                self._at += 1
                rows[-1][-1] += SCRIPT * self._one()
            elif sign == r"\hline":
                self._at += 1
            else:
                rows[-1][-1] += self._one()
        self._at += 1
        self._name()
        count = max(map(len, rows))
        widths = [max(row[n] for row in rows if n < len(row)) for n in range(count)]
        between = 0.0 if name == "aligned" else COLUMN
        return sum(widths) + between * count

    def _name(self) -> str:
        name: list[str] = []
        while self._at < len(self._signs):
            sign = self._signs[self._at]
            self._at += 1
            if sign == "}":
                break
            name.append(sign)
        return "".join(name).strip("{")
