"""Text cases: what a problem's text asks on the sheet and answers on the key, proven as a set is.

A case is a title and blocks: a network (the file's first one unless the case has its own), a
problem's text or its kind among further keys, what its key answers, by name, and what its key says
besides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from exgen.banks import load_bank
from exgen.document import Answer, Tex
from exgen.errors import ExgenError
from exgen.pipeline import build, load_profile
from exgen.render.tex import render_tex

CASES = sorted((Path(__file__).parent / "cases").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Case:
    """One case; ``key`` has the answers, or ``error`` what is said instead."""

    notation: str
    network: str
    text: str
    more: str
    key: str
    says: str
    error: str


def cases() -> list[object]:
    """Return the cases of all files."""
    found: list[object] = []
    for path in CASES:
        head, *parts = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        shared = dict(BLOCK.findall(head))
        for part in parts:
            title, _, body = part.partition("\n")
            blocks = shared | dict(BLOCK.findall(body))
            notation = re.search(r"\(in (\w+)\)", title)
            case = Case(
                notation[1] if notation else "base",
                blocks["network"],
                blocks.get("text", ""),
                blocks.get("more", ""),
                blocks.get("key", ""),
                blocks.get("says", ""),
                blocks.get("error", ""),
            )
            assert case.key or case.error, title
            found.append(pytest.param(case, id=f"{path.stem}: {title}"))
    return found


def bank_of(case: Case, folder: Path) -> Path:
    """Write a bank with one network and the case's problem."""
    path = folder / "case.toml"
    text = f"text = '''\n{case.text}'''\n" if case.text else ""
    path.write_text(
        f'title = "T"\ncourse = "C"\nnotation = "{case.notation}"\n'
        f"[networks.net]\ntext = '''\n{case.network}'''\n"
        f'[[problems]]\nid = "p"\nnetwork = "net"\n{case.more}\n{text}'
    )
    return path


def readable(answer: Answer) -> str:
    """Return an answer as its expression; numbers, shapes and choices as they are printed."""
    if answer.is_rubric:
        return " | ".join(step.why.tex for step in answer.steps if isinstance(step.why, Tex))
    sort = answer.name.partition(".")[0]
    if sort not in ("value", "update", "shape", "count") and ".value" not in answer.name:
        return answer.expr
    ruled = re.sub(r"\\begin\{array\}\{[|c]*\} \\hline", "|", answer.latex.tex)
    ruled = ruled.replace(r" \\ \hline \end{array}", " |").replace(r"\\ \hline", ";")
    latex = re.sub(r"\\(?:begin|end)\{bmatrix\}", "|", ruled)
    return latex.replace(r"\\", ";").replace(" &", "").replace(r"\times", "x")


@pytest.mark.parametrize("case", cases())
def test_what_a_text_asks(case: Case, tmp_path: Path) -> None:
    """The answers are as the case says, each is proven, and sheet and key can be printed."""
    path = bank_of(case, tmp_path)
    if case.error:
        with pytest.raises(ExgenError) as caught:
            build(load_bank(path), load_profile(case.notation), 1)
        assert str(caught.value).replace(f"{path}: ", "") == case.error.rstrip("\n")
        return
    problem_set = build(load_bank(path), load_profile(case.notation), 1)
    (problem,) = problem_set.problems
    found = [f"{answer.name}: {readable(answer)}" for answer in problem.answers]
    assert "\n".join(found) == case.key.rstrip("\n")
    assert all(answer.certificate or answer.is_rubric for answer in problem.answers)
    pages = render_tex(problem_set)
    sheet = pages["problems"]
    for line in filter(None, case.says.split("\n")):
        assert line in " ".join(pages["solutions"].split())
    assert not [a.name for a in problem.answers if rf"\exanswer{{{a.latex}}}" in sheet]
