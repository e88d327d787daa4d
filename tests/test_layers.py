"""The way through the house goes one way: who may import whom, and who may draw."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import exgen

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = Path(exgen.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

ORDER = (
    "errors",
    "strict",
    "page",
    "files",
    "images",
    "swap",
    "terminals",
    "processes",
    "compiled",
    "resources",
    "languages",
    "seeds",
    "grading",
    "deep",
    "graph",
    "printing",
    "ops",
    "shapes",
    "engine",
    "language",
    "values",
    "derive",
    "readback",
    "document",
    "certify",
    "slips",
    "figures",
    "problems",
    "asks",
    "presets",
    "tables",
    "include",
    "banks",
    "draw",
    "leaves",
    "write",
    "render",
    "manifest",
    "statements",
    "solve",
    "starter",
    "reference",
    "again",
    "pipeline",
    "sign",
    "verify",
    "lint",
    "derivation",
    "report",
    "schema",
    "cli",
)
"""The modules and packages from the bottom up: each may import only those that stand before it."""

HEAVY = ("numpy", "cryptography", "msgspec", "sympy", "jinja2", "pylatex", "pylatexenc")
LATE = (
    "sympy",
    "pylatexenc",
    "exgen.figures",
    "exgen.certify.facts",
    "exgen.certify.identities",
)
"""What set 2 does not need, and ``make`` does not import for it."""


def part(path: Path) -> str:
    """Return which module or package of exgen a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(text: str) -> set[str]:
    """Return the modules that a text imports: at its top, inside functions, and for types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                found.update(alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                found.update(f"{module}.{alias.name}" for alias in names)
    return found


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """Return modules of which each imports the next and the last the first; none for no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def against_the_order(name: str, text: str) -> list[str]:
    """Return the imports of a part's text that go up, or sideways, in the order."""
    below = ORDER[: ORDER.index(name)]
    parts = {module.split(".")[1] for module in imported(text) if module.startswith("exgen.")}
    return sorted(parts - {name, *below, "__version__"})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    """A module imports only what stands below it in the plan of the house."""
    if part(path) not in ("__init__", "__main__"):
        assert against_the_order(part(path), path.read_text(encoding="utf-8")) == []


def test_the_order_names_every_part() -> None:
    """A new module has to find its place in the order."""
    assert {part(path) for path in MODULES} - {"__init__", "__main__"} == set(ORDER)


def test_no_modules_import_each_other() -> None:
    """No module reaches itself by way of others, not even for a type or inside a function."""
    known = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in MODULES
    }
    imports = {
        name: {
            module if module in known else module.rpartition(".")[0]
            for module in imported(path.read_text(encoding="utf-8"))
        }
        - {name}
        for name, path in known.items()
    }
    assert circle(imports) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []


def test_the_check_can_fail() -> None:
    """An import that goes up is seen, also inside a function and for types only."""
    assert against_the_order("ops", "def f():\n    from exgen.render.tex import escape") == [
        "render"
    ]
    assert against_the_order("banks", "from exgen import draw") == ["draw"]
    assert against_the_order("ops", "import exgen.pipeline") == ["pipeline"]
    assert against_the_order("ops", "if TYPE_CHECKING:\n    from exgen.cli import main") == ["cli"]


def importers(module: str) -> set[str]:
    """Return the parts of exgen that import a module or something from it."""
    return {
        part(path)
        for path in MODULES
        for name in imported(path.read_text(encoding="utf-8"))
        if f"{name}.".startswith(f"{module}.")
    }


def test_draws_come_from_one_place() -> None:
    """Nobody uses Python's generator, and only ``seeds`` hashes in order to draw."""
    assert importers("random") == set()
    assert importers("secrets") == set()
    assert importers("hashlib") == {"seeds", "write", "manifest", "lint"}


def test_numpy_draws_only_where_it_decides_nothing() -> None:
    """NumPy's generator is for the points of a proof, never for what is printed."""
    users = {part(path) for path in MODULES if "random.default_rng" in path.read_text()}
    assert users == {"certify"}


