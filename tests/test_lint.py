"""``exgen lint``: what it counts, what it finds, what it says, and how it ends."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exgen import lint, terminals
from exgen.errors import CertificateError, KindError, MachineError
from exgen.lint import MOST_FAILURES, Report, sweep, targets
from exgen.pipeline import build
from exgen.report import lint_text, share_text
from exgen.solve import solve_problem
from tests.commands import run

if TYPE_CHECKING:
    from exgen.document import Problem

BANK = """\
title    = "Grids"
course   = "Tests"
notation = "base"

[networks.pool]
text   = "X: input[4, 2]\\nU = avgpool(X)\\ny = sum(U)"

[networks.line]
text   = "x: input[n]\\nW: param[m, n]\\nz = W @ x\\na = relu(z)"
draw.n = [2, 3]
draw.m = [2, 3]

[[problems]]
id      = "numbers"
kind    = "grid"
network = "pool"
draw.X = { from = -5, to = 5 }

[[problems]]
id      = "jacobian"
kind    = "local_jacobian"
network = "line"
ask     = [["a", "z"]]
"""


def bank(folder: Path, text: str = BANK) -> str:
    """Write a bank, and return how ``--set`` names it."""
    path = folder / "small.toml"
    path.write_text(text)
    return str(path)


def swept(name: str, seeds: range = range(1, 41), jobs: int = 1, kind: str | None = None) -> Report:
    """Sweep one bank."""
    (target,) = targets(name, kind, None)
    return sweep(target, seeds, jobs, lambda _done, _what: None)


def test_what_is_counted(tmp_path: Path) -> None:
    """Yield, tries and rejections are those of the problems that ``make`` would make."""
    name = bank(tmp_path)
    report = swept(name)
    (target,) = targets(name, None, None)
    made = [build(target.bank, target.notation, seed) for seed in report.seeds]
    assert (report.bank, report.notation, report.asked) == ("small", "base", 40)
    assert [part.problem for part in report.yields] == ["numbers", "jacobian"]
    for part in report.yields:
        problems = [next(p for p in one.problems if p.name == part.problem) for one in made]
        tries = [problem.tries for problem in problems]
        assert part.accepted == 40
        assert part.tries == sum(tries)
        assert sum(part.rejected.values()) == part.tries - 40
        assert part.acceptance == 40 / sum(tries)
        assert part.most_tries == (max(tries), 1 + tries.index(max(tries)))
        assert 0 < part.slowest[0] < 60_000
    numbers, jacobian = report.yields
    assert numbers.rejected
    assert set(jacobian.rejected) == {"distinct_dims"}
    # two sizes of two each that must differ
    assert len(jacobian.variants) == 2
    assert len(numbers.variants) > 30
    assert report.failures == ()


def test_processes_change_nothing(tmp_path: Path) -> None:
    """Two processes find what one finds."""
    name = bank(tmp_path)

    def figures(report: Report) -> list[Any]:
        return [replace(part, slowest=(0.0, 0)) for part in report.yields]

    one, two = swept(name), swept(name, jobs=2)
    assert figures(one) == figures(two)
    assert replace(one, yields=()) == replace(two, yields=())


def test_only_one_kind(tmp_path: Path) -> None:
    """``--kind`` leaves the other problems out; alone it takes those of every set."""
    report = swept(bank(tmp_path), range(3), kind="local_jacobian")
    assert [part.problem for part in report.yields] == ["jacobian"]
    everywhere = targets(None, "grid", None)
    assert [target.bank.name for target in everywhere] == ["set5"]
    assert everywhere[0].names == ("pooled-network",)
    ran = run("lint", "--kind", "chain_rule", "--seeds", "2", "--jobs", "1")
    assert ran.code == 0, ran.err
    assert "chain_rule" in ran.out
    assert "missing_shapes" not in ran.out


def test_command(tmp_path: Path) -> None:
    """A sound bank gets a table, what to think about, and a verdict; the exit code is 0."""
    ran = run("lint", "--set", bank(tmp_path), "--seeds", "40", "--jobs", "1", "--first", "5")
    assert (ran.code, ran.err) == (0, "")
    head, *rest = ran.out.splitlines()
    assert head == "small (notation base), seeds 5 to 44"
    assert " ".join(rest[0].split()) == (
        "problem kind accepted variants alike most tries slowest rejected by"
    )
    assert rest[1].split()[:2] == ["numbers", "grid"]
    assert "distinct_dims" in rest[2]
    share = rest[2].split()[5:7]
    assert rest[4:6] == [
        "warning: small: of 40 seeds two get the same problem word for word more often than 1 in",
        f"  20: 'jacobian' {' '.join(share)}",
    ]
    assert 48 < float(share[0]) < 60
    assert rest[7] == (
        "small: every problem could be drawn and proven for all 40 seeds; "
        "fewest variants: 'jacobian' with 2."
    )


def test_notation(tmp_path: Path) -> None:
    """A bank can be swept in another notation than its own."""
    ran = run("lint", "--set", bank(tmp_path), "--seeds", "2", "--notation", "aml5202")
    assert ran.out.startswith("small (notation aml5202), seeds 1 to 2\n")


def test_rules_that_cannot_be_met(tmp_path: Path) -> None:
    """A bank with such numbers fails, with seed, problem and the rule that kills it; soon."""
    text = BANK.replace("{ from = -5, to = 5 }", "[1, -1]").replace("sum(U)", "sum(U) / 64")
    ran = run("lint", "--set", bank(tmp_path, text), "--seeds", "500", "--jobs", "1")
    assert (ran.code, ran.err) == (1, "")
    assert "failed: small, seed 1, problem 'numbers' (short_decimals):\n" in ran.out
    assert "none of 1000 draws of numbers met the acceptance rules (rejected by: " in ran.out
    assert "Change 'draw'. short_decimals: Every number" in ran.out
    assert f"stopped: small was left after {MOST_FAILURES} seeds of 500" in ran.out
    assert ran.out.endswith(
        f"small: {MOST_FAILURES} of 10 seeds failed. "
        "The first is seed 1 of small: problem 'numbers' (short_decimals).\n"
    )
    # the other problem is judged all the same
    assert "jacobian  local_jacobian" in ran.out


def test_a_network_that_cannot_be_drawn(tmp_path: Path) -> None:
    """Where sizes can never differ it is the network that fails, by its rule."""
    text = BANK.replace("draw.n = [2, 3]", "draw.n = 3").replace("draw.m = [2, 3]", "draw.m = 3")
    ran = run("lint", "--set", bank(tmp_path, text), "--seeds", "3", "--jobs", "1")
    assert ran.code == 1
    assert "failed: small, seed 3, its networks (distinct_dims):" in ran.out
    assert "[networks.line]: none of 500 draws" in ran.out


def failing(error: Exception, seeds: set[int]) -> Any:  # noqa: ANN401 - a function
    """Return a way to solve problems that raises an error for 'jacobian' at some seeds."""
    real = solve_problem

    def solve(bank: Any, entry: Any, network: Any, setting: Any, seed: int) -> Problem:  # noqa: ANN401
        if entry.name == "jacobian" and seed in seeds:
            raise error
        return real(bank, entry, network, setting, seed)

    return solve


@pytest.mark.parametrize(
    ("error", "reason", "says"),
    [
        (CertificateError("2 is not 3", place="here"), "certificate", "here: 2 is not 3"),
        (ZeroDivisionError("division by zero"), "crash", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, says: str
) -> None:
    """A refused certificate, or a crash, is a failure of its seed alone; the exit code is 1."""
    monkeypatch.setattr(lint, "solve_problem", failing(error, {4, 7}))
    name = bank(tmp_path)
    report = swept(name, range(1, 11))
    assert [(f.seed, f.problem, f.reason) for f in report.failures] == [
        (4, "jacobian", reason),
        (7, "jacobian", reason),
    ]
    assert [part.accepted for part in report.yields] == [10, 8]
    ran = run("lint", "--set", name, "--seeds", "10", "--jobs", "1")
    assert ran.code == 1
    assert f"failed: small, seed 4, problem 'jacobian' ({reason}):\n  {says}\n" in ran.out
    assert "small: 2 of 10 seeds failed. The first is seed 4 of small" in ran.out


def test_what_cannot_be_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proven problem that its template cannot print fails, as it would stop ``make``."""
    real = solve_problem

    def solve(bank: Any, entry: Any, network: Any, setting: Any, seed: int) -> Problem:  # noqa: ANN401
        problem = real(bank, entry, network, setting, seed)
        if (entry.name, seed) != ("jacobian", 3):
            return problem
        return replace(problem, answers=(*problem.answers, problem.answers[0]))

    monkeypatch.setattr(lint, "solve_problem", solve)
    report = swept(bank(tmp_path), range(1, 6))
    (failure,) = report.failures
    assert (failure.seed, failure.problem, failure.reason) == (3, "jacobian", "page")
    assert "the template of local_jacobian asks for" in failure.message


