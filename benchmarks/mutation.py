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

How to read the list: for each mutant when it was tried, what became of it and where it is, and of a
survivor its difference. ``docs/mutants.md`` says of each what became of it.
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
from collections import Counter, defaultdict
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from difflib import unified_diff
from itertools import chain, zip_longest
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
SECONDS = 180
"""After so long a mutant is said to hang; the tests of a module take about a third of it."""

ANSWERS = tuple(
    f"tests/certify/test_every_answer.py::{test}"
    # not the third, which breaks one rule after another: it takes minutes
    for test in ("test_every_small_change_is_refused", "test_every_slip_is_refused")
)
POINTS = "tests/certify/test_points.py"

OPS = ("tests/ops", ANSWERS[0], POINTS, "tests/language", "tests/test_derivation.py")
CERTIFY = (
    *ANSWERS,
    POINTS,
    "tests/certify/test_gradient_claims.py",
    "tests/certify/test_shape_claims.py",
    "tests/certify/test_differences.py",
    "tests/certify/test_can_fail.py",
)
DERIVE = (
    "tests/derive/test_factors.py",
    "tests/derive/test_linear.py",
    "tests/derive/test_rules.py",
    "tests/derive/test_simplify.py",
    "tests/derive/test_index.py",
    "tests/derive/test_latex.py",
    "tests/derive/test_sums.py",
    *ANSWERS,
    "tests/derive/test_notations.py",
    "tests/derive/test_gradients.py",
)

EXTRA: dict[str, tuple[str, ...]] = {
    "certify/acceptance": ("tests/problems/test_circuit.py",),
    "certify/against": ("tests/certify/test_gradient_claims.py",),
    "certify/answers": ("tests/test_verify.py",),
    "certify/chains": ("tests/problems/test_chain_rule.py",),
    "certify/equation": ("tests/certify/test_derivations.py",),
    "certify/layers": ("tests/problems/test_layer_table.py",),
    "certify/points": ("tests/problems/test_loss_derivative.py",),
    "certify/reading/readers": ("tests/certify/test_readback.py",),
    "certify/hand": ("tests/problems/test_circuit.py",),
    "certify/samples": ("tests/problems/test_vector_gradient.py",),
    "certify/sizes": ("tests/certify/test_shape_claims.py",),
    "derive/cases": ("tests/problems/test_alpha_gradient.py",),
    "derive/derivations": ("tests/certify/test_derivations.py",),
    "derive/jacobian": ("tests/problems/test_local_jacobian.py",),
    "derive/proofs": ("tests/problems/test_identity_proof.py",),
    "derive/vectorise": ("tests/problems/test_vectorise_backward.py",),
}
"""What else matters to a module, tried first."""

SHARED = {"ops": OPS, "certify": CERTIFY, "derive": DERIVE}

TESTS: dict[str, tuple[str, ...]] = {
    "engine": ("tests/ops", *ANSWERS, POINTS, "tests/test_derivation.py"),
    **{
        module: (*EXTRA.get(module, ()), *tests)
        for package, tests in SHARED.items()
        for module in (
            f"{package}/{path.stem}" for path in sorted((ROOT / "exgen" / package).glob("*.py"))
        )
        if not module.endswith("__init__")
    },
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


def outcome(mutant: Mutant | None, tests: Sequence[str]) -> str:
    """Run tests on a mutant in a process of its own; return whether it survived or was killed."""
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
    if os.WIFSIGNALED(status):
        return "hung"
    return "survived" if status == 0 else "killed"


def main() -> None:
    """Parse options, try the mutants, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TESTS)}")
    parser.add_argument("--sample", type=int, default=12, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start none after that")
    parser.add_argument("--trust", action="store_true", help="take it that the tests pass as is")
    options = parser.parse_args()
    os.chdir(ROOT)
    modules = options.modules or list(TESTS)
    random.Random(options.seed).shuffle(modules)  # noqa: S311 - no secret
    every = sorted({path for module in modules for path in TESTS[module]})
    if not options.trust and outcome(None, every) != "survived":
        sys.exit("the tests fail, or are too slow, as they are")
    begun = perf_counter()
    found: Counter[str] = Counter()
    drawn = [mutants(module, options.sample, options.seed) for module in modules]
    # one of each module after the other, so that a run cut short is a sample of all of them
    for mutant in chain.from_iterable(zip_longest(*drawn)):
        if mutant is None:
            continue
        seconds = perf_counter() - begun
        if seconds > 60 * options.minutes:
            break
        became = outcome(mutant, TESTS[mutant.module])
        found[became] += 1
        print(f"{seconds:6.0f} s  {became:9} exgen/{mutant.module}.py:{mutant.line}", flush=True)
        if became != "killed":
            print(f"        {mutant.operator}")
            print("\n".join(f"        {line}" for line in mutant.diff.splitlines()), flush=True)
    tried = found.total()
    killed = tried - found["survived"]
    print(f"{killed} of {tried} mutants killed: {100 * killed / max(tried, 1):.0f} %", end="")
    print(f" ({found['hung']} of them hung)")


if __name__ == "__main__":
    main()
