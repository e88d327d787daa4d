"""Every word that a page can hold comes from a catalogue, in every language."""

from __future__ import annotations

import json
import re
import string
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from exgen import resources
from exgen.banks import load_bank
from exgen.cli import app
from exgen.derive.notation import notation_names
from exgen.derive.rules import RULES
from exgen.languages import (
    DISPLAY,
    FORMULA,
    IN_FORMULA,
    LETTERS,
    TOKEN,
    Language,
    language_names,
    load_language,
)
from exgen.ops import TABLE, lookup
from exgen.page import Page
from exgen.pipeline import build, load, load_profile
from exgen.readback.sentences import PAGE, PROBLEM, SLOT, WORDS, Form
from exgen.render.conventions import box
from exgen.render.pdf import compile_tex
from exgen.render.tex import problem_bodies, render_tex
from exgen.slips.table import SLIPS
from tests.cases import Case, cases_in
from tests.sheets import sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.document import ProblemSet

LANGUAGES = [code for code in language_names() if code != "en"]
SETS = [f"set{n}" for n in range(1, 6)]
ELSEWHERE = frozenset([":;", "and", "pt", "english"])
"""Messages that are marks, or whose words stand in no sentence."""


FULL = Page(time=90, due="x", instructions="x", points_table=True, hints="page")
"""A page with all that may stand in its head."""
FORMULAS = re.compile(rf"{FORMULA}|{DISPLAY}", re.DOTALL)


class Blank(dict[str, str]):
    """A catalogue of a language that has no words, only formulas."""

    def get(self, message: str, _default: object = None) -> str:
        """Return the fields of a message."""
        return " ".join(re.findall(r"\{\d+\}", message))


@cache
def made(name: str) -> ProblemSet:
    """Return a set of seed 1 with its key and its common mistakes."""
    return build(*load(name, None), 1)


def pages(problem_set: ProblemSet, words: Language) -> list[str]:
    """Return page 1 and the problems of sheet and key in a language."""
    found: list[str] = []
    for key in (False, True):
        bodies = problem_bodies(problem_set, words, key=key)
        found += [*bodies, *(words.page(part.tex) for part in box(problem_set, bodies))]
    return found


@pytest.mark.parametrize("case", cases_in("languages"))
def test_cases(case: Case, request: pytest.FixtureRequest) -> None:
    """A text in English becomes what the case says, in the language of its file."""
    code = request.node.callspec.id.partition(":")[0]
    assert load_language(code).page(case.given).replace("\u00a0", " ") == case.expected


@pytest.mark.parametrize(
    ("code", "given", "printed"),
    [
        ("en", "2026-11-05", "5 November 2026"),
        ("de", "2026-11-05", "5. November 2026"),
        ("es", "2026-11-05", "5 de noviembre de 2026"),
        ("fr", "2026-11-05", "5 novembre 2026"),
        ("de", "2026-13-05", "2026-13-05"),
        ("de", "am Freitag", "am Freitag"),
    ],
)
def test_dates(code: str, given: str, printed: str) -> None:
    """A date is written as its language does; words stay as they are."""
    assert load_language(code).dated(given) == printed


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_catalogue_can_be_read_back(code: str) -> None:
    """A translation has the fields of its message, and no other message has it too."""
    messages = load_language(code).messages
    for message, said in messages.items():
        assert sorted(fields(said)) == sorted(fields(message)), message
    assert len(set(messages.values())) == len(messages)


def fields(text: str) -> list[str]:
    """Return the names of the fields of a message."""
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def test_all_catalogues_have_the_same_messages() -> None:
    """What is said in one language is said in all."""
    first, *others = (load_language(code).messages.keys() for code in LANGUAGES)
    for other in others:
        assert other == first


@pytest.mark.parametrize("name", SETS)
def test_no_word_of_a_set_is_missing(name: str) -> None:
    """Sheet and key, reasons and mistakes included, in every language."""
    for code in LANGUAGES:
        missing: list[str] = []
        pages(made(name), load_language(code, told=missing.append))
        assert missing == []


@pytest.mark.parametrize("name", SETS)
def test_a_page_keeps_its_formulas(name: str) -> None:
    """Each formula of the English page stands on the others, whatever is said around it."""
    english, *others = (pages(made(name), load_language(code)) for code in ("en", *LANGUAGES))
    for other in others:
        for page, told in zip(english, other, strict=True):
            assert formulas(told) == formulas(page)


def formulas(page: str) -> list[str]:
    """Return the formulas of a page without their words, decimals as in English, sorted."""
    found = (IN_FORMULA.sub("", found[0]) for found in FORMULAS.finditer(page))
    plain = (re.sub(r"\\s+|\\\\\*|&|\\q?quad", "", formula) for formula in found)
    return sorted(formula.replace("{,}", ".").replace(";", ",") for formula in plain)


@pytest.mark.parametrize("notation", notation_names(resources.notations()))
@pytest.mark.parametrize("name", SETS)
def test_no_word_in_any_notation_is_missing(name: str, notation: str) -> None:
    """Every set in every notation; a catalogue has the messages of all others."""
    missing: list[str] = []
    bank = load_bank(resources.banks() / f"{name}.toml")
    unproven = sheet(bank, load_profile(notation), 3).problem_set
    pages(unproven, load_language(LANGUAGES[0], told=missing.append))
    assert missing == []


@pytest.mark.parametrize("name", SETS)
def test_no_letter_stands_outside_of_messages(name: str) -> None:
    """In a language without words nothing is left but formulas and commands."""
    for page in pages(made(name), Language("blank", Blank())):
        assert LETTERS.findall(TOKEN.sub(" ", page)) == []
        for words in IN_FORMULA.finditer(page):
            assert LETTERS.findall(TOKEN.sub(" ", words[2])) == [], words[0]


