r"""A page in another language: each sentence is looked up in a catalogue, without its formulas.

Formulas are the same in all languages, so what remains of a sentence is a message: that of
``The gradient of $L$ has the shape of $x$.`` is ``The gradient of {1} has the shape of {2}``.
Templates are written in English, and the English page is what is read back and proven. Another
language prints the same formulas in the same roles, and no two messages share a translation, so
what is proven of the one page holds for the other.
"""

from __future__ import annotations

import re
from calendar import month_name
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from exgen.errors import BankError
from exgen.resources import locales

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FORMULA = r"\$(?:\\.|[^$\\])*\$"
DISPLAY = r"\\\[.*?\\\]|\\begin\{align\*\}.*?\\end\{align\*\}"
ARGUMENT = r"\{[^{}]*\}"
OPTION = r"(?:\[[^\]]*\])?"
TOKEN = re.compile(
    r"(?P<drawing>\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}|\\begin\{exfigure\}.*?\n)"
    rf"|(?P<display>{DISPLAY})|(?P<sign>\\[$%#_&])|(?P<formula>{FORMULA})"
    r"|(?P<dash>(?<=\w)\{-\}(?=\w))"
    r"|(?P<hole>\\(?:thepage|thequestion|numpages)(?:\{\})?(?![A-Za-z])|\([a-z]\)"
    r"|(?<![\w.])(?:\d*½|\d+(?:\.\d+)?)(?!\w))"
    r"|(?P<bound>\n[ \t]*\n|\\begin\{tabular\}" + ARGUMENT + "|"
    rf"\\(?:begin|end|exspace|exroom|explot|hspace\*?|setlength){ARGUMENT}|\{{[\d.]+mm\}}"
    rf"|\\\\\*?{OPTION}|\\(?:question|part|exshort){OPTION}|\\[A-Za-z]+\*?|[{{}}&])",
    re.DOTALL,
)
"""What text is not: drawings and displays, what stands in a sentence, and what bounds one."""
IN_FORMULA = re.compile(r"(\\(?:text|exreason)\{)((?:[^{}]|\{[^{}]*\})*)\}")
DECIMAL = re.compile(r"(?<=\d)\.(?=\d)(?!\d+(?:mm|pt|em|ex))")
NEXT_NUMBER = re.compile(r"(?<=\d),(?=(?:\\[,;: ]|\\q?quad|\s)*-?\d)")
FIRST = 0xE000
HOLE = f"[{chr(FIRST)}-\uf8ff]"
LISTED = re.compile(
    rf"{HOLE}(?:(?:[,;] {HOLE})*[,;]? and {HOLE}|(?:, {HOLE})+(?= *(?:[.:;)]|\Z)))(?! an? )|{HOLE}"
)
"""One formula, or a list of them: in a message one field."""
SENTENCE = re.compile(rf"(?<=[.?]) (?=[A-Z]|{HOLE})")
CORE = re.compile(r"((?:[\s,.;:\]]|\\,)*)(.*?)((?:[\s,.;:]|\\,)*)\Z", re.DOTALL)
LETTERS = re.compile(r"[A-Za-z]")
BETWEEN = ("; ", ": ", ", and |, | and ")
"""What may stand between two clauses, the strongest marks first."""


def nobody(_message: str) -> None:
    """Take no note of a sentence without a translation."""


