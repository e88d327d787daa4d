"""What the commands print: few lines, aligned, plain."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.document import Agreement, Answer, ProblemSet
    from exgen.gradients import Derivation
    from exgen.pipeline import Made

WIDTH = 88


def columns(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> str:
    """Return rows of cells, each column as wide as its widest cell."""
    table = list(rows)
    if not table:
        return ""
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table)
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def agreement_text(certificate: Iterable[Agreement]) -> str:
    """Return the methods that agreed, each with its error where it is not exact."""
    return ", ".join(
        f"{part.method} ({part.error:.0e})" if part.error else part.method for part in certificate
    )


def sizes_text(sizes: tuple[int | str, ...]) -> str:
    """Return sizes as ``3 x (N + 1)``; none is a scalar's."""
    parts = [f"({size})" if "+" in str(size) else str(size) for size in sizes]
    return " x ".join(parts) if len(sizes) > 1 else str(sizes[0]) if sizes else "scalar"


def made_text(made: Made) -> str:
    """Return what ``make`` prints: what was proven, and the files, which come last."""
    answers = [answer for problem in made.problem_set.problems for answer in problem.answers]
    proven = [answer for answer in answers if not answer.is_rubric]
    fewest = min((len(answer.certificate) for answer in proven), default=0)
    rubrics = len(answers) - len(proven)
    problems = len(made.problem_set.problems)
    counts = f"{problems} problem{'s' if problems > 1 else ''}, {len(proven)} answers"
    lines = [
        f"{made.problem_set.title} ({made.problem_set.code})",
        f"{counts}, each proven by at least {fewest} methods",
        *([f"{rubrics} more for a human grader, as a rubric without a proof"] if rubrics else []),
    ]
    if made.kept is not None:
        lines.append(f"the folder that stood here is now {made.kept}")
    return "\n".join([*lines, "", *(f"  {made.folder / name}" for name in made.files)])


def answer_label(answer: Answer, number: int) -> str:
    """Return what names an answer; a blank inside a formula only has its number."""
    return f"blank {number}" if answer.name[:1].isdigit() else answer.name


def answer_text(answer: Answer) -> str:
    """Return an answer in the network language; where a shape was asked for, the shape."""
    if answer.claim.get("claim") == "shape" and answer.shape is not None:
        return sizes_text(answer.shape)
    return answer.expr


def set_text(problem_set: ProblemSet, statements: Iterable[str]) -> str:
    """Return what ``show`` prints: each problem's statement, then its answers with their proof."""
    blocks = [f"{problem_set.title} ({problem_set.code}, notation {problem_set.notation['name']})"]
    for number, (problem, statement) in enumerate(
        zip(problem_set.problems, statements, strict=True), start=1
    ):
        head = f"{number}. {problem.name}  [{problem.kind}, {problem.points} points]"
        rows = [
            (answer_label(answer, n), answer_text(answer), agreement_text(answer.certificate))
            for n, answer in enumerate(problem.answers, start=1)
        ]
        blocks.append(f"{head}\n{statement}\n\n{columns(rows)}")
    return "\n\n".join(blocks)


def catalogue_text(catalogue: Iterable[tuple[str, Iterable[tuple[str, ...]]]]) -> str:
    """Return what ``list`` prints: headings with their rows."""
    return "\n\n".join(f"{heading}\n{columns(rows)}" for heading, rows in catalogue)


def derivation_text(found: Derivation) -> str:
    """Return every gradient in the network language, with its shape and its proof."""
    blocks: list[str] = []
    for part in found.gradients:
        size = sizes_text(part.shape)
        head = f"d{found.loss}/d{part.name}  ({size})"
        body = textwrap.indent(part.expr, "    ")
        value = "" if part.value is None else f"\n    = {json.dumps(part.value)}"
        proof = f"\n    proven by {agreement_text(part.certificate)}"
        blocks.append(f"{head}\n{body}{value}{proof}")
    if found.loss_value is not None:
        blocks.insert(0, f"{found.loss} = {found.loss_value!r}")
    blocks += [f"assumes that {premise}" for premise in found.premises]
    return "\n\n".join(blocks)


def derivation_latex(found: Derivation) -> str:
    """Return every gradient as a line of LaTeX for an align environment."""
    return " \\\\\n".join(f"{part.symbol} &= {part.latex}" for part in found.gradients)


def derivation_json(found: Derivation) -> str:
    """Return a derivation as JSON; ``value`` is there only where values were given."""
    gradients = [
        {
            "name": part.name,
            "shape": list(part.shape),
            "latex": part.latex,
            "expr": part.expr,
            **({} if part.value is None else {"value": part.value}),
            "why": list(part.why),
            "certificate": [asdict(agreement) for agreement in part.certificate],
        }
        for part in found.gradients
    ]
    steps = [{"name": name, "expr": expr} for name, expr in found.steps]
    loss = {"name": found.loss}
    extra = {} if found.loss_value is None else {"value": found.loss_value}
    return json.dumps(
        {
            "loss": {**loss, **extra},
            "gradients": gradients,
            "steps": steps,
            "assumes": list(found.premises),
        },
        indent=1,
        ensure_ascii=False,
    )
