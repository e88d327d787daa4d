"""Change exgen's own code in small ways, one at a time, and see whether the tests notice.

Run it from the folder of the project with the Python that exgen is installed in::

    .venv/bin/python -m benchmarks.mutation --sample 12

cosmic-ray makes the mutants: another operator or comparison, another number, ``not``, ``and`` for
``or``, a loop that never runs, a decorator lost. All mutants of all modules would take days, so of
each module a sample is drawn, always the same for the same ``--seed``: places first, then one
mutant at each, so that a sign with many substitutes counts no more than one with few. Annotations,
the decorators of classes, ``raise`` and ``strict=`` are left out: nothing is computed in them, and
what they guard against is a slip in exgen itself.

A mutant lives in memory only. A process that has already imported the heavy libraries forks, puts
the mutant in the place of its module, and runs the tests that matter to the module, the quick ones
first, until one fails. A mutant is killed where a test fails or the time runs out.

How to read the table: for each module the mutants tried, and how many were killed; then each
survivor with its difference. ``docs/mutants.md`` says of each what became of it.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import io
import os
import random
import signal
import sys
from collections import defaultdict
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import cosmic_ray.ast
import cosmic_ray.plugins
import numpy as np
import pytest
import sympy
from cosmic_ray.mutating import mutate_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

HEAVY = (np, sympy)
"""Imported once, before the forks."""
ROOT = Path(__file__).parents[1]
SECONDS = 120

OPS = ("tests/ops", "tests/language", "tests/certify/test_can_fail.py", "tests/test_laws.py")
CERTIFY = ("tests/certify", "tests/test_gradients.py", "tests/derive/test_gradients.py")
DERIVE = ("tests/derive/test_gradients.py", "tests/derive/test_index.py", "tests/test_laws.py")
SHOWN = (
    "tests/derive/test_latex.py",
    "tests/derive/test_sums.py",
    "tests/derive/test_notations.py",
)

TESTS: dict[str, tuple[str, ...]] = {
    "engine": ("tests/ops", "tests/test_laws.py", "tests/test_gradients.py", "tests/certify"),
    **{
        f"ops/{name}": OPS
        for name in (
            *("activations", "append", "arithmetic", "assemble", "base", "compare"),
            *("leaky", "linear", "losses", "order", "pool", "reduce", "table"),
        )
    },
    "certify/compare": CERTIFY,
    "certify/differences": CERTIFY,
    "certify/gradients": CERTIFY,
    "certify/jacobians": (*CERTIFY, "tests/problems/test_local_jacobian.py"),
    "certify/numbers": (
        *CERTIFY,
        "tests/problems/test_scalar_graph.py",
        "tests/problems/test_circuit.py",
    ),
    "certify/shapes": (*CERTIFY, "tests/problems/test_shape_table.py"),
    "certify/chains": (*CERTIFY, "tests/problems/test_chain_rule.py"),
    "certify/points": (*CERTIFY, "tests/problems/test_loss_derivative.py"),
    "derive/gradients": (*DERIVE, *SHOWN),
    "derive/simplify": (*DERIVE, *SHOWN),
    "derive/jacobian": (*DERIVE, *SHOWN, "tests/problems/test_local_jacobian.py"),
    "derive/index": (*DERIVE, *SHOWN),
}
"""The modules that are tried, each with the tests that matter to it, in the order they are run."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one small change."""

    module: str
    line: int
    operator: str
    original: str
    code: str

    @property
    def diff(self) -> str:
        """The change, as lines taken out and put in."""
        pair = self.original.splitlines(), self.code.splitlines()
        changes = unified_diff(*pair, n=0, lineterm="")
        return "\n".join(x for x in changes if x[:3] not in ("---", "+++") and x[:2] != "@@")


