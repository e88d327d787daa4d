"""What the tests of the published documents share: answers of a problem, as text and as numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exgen.engine import evaluate, forward, gradients
from exgen.errors import Source
from exgen.language import read_network
from exgen.language.network import read_expression
from exgen.pipeline import build, load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.document import Answer, Problem, ProblemSet
    from exgen.graph import Graph

Arrays = dict[Any, "NDArray[Any]"]
PRIMES = (3, 5, 7, 11)


def make(name: str) -> ProblemSet:
    """Return a published set, solved and proven."""
    return build(*load(str(Path(__file__).with_name(f"{name}.toml")), None), 7)


def problem(made: ProblemSet, name: str) -> Problem:
    """Return one problem."""
    return next(part for part in made.problems if part.name == name)


def answers(made: ProblemSet, name: str) -> dict[str, Answer]:
    """Return the answers of one problem, by name."""
    return {answer.name: answer for answer in problem(made, name).answers}


def numbered(made: ProblemSet, name: str) -> Graph:
    """Return the network of a problem, with small different numbers for its sizes."""
    graph = read_network(Source("net", problem(made, name).network), scalar_loss=False)
    return graph.with_sizes(dict(zip(graph.size_names, PRIMES, strict=False)))


def values(graph: Graph) -> Arrays:
    """Return a forward pass at random leaves, and every gradient as a derivative."""
    random = np.random.default_rng(5)
    leaves: Arrays = {}
    for leaf in graph.leaves:
        shape = tuple(dim.constant for dim in leaf.shape)
        leaves[leaf.name] = random.standard_normal(shape)
        if leaf.role == "onehot":
            leaves[leaf.name] = np.eye(shape[0])[:, [1]]
        if leaf.role == "target":
            leaves[leaf.name] = random.uniform(0.1, 0.9, shape)
    run = forward(graph, leaves)
    return run | {graph.gradient(n): array for n, array in gradients(graph, run).items()}


def value(answer: Answer, graph: Graph, run: Arrays, **sizes: int) -> NDArray[Any]:
    """Return an answer's expression as numbers; sizes that it names are given."""
    text = answer.expr
    for name, size in sizes.items():
        text = re.sub(rf"\b{name}\b", str(size), text)
    return evaluate(read_expression(text, graph), run).astype(float)