def test_a_title_that_cannot_be_printed(tmp_path: Path) -> None:
    """What ``make`` refuses of the whole sheet is refused here too."""
    ran = run(
        "lint",
        "--set",
        bank(tmp_path, BANK.replace('"Grids"', '"Grids \U0001f600"')),
        "--jobs",
        "1",
    )
    made = run(
        "make",
        "--set",
        bank(tmp_path, BANK.replace('"Grids"', '"Grids \U0001f600"')),
        "--no-pdf",
        "--seed",
        "1",
        "--out",
        str(tmp_path / "out"),
    )
    assert made.code == ran.code == 2
    assert made.err.splitlines()[0] in ran.err.replace(" (met at seed 1)", "")


def test_a_mistake_of_the_author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that a kind cannot ask about is an error as everywhere, with the seed it met."""
    monkeypatch.setattr(lint, "solve_problem", failing(KindError("no hidden layer"), {6}))
    ran = run("lint", "--set", bank(tmp_path), "--seeds", "10", "--jobs", "1")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: no hidden layer (met at seed 6)\n"


def test_a_mistake_of_the_author_in_a_process(tmp_path: Path) -> None:
    """The error comes out of another process as it is."""
    text = BANK.replace('ask     = [["a", "z"]]', 'ask     = [["a", "q"]]')
    ran = run("lint", "--set", bank(tmp_path, text), "--seeds", "10", "--jobs", "2")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert "'q'" in ran.err
    assert "(met at seed 1)" in ran.err


def test_a_process_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed from outside is an error with what may help."""
    (target,) = targets(bank(tmp_path), None, None)
    monkeypatch.setattr(lint, "sweep_seed", die)
    with pytest.raises(MachineError, match="ended from outside") as caught:
        sweep(target, range(10), 2, lambda _done, _what: None)
    assert "--jobs" in caught.value.remedy


