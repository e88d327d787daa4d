"""What the commands print: few lines, aligned, plain."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

from msgspec import to_builtins

from exgen.certify.acceptance import counts_text
from exgen.errors import plain
from exgen.grading import points_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.derivation import Derivation
    from exgen.document import Agreement, Answer, ProblemSet
    from exgen.lint import Report
    from exgen.pipeline import Made
    from exgen.verify import Verified

WIDTH = 88
NUMBER = re.compile(r"-?\d+(\.\d+)?")


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


def counted(count: int, what: str) -> str:
    """Return a number of things in words, such as ``1,000 seeds``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def made_text(made: Made) -> str:
    """Return what ``make`` prints: what was proven, and the files, which come last."""
    problem_set = made.problem_set
    answers = [answer for problem in problem_set.problems for answer in problem.answers]
    proven = [answer for answer in answers if not answer.is_rubric]
    fewest = min((len(answer.certificate) for answer in proven), default=0)
    rubrics = len(answers) - len(proven)
    counts = f"{counted(len(problem_set.problems), 'problem')}, {counted(len(proven), 'answer')}"
    lines = [f"{counts}, each proven by at least {fewest} methods"]
    if rubrics:
        lines.append(f"{rubrics} more for a human grader, as a rubric without a proof")
    if made.english:
        what = "; ".join(made.english)
        lines.append(f"not in the catalogue of '{problem_set.language}', left as it is: {what}")
    lines += [_waived(part.name, part.waived) for part in problem_set.problems if part.waived]
    return _written(made, "", lines)


def _waived(problem: str, rules: tuple[str, ...]) -> str:
    return f"'{problem}' is drawn without the rule{'s' * (len(rules) > 1)} {', '.join(rules)}"


def rendered_text(made: Made) -> str:
    """Return what ``render`` prints: the files, and which of them are not as recorded."""
    version, changed = made.problem_set.versions.get("exgen"), ", ".join(made.changed)
    lines = [f"not as exgen {version} made it, and recorded anew: {changed}"] if changed else []
    return _written(made, ", made again from its manifest", lines)


def _written(made: Made, how: str, lines: Iterable[str]) -> str:
    """Return what is said of a set, where its files are, and what stood there."""
    head = f"{made.problem_set.title} ({made.problem_set.code}){how}"
    kept = [f"the folder that stood here is now {made.kept}"] if made.kept else []
    files = (f"  {made.folder / name}" for name in made.files)
    return "\n".join([head, *lines, *kept, "", *files])


def verified_text(found: Iterable[Verified]) -> str:
    """Return what ``verify`` prints: a line for each folder, and below it whatever failed."""
    every = list(found)
    width = max(len(str(part.folder)) for part in every)
    lines: list[str] = []
    for part in every:
        lines.append(f"{str(part.folder).ljust(width)}   {_verdict(part)}")
        if part.refused is not None:
            lines.append(textwrap.indent(str(part.refused), "  "))
        lines += [
            f"  {plain(failure.where)}: {plain(failure.message)}" for failure in part.failures
        ]
    return "\n".join(lines)


def _verdict(part: Verified) -> str:
    if part.refused is not None:
        return "refused"
    parts = [
        counted(part.problems, "problem"),
        f"{counted(part.answers, 'answer')} certified again (worst error {part.worst:.0e})",
        *([counted(part.rubrics, "rubric")] if part.rubrics else []),
        *(["PDFs by their hash alone"] if part.unread else []),
        *([f"signed by the owner of {part.signer}"] if part.signer else []),
        *([counted(len(part.failures), "failure")] if part.failures else []),
    ]
    return ", ".join(parts)


def verify_code(found: Iterable[Verified]) -> int:
    """Return the exit code: 1 where something failed, 2 where a manifest could not be read."""
    every = list(found)
    if any(part.failures for part in every):
        return 1
    return 2 if any(part.refused is not None for part in every) else 0


def answer_label(answer: Answer, number: int) -> str:
    """Return what names an answer; a blank inside a formula only has its number."""
    return f"blank {number}" if answer.name[:1].isdigit() else answer.name


def answer_text(answer: Answer) -> str:
    """Return an answer in the network language; a shape or a number that was asked for, itself."""
    number = NUMBER.fullmatch(answer.latex.tex)
    if number is not None and answer.expr != number[0]:
        return f"{answer.expr} = {number[0]}"
    if answer.sort == "shape" and answer.shape is not None:
        return sizes_text(answer.shape)
    return answer.expr