@dataclass(frozen=True, slots=True)
class Language:
    """The words of a page in a language.

    Attributes:
        code: such as ``de``.
        messages: the translation of each message; templates are written in English.
        comma: whether decimals have a comma; a list of them then has semicolons.
        told: hears of each message of a page that has no translation.

    """

    code: str
    messages: Mapping[str, str] = field(default_factory=dict)
    comma: bool = False
    told: Callable[[str], None] = nobody

    def page(self, latex: str) -> str:
        """Return TeX with its sentences in this language; what has no translation stays."""
        if self.code == "en":
            return latex
        found: list[str] = []
        holes: list[str] = []
        text, place = "", 0
        for match in TOKEN.finditer(latex):
            text += latex[place : match.start()]
            place = match.end()
            sort, token = match.lastgroup, match[0]
            if sort in {"dash", "sign"}:
                text += "-" if sort == "dash" else token
            elif sort in {"formula", "hole"}:
                text += chr(FIRST + len(holes))
                holes.append(self.formula(token) if sort == "formula" else token)
            else:
                found.append(self._text(text, holes))
                text = ""
                if sort == "drawing":
                    token = re.sub(FORMULA, lambda inner: self.formula(inner[0]), token)
                found.append(self.formula(token) if sort == "display" else token)
        return "".join((*found, self._text(text + latex[place:], holes)))

    def dated(self, text: str) -> str:
        """Return a date such as ``2026-11-25`` as this language writes it; other text stays."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return text
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        if self.code == ENGLISH.code:
            return f"{day.day} {month_name[day.month]} {day.year}"
        from babel.dates import format_date

        return str(format_date(day, "long", locale=self.code))

    def formula(self, latex: str) -> str:
        """Return a formula with its decimals and its words as this language has them."""
        worded = IN_FORMULA.sub(lambda words: f"{words[1]}{self.page(words[2])}}}", latex)
        if not self.comma or not DECIMAL.search(worded):
            return worded
        return NEXT_NUMBER.sub(";", DECIMAL.sub("{,}", worded))

    def _number(self, text: str) -> str:
        return DECIMAL.sub(",", text) if self.comma and not text.startswith("$") else text

    def _text(self, text: str, holes: Sequence[str]) -> str:
        words = text.strip()
        if not words:
            return text
        before, _, after = text.partition(words)
        sentences = SENTENCE.split(" ".join(words.split()))
        return before + " ".join(self._sentence(part, holes) for part in sentences) + after

    def _sentence(self, sentence: str, holes: Sequence[str]) -> str:
        said = self._clauses(sentence, holes)
        if said is None:
            self.told(message(CORE.findall(sentence)[0][1])[0])
            said = re.sub(HOLE, lambda hole: holes[ord(hole[0]) - FIRST], sentence)
        return said

    def _clauses(
        self, text: str, holes: Sequence[str], marks: Sequence[str] = BETWEEN
    ) -> str | None:
        """Return a text as the catalogue has it, whole or else clause by clause."""
        said = self._clause(text, holes)
        if said is not None or not marks:
            return said
        found = ""
        for place, part in enumerate(re.split(f"({marks[0]})", text)):
            said = self._mark(part) if place % 2 else self._clauses(part, holes, marks[1:])
            if said is None:
                return None
            found += said
        return found

    def _clause(self, clause: str, holes: Sequence[str]) -> str | None:
        before, core, after = CORE.findall(clause)[0]
        msgid, fields = message(core)
        said = self.messages.get(msgid) if LETTERS.search(msgid) else msgid
        if said is None:
            return None
        filled = said.format("", *(self._listed(part, holes) for part in fields))
        # a thin space sets a mark off from a formula
        end = after if said.endswith("}") else after.replace(r"\,", "")
        return f"{before}{filled}{self._mark(end)}"

    def _listed(self, listed: str, holes: Sequence[str]) -> str:
        """Return a list of formulas; with semicolons where a comma may be that of a decimal."""
        formulas = [self._number(holes[ord(hole) - FIRST]) for hole in re.findall(HOLE, listed)]
        marks = re.split(HOLE, listed)
        if any("{,}" in formula for formula in formulas):
            marks = [mark.replace(",", ";") for mark in marks]
        pairs = zip(marks, [*formulas, ""], strict=True)
        return "".join(f"{self._mark(mark)}{formula}" for mark, formula in pairs)

    def _mark(self, mark: str) -> str:
        """Return what stands between clauses or after them as this language sets it."""
        plain = re.sub("[,;] and ", " and ", mark)
        return re.sub("and|[:;]", lambda sign: self.messages.get(sign[0], sign[0]), plain)


ENGLISH = Language("en")


def message(sentence: str) -> tuple[str, list[str]]:
    """Return a sentence with a number in braces for each formula or list of them; and these."""
    fields: list[str] = []

    def numbered(listed: re.Match[str]) -> str:
        fields.append(listed[0])
        return f"{{{len(fields)}}}"

    return LISTED.sub(numbered, sentence), fields


def language_names() -> tuple[str, ...]:
    """Return the codes of the languages that there are, sorted."""
    return tuple(sorted({ENGLISH.code} | {folder.name for folder in locales().iterdir()}))


def load_language(code: str, place: str = "", told: Callable[[str], None] = nobody) -> Language:
    """Load the catalogue of a language.

    Args:
        code: English, or the name of a folder of catalogues.
        place: where the code stands, for the error.
        told: hears of each message of a page that has no translation.

    Raises:
        BankError: exgen does not have this language.

    """
    if code == ENGLISH.code:
        return ENGLISH
    if code not in language_names():
        remedy = f"Choose one of {', '.join(language_names())}."
        raise BankError(f"there is no language '{code}'", place=place, remedy=remedy)
    from babel.messages.pofile import read_po
    from babel.numbers import get_decimal_symbol

    with (locales() / code / "LC_MESSAGES" / "exgen.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    messages = {str(entry.id): str(entry.string) for entry in catalogue if entry.id}
    return Language(code, messages, get_decimal_symbol(code) == ",", told)