def die(*_: object) -> None:
    """End the process that runs this."""
    os._exit(9)


PARTS = """\
title    = "Parts"
course   = "Tests"
notation = "base"

[networks.scalars]
text = ["w: param\\nx: input\\nz = w * x\\ny = tanh(z)", "w: param\\nz = w ** 2\\ny = tanh(z)"]

[[problems]]
id      = "uneven"
kind    = "scalar_graph"
network = "scalars"
points  = 4
"""


def test_parts_that_depend_on_the_seed(tmp_path: Path) -> None:
    """Where one student gets more parts than another the set fails, and says what differs."""
    name = bank(tmp_path, PARTS)
    (failure,) = swept(name, range(1, 13)).failures
    assert (failure.problem, failure.reason) == ("uneven", "points")
    listed = {"1 + 1 + 1 + 1 + 1", "1 + 1 + 2"}
    assert sum(text in failure.message for text in listed) >= 1
    assert "every student should get as many parts and points" in failure.message
    ran = run("lint", "--set", name, "--seeds", "12", "--jobs", "1")
    assert ran.code == 1
    assert f"seed {failure.seed}, problem 'uneven' (points):" in ran.out


def test_pairs_that_are_alike(tmp_path: Path) -> None:
    """The share counts pairs of seeds: of 2, 1 and 1 seeds that are alike one pair in six."""
    part = swept(bank(tmp_path), range(1, 5)).yields[0]
    assert replace(part, variants={"a": 2, "b": 1, "c": 1}).alike == 1 / 6
    assert replace(part, variants={"a": 1}).alike == 0
    assert replace(part, variants={"a": 3}).alike == 1