def untouched(code: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the stretches in which nothing is computed."""
    nodes: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(code)):
        nodes += [getattr(node, "annotation", None), getattr(node, "returns", None)]
        match node:
            case ast.Raise() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
                nodes.append(node)
            case ast.ClassDef(decorator_list=decorators):
                nodes += decorators
            case ast.keyword(arg="strict"):
                nodes.append(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp()):
                nodes += [node] if name[0].isupper() and not name.isupper() else []
    return [
        # from one to the left: a decorator begins with its @
        ((node.lineno, node.col_offset - 1), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in nodes
        if isinstance(node, ast.expr | ast.stmt | ast.keyword)
    ]


def places(code: str) -> dict[tuple[int, int], list[tuple[str, int]]]:
    """Return where a module can be changed, and by which operators, each with its count."""
    tree = cosmic_ray.ast.get_ast(code)
    skipped = untouched(code)
    found: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    for name in sorted(cosmic_ray.plugins.operator_names()):
        if "Variable" in name:
            continue  # these need to be told the names
        operator = cosmic_ray.plugins.get_operator(name)()
        count = 0
        for node in cosmic_ray.ast.ast_nodes(tree):
            for start, _ in operator.mutation_positions(node):
                if not any(first <= start <= last for first, last in skipped):
                    found[start].append((name, count))
                count += 1
    return found


def mutants(module: str, sample: int, seed: int) -> Iterator[Mutant]:
    """Yield a sample of a module's mutants."""
    code = (ROOT / "exgen" / f"{module}.py").read_text()
    draws = random.Random(f"{seed} {module}")  # noqa: S311 - no secret
    known = places(code)
    yielded = 0
    for place in draws.sample(sorted(known), len(known)):
        name, count = draws.choice(known[place])
        changed = mutate_code(code, cosmic_ray.plugins.get_operator(name)(), count)
        if changed is None or changed == code:
            continue
        yield Mutant(module, place[0], name.removeprefix("core/"), code, changed)
        yielded += 1
        if yielded == sample:
            return


@dataclass(frozen=True, slots=True)
class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a mutant in place of its module."""

    mutant: Mutant

    @property
    def name(self) -> str:
        """The module's full name."""
        return f"exgen.{self.mutant.module.replace('/', '.')}"

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the mutant's spec where its module is asked for."""
        del path, target
        if fullname != self.name:
            return None
        origin = str(ROOT / "exgen" / f"{self.mutant.module}.py")
        return importlib.util.spec_from_loader(fullname, self, origin=origin)

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant as the module."""
        origin = str(ROOT / "exgen" / f"{self.mutant.module}.py")
        exec(compile(self.mutant.code, origin, "exec"), module.__dict__)  # noqa: S102 - our code


def survives(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    """Run tests on a mutant in a process of its own; return whether all of them pass."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.alarm(SECONDS if mutant else 10 * SECONDS)
        if mutant is not None:
            sys.meta_path.insert(0, Instead(mutant))
        code = 1
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                options = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "--no-header", "--tb=no")
                # one after the other: the first often ends it, and the rest need not be collected
                for path in tests:
                    code = int(pytest.main([*options, path]))
                    if code:
                        break
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status == 0


def main() -> None:
    """Parse options, try the mutants, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TESTS)}")
    parser.add_argument("--sample", type=int, default=12, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.chdir(ROOT)
    modules = options.modules or list(TESTS)
    killed = tried = 0
    begun = perf_counter()
    if not survives(None, sorted({path for module in modules for path in TESTS[module]})):
        sys.exit("the tests fail, or are too slow, as they are")
    for module in modules:
        left: list[Mutant] = []
        count = 0
        for mutant in mutants(module, options.sample, options.seed):
            count += 1
            if survives(mutant, TESTS[module]):
                left.append(mutant)
        killed, tried = killed + count - len(left), tried + count
        seconds = perf_counter() - begun
        print(f"{module:22}{count - len(left):>4} of {count:>4} killed  ({seconds:.0f} s)")
        for mutant in left:
            print(f"    exgen/{module}.py:{mutant.line} {mutant.operator}")
            print("\n".join(f"        {line}" for line in mutant.diff.splitlines()), flush=True)
    print(f"{killed} of {tried} mutants killed: {100 * killed / max(tried, 1):.0f} %")


if __name__ == "__main__":
    main()