def test_no_message_is_left_over() -> None:
    """Every word of a message stands in a template or in the code."""
    root = Path(__file__).parents[1]
    files = [*root.glob("exgen/**/*.py"), *root.glob("templates/**/*.j2"), *root.glob("banks/*")]
    sources = " ".join(path.read_text(encoding="utf-8") for path in files if path.is_file())
    known = set(re.findall(r"[A-Za-z]+", sources)) | ELSEWHERE
    for message in load_language(LANGUAGES[0]).messages:
        words = set(re.findall(r"[A-Za-z]+", message))
        assert {
            word for word in words if word not in known and word.rstrip("s") not in known
        } == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_set_in_a_language(code: str, tmp_path: Path) -> None:
    """The language is recorded, the set is proven again from its manifest, and printed again."""
    folder = tmp_path / "made"
    asked = ["make", "--set", "2", "--language", code, "--no-pdf", "--out", str(folder)]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    assert "catalogue" not in run.output
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["set"]["language"] == code
    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 0
    before = (folder / "solutions.tex").read_bytes()
    assert CliRunner().invoke(app, ["render", str(folder), "--no-pdf"]).exit_code == 0
    assert (folder / "solutions.tex").read_bytes() == before


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.usefixtures("tex")
def test_no_english_word_is_printed(code: str, tmp_path: Path) -> None:
    """The PDFs have no word of a message that no translation has; and no line is too long."""
    messages = load_language(code).messages
    foreign = words_of(messages.values())
    english = words_of(messages) - foreign
    problem_set = replace(build(*load("2", None, code), 1), page=FULL)
    hinted = [replace(problem, hint="x") for problem in problem_set.problems]
    problem_set = replace(problem_set, problems=tuple(hinted))
    for name, data in compile_tex(render_tex(problem_set), pages={}).items():
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(data)
        text = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout
        printed = words_of([text.decode()])
        assert printed & foreign
        # the code of the variant at the foot of the page, and a function
        assert printed & english <= {"set", "diag"}


def words_of(texts: object) -> set[str]:
    """Return the words of texts, those of three letters or more."""
    return {word.lower() for text in texts for word in re.findall(r"[^\W\d_]{3,}", text)}  # type: ignore[attr-defined]


def test_an_author_s_own_words_stay(tmp_path: Path) -> None:
    """A title that no catalogue has is printed as it is, and is not missed."""
    source = (resources.banks() / "set2.toml").read_text(encoding="utf-8")
    bank = tmp_path / "own.toml"
    own = re.sub(r"(?m)^title\s*=.*", 'title = "Neuronale Netze"\nlanguage = "de"', source, count=1)
    bank.write_text(own.replace('"networks/', f'"{resources.banks()}/networks/'), encoding="utf-8")
    run = CliRunner().invoke(
        app, ["make", "--set", str(bank), "--no-pdf", "--out", str(tmp_path / "o")]
    )
    assert run.exit_code == 0, run.output
    assert "catalogue" not in run.output
    assert "Neuronale Netze" in (tmp_path / "o" / "problems.tex").read_text(encoding="utf-8")


def test_english_costs_nothing() -> None:
    """An English page needs no catalogue, and no library that reads one."""
    code = "import sys; from exgen.languages import load_language as l; l('en').page('x')"
    check = f"{code}; print('babel' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_no_word_of_a_table_is_missing() -> None:
    """The words of every op, of every mistake, and of every sentence about a network."""
    said = [row for op in TABLE.values() for row in (op.why, op.shape_why, *op.words.slopes)]
    said += [f"\\text{{{rule}; {rule} on 2 paths}}" for rule in RULES.values()]
    said += [slip.says for slip in SLIPS.values()]
    said += [text for form in (*PAGE, *PROBLEM) for text in filled(form)]
    for code in LANGUAGES:
        missing: list[str] = []
        load_language(code, told=missing.append).page("\n\n".join(map(formal, said)))
        assert missing == []


@pytest.mark.parametrize("op", ["abs", "gelu"])
def test_a_function_needs_no_words_of_its_own(op: str) -> None:
    """What is said of a function are general phrases around its formulas, the same for others."""

    def phrases(names: Iterable[str]) -> set[str]:
        said: list[str] = []
        for row in map(lookup, names):
            said += [row.why, row.shape_why, row.words.says, f"\\text{{{row.words.rule}}}"]
        found: list[str] = []
        Language("de", told=found.append).page("\n\n".join(said))
        return set(found)

    assert phrases([op]) <= phrases({"abs", "gelu", "lrelu"} - {op})
    assert phrases(["tanh"]) - phrases({"abs", "gelu", "lrelu"})


def filled(form: Form) -> list[str]:
    """Return a sentence with each choice of words in its slots, and a formula's sign in others.

    A loss and its total belong together, and a list of names has no end: those stand on pages.
    """
    slots = re.findall(SLOT, form.text)
    if {"names", "total"} & set(slots):
        return []
    wordy = [slot for slot in slots if "|" in WORDS.get(slot, "")]
    texts = []
    for chosen in product(*(WORDS[slot].split("|") for slot in wordy)):
        text = form.text
        for slot, word in zip(wordy, chosen, strict=True):
            text = text.replace(f"<{slot}>", word)
        if len(set(chosen)) == len(chosen):
            texts.append(SLOT.sub("1", text))
    return texts


def formal(text: str) -> str:
    """Return a reason with letters in place of the slots for names."""
    return re.sub(r"<[uv]>", "x", text)