def exgen_behind(text: str) -> set[str]:
    """Return the modules of exgen that a text imports, and all that these import in turn."""
    found: set[str] = set()
    queue = [text]
    while queue:
        for name in imported(queue.pop()):
            # ``exgen.ops.lookup`` may be a module, or a name in the module ``exgen.ops``
            for module in (name, name.rpartition(".")[0]):
                path = PACKAGE.joinpath(*module.split(".")[1:])
                source = next(
                    (p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()),
                    None,
                )
                if f"{module}.".startswith("exgen.") and source and module not in found:
                    found.add(module)
                    queue.append(source.read_text(encoding="utf-8"))
    return found


def may_check_gradients(text: str) -> bool:
    """Whether a text reaches nothing of exgen, at first or at second hand, but its errors."""
    return exgen_behind(text) <= {"exgen", "exgen.errors"}


def test_differences_cannot_reach_the_gradient_rules() -> None:
    """What checks the gradient rules shares no line with them."""
    text = (PACKAGE / "certify" / "differences.py").read_text()
    assert may_check_gradients(text)
    assert "numpy" in imported(text)


@pytest.mark.parametrize(
    "line",
    [
        "from exgen.ops import lookup",
        "import exgen.ops.table",
        "from exgen import ops",
        "from exgen.engine import gradients",
        "def late():\n    from exgen.derive.gradients import derive_gradients",
        # these do not name a rule themselves, but what they import does
        "from exgen.shapes import shape_of",
        "from exgen.certify.samples import samples",
    ],
)
def test_differences_with_a_gradient_rule_are_refused(line: str) -> None:
    """With any of these lines the module of differences would no longer be independent."""
    text = (PACKAGE / "certify" / "differences.py").read_text()
    assert not may_check_gradients(f"{text}\n{line}\n")
    assert may_check_gradients(f"{text}\nfrom exgen.errors import CertificateError\n")


def test_what_differences_load() -> None:
    """A Python that has imported the module of differences has no gradient rule in it."""
    code = (
        "import sys\n"
        "import exgen.certify.differences\n"
        "print(*[name for name in sys.modules if name.startswith('exgen')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == {"exgen", "exgen.certify", "exgen.certify.differences"}


@pytest.mark.parametrize("name", ["errors.py", "graph.py", "seeds.py", "language/reader.py"])
def test_light_modules(name: str) -> None:
    """The foundations need nothing but Python."""
    names = {module.split(".")[0] for module in imported((PACKAGE / name).read_text())}
    assert names <= {"__future__", "exgen", *sys.stdlib_module_names}


def loaded(*arguments: str, watched: tuple[str, ...] = HEAVY) -> set[str]:
    """Return which of the watched modules a command imports."""
    code = (
        "import sys\n"
        f"sys.argv = ['exgen', *{arguments!r}]\n"
        "from exgen.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(*[name for name in {watched!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout
    return set(ran.stderr.split())


@pytest.mark.parametrize(
    "arguments", [("--help",), ("make", "--help"), ("derive", "--help"), ("lint", "--help")]
)
def test_help_is_quick(arguments: tuple[str, ...]) -> None:
    """Help comes up without any of the heavy libraries."""
    assert loaded(*arguments) == set()


def test_the_check_of_help_can_fail() -> None:
    """A command that needs NumPy is seen to import it."""
    assert "numpy" in loaded("list")


def test_make_imports_what_the_set_needs(tmp_path: Path) -> None:
    """Set 2 comes without the kinds, figures and libraries of other sets; set 1 needs figures."""
    chosen = ("--no-pdf", "--out", str(tmp_path / "made"))
    assert loaded("make", "--set", "2", *chosen, watched=LATE) == set()
    assert "exgen.figures" in loaded("make", "--set", "1", *chosen, "--force", watched=LATE)
