"""The documents name everything there is, and what they show is what exgen prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from exgen import files, resources, shapes, tables
from exgen.banks import bank_names, load_bank
from exgen.certify.acceptance import RULES
from exgen.cli import app
from exgen.derive.notation import notation_names
from exgen.language import syntax
from exgen.ops import TABLE
from exgen.problems import KINDS
from exgen.render.pdf import PACKAGES
from tests.commands import run

ROOT = Path(__file__).parent.parent
FENCED = re.compile(r"^```(\w+)\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
EXGEN = ".venv/bin/exgen "
START = "./setup && .venv/bin/exgen make --set 2 --seed 7"
ERROR = re.compile(r" \(\de-\d+\)")
SHOWN = ("README.md", "docs/language.md")
BANKS = bank_names(resources.banks())
NETWORKS = sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "networks").glob("*.net")
)


@cache
def text(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """Return the lines of a document's sh blocks."""
    blocks = [body for sort, body in FENCED.findall(text(name)) if sort == "sh"]
    return [line for block in blocks for line in block.splitlines()]


def outputs(name: str) -> list[tuple[str, str]]:
    """Return each command that has a text block next in its section, with that text."""
    return [
        (first, second)
        for section in text(name).split("\n## ")
        for (sort, first), (after, second) in pairwise(FENCED.findall(section))
        if sort == "sh" and after == "text" and first.startswith(EXGEN)
    ]


COMMANDS = sorted(
    {line.partition("&& ")[2] or line for name in SHOWN for line in commands(name)}
    - {"./check", "./setup"}
)
OUTPUTS = [pair for name in SHOWN for pair in outputs(name)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that has the documents' example networks."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(command: str) -> list[str]:
    """Return a command's arguments."""
    assert command.startswith(EXGEN)
    return shlex.split(command)[1:]


def test_the_readme_starts_with_two_commands() -> None:
    """The first sets everything up and makes set 2, the second tests; both are files that run."""
    assert commands("README.md")[:2] == [START, "./check"]
    for name in ("setup", "check"):
        assert os.access(ROOT / name, os.X_OK)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("folder")
def test_command(command: str) -> None:
    """Each command runs; TeX is left out."""
    arguments = words(command)
    done = run(*arguments, *(["--no-pdf"] if arguments[0] == "make" else []))
    assert done.code == 0, done.err
    assert done.out.strip()


@pytest.mark.parametrize(("command", "shown"), OUTPUTS)
@pytest.mark.usefixtures("folder", "tex")
def test_output(command: str, shown: str) -> None:
    """What stands below a command is part of what it prints; errors may differ by machine."""
    done = run(*words(command))
    assert done.code == 0, done.err
    assert ERROR.sub("", shown) in ERROR.sub("", done.out)


def test_outputs_are_found() -> None:
    """The comparison has something to compare."""
    assert [words(command)[0] for command, _ in OUTPUTS] == ["make", "show", "derive", "derive"]


@pytest.mark.parametrize("name", NETWORKS)
def test_example_network(name: str) -> None:
    """Each network that the documents show as an example is derived, and all of it is proven."""
    done = run("derive", str(ROOT / name), "--json")
    assert done.code == 0, done.err
    gradients = json.loads(done.out)["gradients"]
    leaves = re.findall(r"^(\w+):", text(name), re.MULTILINE)
    assert [part["name"] for part in gradients] == leaves
    assert all(len(part["certificate"]) > 1 for part in gradients)
    assert f"]({name})" in text("README.md") + text("docs/language.md").replace("](", "](docs/")


def test_commands_and_options() -> None:
    """Every command of exgen and each of its options is told of."""
    told = text("README.md") + text("docs/language.md") + text("docs/authoring.md")
    for name, command in app.commands.items():
        assert f"**{name}**" in told or f"exgen {name} " in told
        for option in command.params:
            for written in (*option.opts, *option.secondary_opts):
                if written.startswith("--") and written not in ("--help", "--pdf", "--slips"):
                    assert re.search(rf"(?<![\w-]){written}(?![\w-])", told), written


def test_ops() -> None:
    """The table of ops has each op that is called, with its arguments, and no other."""
    rows = re.findall(r"^\| `(\w+)(\(.*?\))` \|", text("docs/language.md"), re.MULTILINE)
    assert dict(rows) == {op.name: str(op.signature) for op in TABLE.values() if not op.infix}


def test_limits() -> None:
    """The limits that are told are those that are kept."""
    told = " ".join(text("docs/language.md").partition("\nA network has at most ")[2].split())
    sizes = (syntax.MAX_STATEMENTS, syntax.MAX_CHARACTERS, shapes.MAX_SIZE, shapes.MAX_ENTRIES)
    of_banks = (tables.MAX_SIZE, tables.MAX_PROBLEMS, files.MAX_TOML)
    numbers = re.findall(r"\d[\d,]*\b", told.partition("## ")[0])
    assert [int(number.replace(",", "")) for number in numbers] == [*sizes, *of_banks]


def test_kinds() -> None:
    """The table of kinds has each kind, its summary and its options, and no other."""
    section = (
        text("docs/authoring.md").partition("### The kinds there are")[2].partition("\n## ")[0]
    )
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    told = {name: (summary, re.findall(r"`(\w+)`", options)) for name, summary, options in rows}
    assert told == {kind.name: (kind.summary, list(kind.options)) for kind in KINDS.values()}


def test_acceptance_rules() -> None:
    """The table of rules has each rule, what it says and the kinds that apply it, and no other."""
    section = text("docs/authoring.md").partition("## Acceptance rules")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert rows == [
        (
            rule.name,
            rule.says,
            ", ".join(
                f"`{kind.name}`"
                for kind in KINDS.values()
                if rule.name in (*kind.network_rules, *kind.number_rules)
            ),
        )
        for rule in RULES.values()
    ]


def test_sets() -> None:
    """The table of sets has each set as it is, and no other."""
    rows = re.findall(r"^\| (`set\w+` \| .+) \|$", text("README.md"), re.MULTILINE)
    banks = [load_bank(resources.banks() / f"{name}.toml") for name in BANKS]
    assert rows == [f"`{b.name}` | {b.title} | {len(b.problems)} | `{b.notation}`" for b in banks]


@pytest.mark.parametrize("name", notation_names(resources.notations()))
def test_notations(name: str) -> None:
    """Each notation is named in the README."""
    assert f"`{name}`" in text("README.md")


def test_tex_packages() -> None:
    """``setup``, the message about a missing TeX and the README name the same packages."""
    pattern = re.compile(r"\b(?:texlive-[a-z-]+|lmodern\b(?!\.))")
    assert set(pattern.findall(text("setup"))) == set(PACKAGES.split())
    assert set(pattern.findall(text("README.md"))) == set(PACKAGES.split())


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/authoring.md"])
def test_paths(name: str) -> None:
    """Each file or folder of the checkout that a document names is there."""
    made = re.findall(r"<!-- \w+: (\S+) -->", text(name))
    named = re.findall(r"`((?:banks|benchmarks|docs|exgen|templates|tests)/[\w./-]*)`", text(name))
    assert named
    for path in named:
        assert path in made or (ROOT / path).exists(), path