def set_text(problem_set: ProblemSet, statements: Iterable[str]) -> str:
    """Return what ``show`` prints: each problem's statement, then its answers with their proof."""
    blocks = [f"{problem_set.title} ({problem_set.code}, notation {problem_set.notation['name']})"]
    for number, (problem, statement) in enumerate(
        zip(problem_set.problems, statements, strict=True), start=1
    ):
        head = f"{number}. {problem.name}  [{problem.kind}, {points_text(problem.points)}]"
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
        value = "" if part.value is None else f"\n    = {json.dumps(part.value, allow_nan=False)}"
        proof = f"\n    proven by {agreement_text(part.certificate)}"
        if part.compared:
            proof += f"\n    at these values compared with {agreement_text(part.compared)}"
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
    gradients = [to_builtins(part) for part in found.gradients]
    for part in gradients:
        del part["symbol"]
    value = {} if found.loss_value is None else {"value": found.loss_value}
    content = {
        "loss": {"name": found.loss, **value},
        "gradients": gradients,
        "steps": [{"name": name, "expr": expr} for name, expr in found.steps],
        "assumes": found.premises,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


# --- exgen lint ---

OFTEN_ALIKE = 0.05
"""The share of pairs of students who may get the same problem before ``lint`` warns of it."""
LEAST_SEEDS = 20
"""With fewer seeds that share is anybody's guess."""
LOW_ACCEPTANCE = 0.01


def lint_text(reports: Iterable[Report]) -> str:
    """Return what ``lint`` prints: a table for each set, what to think about, and the verdict."""
    every = list(reports)
    blocks = [_lint_table(report) for report in every]
    remarks = [line for report in every for line in (*_failed(report), *_doubtful(report))]
    return "\n\n".join([*blocks, *(["\n".join(remarks)] if remarks else []), _lint_verdict(every)])


def _lint_table(report: Report) -> str:
    seeds = report.seeds
    head = f"{report.bank} (notation {report.notation}), seeds {seeds[0]} to {seeds[-1]}"
    names = (
        *("problem", "kind", "accepted", "variants", "alike"),
        *("most tries", "slowest", "rejected by"),
    )
    rows = [
        (
            part.problem,
            part.kind,
            share_text(part.acceptance),
            f"{len(part.variants):,}",
            share_text(part.alike),
            f"{part.most_tries[0]} (seed {part.most_tries[1]})",
            f"{part.slowest[0]:.0f} ms (seed {part.slowest[1]})",
            counts_text(part.rejected) or "-",
        )
        for part in report.yields
    ]
    return f"{head}\n{columns([names, *rows])}"


def share_text(share: float) -> str:
    """Return a share in percent, with as many digits as tell it from 0 and from all."""
    percent = 100 * share
    return "100 %" if share == 1 else f"{percent:.1f} %" if percent >= 1 else f"{percent:.2g} %"


def _failed(report: Report) -> list[str]:
    lines: list[str] = []
    for part in report.failures:
        whose = f"problem '{part.problem}'" if part.problem else "its networks"
        head = f"failed: {report.bank}, seed {part.seed}, {whose} ({part.reason}):"
        lines += [head, textwrap.indent(part.message, "  ")]
    if len(report.seeds) < report.asked:
        lines.append(
            f"stopped: {report.bank} was left after {counted(len(report.seeds), 'seed')} of "
            f"{report.asked:,}, because too many failed"
        )
    return lines


def _doubtful(report: Report) -> list[str]:
    """Return what fails nobody and still deserves a look."""
    lines = [_waived(part.problem, part.waived) for part in report.yields if part.waived]
    often = [
        part for part in report.yields if part.accepted >= LEAST_SEEDS and part.alike > OFTEN_ALIKE
    ]
    if often:
        often.sort(key=lambda part: -part.alike)
        listed = ", ".join(f"'{part.problem}' {share_text(part.alike)}" for part in often)
        lines.append(
            f"of {counted(len(report.seeds), 'seed')} two get the same problem word for word more "
            f"often than 1 in {round(1 / OFTEN_ALIKE)}: {listed}"
        )
    lines += [
        f"only {share_text(part.acceptance)} of the draws for '{part.problem}' are accepted "
        f"(rejected by: {counts_text(part.rejected)})"
        for part in report.yields
        if 0 < part.acceptance < LOW_ACCEPTANCE
    ]
    return [
        textwrap.fill(f"warning: {report.bank}: {line}", WIDTH, subsequent_indent="  ")
        for line in lines
    ]


def _lint_verdict(reports: list[Report]) -> str:
    names = ", ".join(report.bank for report in reports)
    bad = {(report.bank, part.seed) for report in reports for part in report.failures}
    if bad:
        first = next(report for report in reports if report.failures)
        seeds = sum(len(report.seeds) for report in reports)
        part = first.failures[0]
        what = f"problem '{part.problem}'" if part.problem else "its networks"
        return (
            f"{names}: {len(bad):,} of {counted(seeds, 'seed')} failed. "
            f"The first is seed {part.seed} of {first.bank}: {what} ({part.reason})."
        )
    parts = [part for report in reports for part in report.yields]
    least = min(parts, key=lambda part: len(part.variants))
    return (
        f"{names}: {'every problem' if len(parts) > 1 else 'the problem'} could be drawn and "
        f"proven for all {counted(len(reports[0].seeds), 'seed')}; "
        f"fewest variants: '{least.problem}' with {len(least.variants):,}."
    )
