"""The guide in docs/authoring.md: its examples are written to files, and its commands are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "authoring.md"
BLOCK = re.compile(
    r"(?:<!-- (?P<what>\w+): (?P<path>\S+) -->\n)?```(?P<sort>\w+)\n(?P<text>.*?)\n```\n", re.DOTALL
)
# What a checkout has that the guide's commands use.
PARTS = ("exgen", "templates", "banks", "benchmarks")
TABLES = ("PRESETS = (\n",)
"""How the tables begin to which the guide adds a line."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its sort, its text, and what its comment says to do with it."""

    sort: str
    text: str
    what: str
    path: str


BLOCKS = [
    Block(found["sort"], found["text"], found["what"] or "", found["path"] or "")
    for found in BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))
]
COMMANDS = [line for block in BLOCKS if block.sort == "sh" for line in block.text.splitlines()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the checkout with the guide's files in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in PARTS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for block in BLOCKS:
        path = folder / block.path
        if block.what in ("file", "refused"):
            assert not path.exists(), f"{block.path} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text + "\n", encoding="utf-8")
        elif block.what == "table":
            table = path.read_text(encoding="utf-8")
            (start,) = (start for start in TABLES if start in table)
            assert table.count(start) == 1
            path.write_text(table.replace(start, f"{start}{block.text}\n"), encoding="utf-8")
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the guide's commands in the copy."""
    words = shlex.split(command)
    start = [sys.executable, *(["-m", "exgen"] if words[0] == "exgen" else [])]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [*start, *words[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_guide_has_its_four_examples() -> None:
    """A bank, a network, a notation and a kind are shown as whole files, and commands use them."""
    files = [block.path for block in BLOCKS if block.what == "file"]
    for ending in (".toml", ".net", "notations/mine.toml", "parameter_count.py", ".txt.j2"):
        assert any(path.endswith(ending) for path in files)
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, checkout: Path) -> None:
    """Each command of the guide runs, and what it writes is there."""
    done = run(command, checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    words = shlex.split(command)
    if "--out" in words:
        folder = checkout / words[words.index("--out") + 1]
        made = sorted(path.name for path in folder.iterdir())
        files = ["manifest.json", "problems.tex", "solutions.tex"]
        own = ["exgen.sty", "problem-shapes.tex"] if "--fragment" in words else []
        assert made == sorted(files + own)


def test_refused(checkout: Path) -> None:
    """The wrong banks are refused with the words that the guide prints below each."""
    wrong = [block.path for block in BLOCKS if block.what == "refused"]
    said = [block.text for block in BLOCKS if block.sort == "text" and not block.what]
    assert len(wrong) >= 2
    for path, words in zip(wrong, said, strict=True):
        done = run(f"exgen show --set {path}", checkout)
        assert done.returncode == 2
        assert done.stderr.strip() == words


def test_the_new_kind_counts_right(checkout: Path) -> None:
    """3 or 4 inputs, 5 or 6 hidden units and 2 outputs: the count is worked out here by hand."""
    done = run("exgen show --set course/week2.toml --seed 1", checkout)
    printed = " ".join(done.stdout.split())
    (shape,) = re.findall(r"𝐖_1 (?:be )?a matrix of shape (\d+) × (\d+)", printed)
    d1, d0 = map(int, shape)
    count = re.search(r"count +(\d+) +sizes, entries counted", done.stdout)
    assert count is not None, done.stdout
    assert int(count[1]) == d1 * d0 + d1 + 2 * d1 + 2


def test_the_new_kind_can_be_verified(checkout: Path) -> None:
    """The new claim follows from its manifest, and another count in it is found."""
    made = "exgen make --set course/week2.toml --seed 2 --out out/verified --no-pdf"
    assert run(made, checkout).returncode == 0
    done = run("exgen verify out/verified", checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 problem, 1 answer certified again" in done.stdout
    file = checkout / "out" / "verified" / "manifest.json"
    file.write_text(re.sub(r'"expr": "(?=\d)', '"expr": "1', file.read_text()))
    done = run("exgen verify out/verified", checkout)
    assert done.returncode == 1
    assert re.search(r"'count': expr is recorded as '1(\d+)'; '\1' follows", done.stdout)


def test_the_new_kind_can_be_refused(checkout: Path) -> None:
    """A wrong count does not pass its claim, and a network without parameters is refused."""
    code = (
        "from dataclasses import replace\n"
        "from exgen.errors import CertificateError, KindError, Source\n"
        "from exgen.language import read_network\n"
        "from exgen.certify.equation import Equation\n"
        "from exgen.certify.quantity import Quantity\n"
        "from exgen.graph import as_expr\n"
        "from exgen.presets.parameter_count import KIND\n"
        "graph = read_network(Source('net', 'x: input[2]\\nW: param[3, 2]\\nL = sum(W @ x)'))\n"
        "claim = Equation(graph, Quantity(count=('W',)), (as_expr(6),))\n"
        "assert len(claim.prove()) == 2\n"
        "bare = read_network(Source('net', 'x: input[2]\\nL = sum(x)'))\n"
        "for wrong, error in ((replace(claim, rights=(as_expr(5),)).prove, CertificateError),\n"
        "                     (lambda: KIND.sample(bare, {}, None), KindError)):\n"
        "    try:\n"
        "        wrong()\n"
        "    except error:\n"
        "        continue\n"
        "    raise SystemExit('not refused')\n"
    )
    (checkout / "try_it.py").write_text(code, encoding="utf-8")
    done = run("python try_it.py", checkout)
    assert done.returncode == 0, done.stderr
