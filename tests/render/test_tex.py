"""The document as TeX: plain text stays plain text, and sheet and key cannot drift apart."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exgen import resources
from exgen.document import Tex
from exgen.errors import BankError
from exgen.pipeline import build, load
from exgen.render.characters import SETTABLE, T5, declarations, escape
from exgen.render.pdf import typeset
from exgen.render.tex import render_tex
from tests.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.document import ProblemSet

HOSTILE = r"&%_#$^~\{}[]<<>><%%><|>--,,''?`!`*\input{/etc/passwd}\end{document}%"
PLACES = ("title", "course")


@pytest.fixture(scope="module")
def small() -> ProblemSet:
    """Give a set whose text is replaced in the tests."""
    return build(*load("2", None), 7)


def pdf_text(folder: Path, data: bytes) -> str:
    """Return the text of a PDF on one line, without spaces: TeX spaces as it likes."""
    (folder / "a.pdf").write_bytes(data)
    text = subprocess.run(
        ["pdftotext", "-raw", str(folder / "a.pdf"), "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return re.sub(r"\s+", "", text)


def test_hostile_text_is_printed_as_it_stands(tex: Path, tmp_path: Path, small: ProblemSet) -> None:
    """Everything that means something to TeX, Jinja or a shell prints as itself."""
    assert "root:" not in HOSTILE
    hostile = replace(small, title="T" + HOSTILE, course="C" + HOSTILE)
    # a word of this length leaves the page, which is another matter
    found = pdf_text(tmp_path, typeset({"a": render_tex(hostile)["problems"]})["a"].pdf)
    # the apostrophe of Latin Modern is the typographer's
    expected = HOSTILE.replace("'", "’").replace(" ", "")
    assert "T" + expected in found
    assert "C" + expected in found
    assert "root:" not in found


def test_every_settable_character_is_set(tex: Path, tmp_path: Path, small: ProblemSet) -> None:
    """What the rule lets through stops no TeX run, in the heading or in the code of the set."""
    every = "".join(char for char in map(chr, range(32, 0x3000)) if SETTABLE.match(char))
    assert len(every) > 300
    lines = [every[at : at + 40] for at in range(0, len(every), 40)]
    body = "\n\n".join(f"{escape(line)} \\texttt{{{escape(line)}}}" for line in lines)
    source = render_tex(small)["problems"]
    head = source.partition(r"\begin{document}")[0]
    document = f"{head}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    found = pdf_text(tmp_path, typeset({"a": document})["a"].pdf)
    for char in 'AZaz09&%_#$^~\\{}<>|"äßçøéœŁžĞ€£§«»–—…†•':
        assert unicodedata.normalize("NFKC", char) in unicodedata.normalize("NFKC", found)


LATIN = [*map(chr, range(0xC0, 0x250)), *map(chr, range(0x1E00, 0x1F00))]
"""The letters of Latin: with one sign, and with several."""


def settable(char: str) -> bool:
    """Whether a page can have a character."""
    try:
        escape(char)
    except BankError:
        return False
    return True


def test_latin_with_accents_can_be_set() -> None:
    """All that is a letter of ASCII with accents above and below, and all of Vietnamese."""
    every = [char for char in LATIN if settable(char)]
    assert set(T5) <= set(every)
    assert set("ẁǎṭḥṣḍḡǖẽọởửặễạĐđ") <= set(every)
    lacking = [
        unicodedata.name(char)
        for char in LATIN
        if char not in every and unicodedata.normalize("NFD", char) != char
    ]
    assert len(lacking) < len(every) / 8, lacking


def test_every_letter_with_accents_is_set(tex: Path, tmp_path: Path, small: ProblemSet) -> None:
    """Declared in the preamble, each stops no TeX run, in the heading or in the code of a set."""
    every = "".join(char for char in LATIN if settable(char))
    head = render_tex(small)["problems"].partition(r"\begin{document}")[0]
    assert r"\DeclareUnicodeCharacter" not in head
    lines = [every[at : at + 30] for at in range(0, len(every), 30)]
    body = "\n\n".join(f"{{\\LARGE\\bfseries {line}}} {line} \\texttt{{{line}}}" for line in lines)
    letters = "\n".join(declarations(lines))
    document = f"{head}{letters}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    found = pdf_text(tmp_path, typeset({"a": document})["a"].pdf)
    for char in "ễạởưăẾ":
        assert char in unicodedata.normalize("NFC", found)


def test_a_title_in_vietnamese_and_one_in_french(
    tex: Path, tmp_path: Path, small: ProblemSet
) -> None:
    """Titles print as they are typed, with no-break spaces of both widths."""
    title, course = "Lan truyền ngược", "Đại học\u00a0: «\u202fphở\u202f»"
    source = render_tex(replace(small, title=title, course=course))["problems"]
    assert title in source
    assert r"Đại học~: «\,phở\,»" in source
    found = pdf_text(tmp_path, typeset({"a": source})["a"].pdf)
    assert "Lantruyềnngược" in unicodedata.normalize("NFC", found)


@pytest.mark.parametrize("char", ["中", "😀", "Ж", "σ", "∇", "א", "ẞ", "\u2212"])
@pytest.mark.parametrize("place", PLACES)
def test_characters_without_a_glyph(tmp_path: Path, char: str, place: str) -> None:
    """A character that the fonts lack is named before TeX runs, and nothing is written."""
    bank = (resources.banks() / "set2.toml").read_text()
    bank = re.sub(rf"^{place} .*$", f'{place} = "Deep {char}"', bank, flags=re.MULTILINE)
    bank = bank.replace('"networks/', f'"{resources.banks()}/networks/')
    (tmp_path / "bank.toml").write_text(bank)
    ran = run("make", "--set", str(tmp_path / "bank.toml"), "--out", str(tmp_path / "out"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: {tmp_path / 'bank.toml'}: {place}: TeX cannot print {char!r} "
        f"(U+{ord(char):04X}), which stands in 'Deep {char}'\n"
        "Write it with Latin letters and common signs.\n"
    )
    assert run("lint", "--set", str(tmp_path / "bank.toml"), "--seeds", "1") == ran
    assert [path.name for path in tmp_path.iterdir()] == ["bank.toml"]


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("R&D 100%", r"R\&D 100\%"),
        ("a_b", r"a\_b"),
        ("x^y", r"x\textasciicircum{}y"),
        ("<<", "<{}<"),
        (",,,", ",{},{},"),
        ("e\u0301", "é"),
        ("a\u200db", "ab"),
        ("a\u00a0: b", "a~: b"),
        ("«\u202fa\u202f»", r"«\,a\,»"),
        ("ễ ǎ", "ễ ǎ"),
        ("a\x07b\tc", "a b c"),
        ("", ""),
        ("plain", "plain"),
    ],
)
def test_escape(text: str, tex: str) -> None:
    """Special characters, ligatures, accents in two parts and control characters."""
    assert escape(text) == tex


@settings(max_examples=300)
@given(st.text())
def test_escaped_text_holds_no_command_of_its_own(text: str) -> None:
    """Whatever is escaped, the only commands left are the ones that stand for a character."""
    try:
        escaped = escape(text)
    except BankError as error:
        assert "U+" in error.message  # noqa: PT017 - either is right, this only for bad text
        return
    known = r"\\(textbackslash|textasciitilde|textasciicircum|textasciigrave)\{\}|\\[&%$#_{}]"
    assert escaped.count("~") == text.count("\u00a0")
    rest = re.sub(rf"{known}|~|\\,", "", escaped)
    assert not set(rest) & set("\\&%$#_^~`")
    assert rest.count("{") == rest.count("}")


def test_a_template_must_ask_for_every_answer(small: ProblemSet) -> None:
    """An answer that the template leaves out is found at once, not by a student."""
    problem = small.problems[0]
    more = replace(problem.answers[0], name="extra")
    changed = replace(problem, answers=(*problem.answers, more))
    with pytest.raises(RuntimeError, match="extra"):
        render_tex(replace(small, problems=(changed,)))


def test_text_and_tex_are_two_types(small: ProblemSet) -> None:
    """The same characters are escaped as text and printed as they are as TeX."""
    problem = next(problem for problem in small.problems if problem.kind == "local_jacobian")
    (block,) = problem.fields["blocks"]

    def sheet(piece: str | Tex) -> str:
        more = {**block["paragraphs"][0], "pieces": [piece], "boxed": []}
        changed = {**block, "paragraphs": [more, *block["paragraphs"]]}
        made = replace(problem, fields={**problem.fields, "blocks": [changed]})
        return render_tex(replace(small, problems=(made,)))["problems"]

    assert r"\textbackslash{}alpha\_1" in sheet(r"\alpha_1")
    assert "\n\\alpha_1\n" in sheet(Tex(r"\alpha_1"))


def test_sheet_and_key_ask_alike(small: ProblemSet) -> None:
    """The key says what the sheet says, with the blanks filled and the work shown."""
    sources = render_tex(small)
    sheet, key = sources["problems"], sources["solutions"]
    filled = re.sub(r"\\exanswer\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", r"\\exblank", key)
    sheet = sheet.replace(r"\exblank \,\times\, \exblank", r"\exblank")
    chain = re.compile(r"\\begin\{exchain\}.*?\\end\{exchain\}", re.DOTALL)
    assert chain.findall(sheet)
    assert chain.findall(sheet) == chain.findall(filled)