def test_low_acceptance_is_a_warning(tmp_path: Path) -> None:
    """Draws that are nearly always turned down are told of, with the rule that does it."""
    report = swept(bank(tmp_path), range(1, 41))
    rare = replace(report.yields[0], tries=8000, rejected={"no_ties": 7000, "both_signs": 960})
    said = lint_text([replace(report, yields=(rare, report.yields[1]))])
    assert (
        "only 0.5 % of the draws for 'numbers' are accepted (rejected by: no_ties 7000, "
        "both_signs 960)"
    ) in " ".join(said.split())


def test_few_seeds_are_no_reason_to_warn(tmp_path: Path) -> None:
    """As many variants as seeds are as many as there can be."""
    report = swept(bank(tmp_path), range(1, 11), kind="grid")
    assert len(report.yields[0].variants) == 10
    assert "warning" not in lint_text([report])


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100 %"), (0.9999, "100.0 %"), (0.25, "25.0 %"), (0.004, "0.4 %"), (0.0, "0 %")],
)
def test_shares(share: float, text: str) -> None:
    """Only all is 100 %, and only nothing 0 %."""
    assert share_text(share) == text


class Terminal(io.StringIO):
    """A standard error that somebody watches."""

    def isatty(self) -> bool:
        """Say that this is a terminal."""
        return True


@pytest.mark.parametrize("patience", [0.0, 60.0])
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress(
    monkeypatch: pytest.MonkeyPatch, patience: float, stream: type[io.StringIO]
) -> None:
    """A bar comes up on a terminal once the work has lasted a while, and nowhere else."""
    watched = stream()
    monkeypatch.setattr(sys, "stderr", watched)
    monkeypatch.setattr(terminals, "PATIENCE", patience)
    with terminals.progress(10, "set2") as tell:
        for done in (3, 6, 10):
            tell(done, "chain-rule")
    said = watched.getvalue()
    if patience == 0 and stream is Terminal:
        assert "set2" in said
        assert "10/10" in said
        assert "chain-rule" in said
    else:
        assert said == ""


def alive(group: int) -> list[str]:
    """Return the processes of a group that still run."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(path.parent.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux lists processes there")
@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_stopped(tmp_path: Path, how: str) -> None:
    """Ctrl-C ends a sweep at once and quietly, and no process is left; nor after a kill."""
    command = [sys.executable, "-m", "exgen", "lint", "--jobs", "2", "--seeds", "1000000"]
    process = subprocess.Popen(
        [*command, "--set", bank(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    # the sweep, its two processes, and the one that Python starts to clean up after them
    while len(alive(process.pid)) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    if how == "kill":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    if how == "interrupt":
        assert (process.returncode, out, err) == (130, "", "stopped; nothing was written\n")
    until = time.monotonic() + 30
    while alive(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert alive(process.pid) == []


def test_what_sticks_out_of_its_page(tmp_path: Path, tex: Path) -> None:
    """With --pdf TeX is run, and a problem that leaves its page fails with its id."""
    name = "preactivation_of_the_very_first_of_all_the_hidden_layers_" + "of_the_network" * 4
    text = f"""\
title    = "Wide"
course   = "Tests"
notation = "base"
[networks.n]
text = "x: input\\n{name} = sigmoid(x)\\ny = tanh({name}) * {name}"
[[problems]]
id      = "wide"
kind    = "scalar_graph"
network = "n"
"""
    arguments = ("lint", "--set", bank(tmp_path, text), "--seeds", "1", "--jobs", "1")
    assert run(*arguments).code == 0
    ran = run(*arguments, "--pdf")
    assert ran.code == 1
    assert "overfull" in ran.out
    assert "problem 'wide'" in ran.out
