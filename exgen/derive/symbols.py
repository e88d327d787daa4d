"""Names as symbols: ``a1_B`` is an a of layer 1 with the tag B, printed as the notation wants."""

from __future__ import annotations

import re
from itertools import chain, count
from typing import TYPE_CHECKING

from exgen.errors import MisfitError
from exgen.graph import SCALAR, Call, Dim, Graph, Shape, is_column, is_scalar, walk
from exgen.ops import lookup, uses
from exgen.ops.scalars import definition_of
from exgen.printing import Symbol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.derive.notation import Notation

GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|"
    "mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega|"
    "Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega"
)
PARTS = re.compile(
    r"(?P<base>[A-Za-z](?:[A-Za-z0-9]*[A-Za-z])?)(?P<layer>\d*)(?P<tag>(?:_+[A-Za-z0-9]+)*)_*\Z"
)
ACCENTS = (("hat", r"\hat"), ("bar", r"\bar"), ("tilde", r"\tilde"))
LOSSES = {"script": r"\mathcal{L}", "ell": r"\ell", "J": "J"}
LAYER_MARKS = {"bracket": "[{}]", "parenthesis": "({})"}


def symbol(
    name: str, shape: Shape, notation: Notation, *, is_loss: bool = False, marked: bool = True
) -> Symbol:
    """Return a name as a symbol.

    Args:
        name: as in the network: letters, a layer number, tags after underscores.
        shape: scalars are not bold; vectors and matrices are, where the notation says so.
        notation: the layer mark, bold, and how a loss called L looks.
        is_loss: whether the name is the loss.
        marked: whether a notation without layer marks still needs the number, as a subscript.

    """
    if is_loss and name == "L" and notation.loss != "plain":
        return Symbol(LOSSES[notation.loss], (), "")
    base, layer, tags = _parts(name)
    if notation.layer == "none" and not marked:
        layer = ""
    letter = _letter(base, shape, bold=notation.bold and not is_scalar(shape))
    subscripts = tuple(map(_tag, tags))
    if not layer:
        return Symbol(letter, subscripts, "")
    if notation.layer in ("subscript", "none"):
        return Symbol(letter, (layer, *subscripts), "")
    return Symbol(letter, subscripts, LAYER_MARKS[notation.layer].format(layer))


def example_mark(notation: Notation, index: str = "i") -> str:
    """Return the superscript of example i, in brackets that no layer has."""
    return f"[{index}]" if notation.layer == "parenthesis" else f"({index})"


def _parts(name: str) -> tuple[str, str, list[str]]:
    """Return a name's base, its layer number (empty without one), and its tags."""
    match = PARTS.match(name)
    base, layer = (match["base"], match["layer"]) if match else (name, "")
    tags = [tag for tag in (match["tag"].split("_") if match else []) if tag]
    # A layer number may also follow the tag, as in a_B1.
    if tags and not layer and (late := re.fullmatch(r"([A-Za-z]+)(\d+)", tags[-1])):
        tags[-1], layer = late[1], late[2]
    return base, layer, tags


def look(name: str) -> str:
    """Return how a name, or a size, looks where a notation tells least: not bold, its layer below.

    Names that look alike here can be taken for one another; others differ in every notation.
    """
    base, layer, tags = _parts(name)
    subscripts = (*([layer] if layer else []), *map(_tag, tags))
    return Symbol(_letter(base, SCALAR, bold=False), subscripts, "").latex()


def check_looks(graph: Graph) -> None:
    """Refuse a network of which two names, or a name and a size, print alike.

    Raises:
        MisfitError: with both.

    """
    seen: dict[str, str] = {}
    for name in (*graph.names, *graph.size_names):
        other = seen.setdefault(look(name), name)
        if other != name:
            raise MisfitError(
                f"'{other}' and '{name}' print alike, as {look(name)}, where layers are subscripts",
                "Rename one of them.",
            )
    for use in uses(graph, lambda op: op.function):
        parts = walk(definition_of(use.op) or use)
        for op in (lookup(part.op) for part in (use, *parts) if isinstance(part, Call)):
            if op.words.latex in seen:
                what = f"the {op.words.rule} of the network"
                raise MisfitError(f"'{seen[op.words.latex]}' prints like {what}", "Rename it.")


def free_name(graph: Graph, wishes: Iterable[str]) -> str:
    """Return the first wish that looks like no name of the network; else the last, numbered."""
    taken = {look(name) for name in (*graph.names, *graph.size_names)}
    wanted = tuple(wishes)
    numbered = (f"{wanted[-1]}_{number}" for number in count(1))
    return next(name for name in chain(wanted, numbered) if look(name) not in taken)


def unique_without_layers(names: Iterable[str]) -> bool:
    """Whether every name stays unlike the others when its layer number is left out."""
    bare = [(base, tuple(tags)) for base, _, tags in map(_parts, names)]
    return len(set(bare)) == len(bare)


def _tag(tag: str) -> str:
    return tag if len(tag) == 1 else rf"\mathrm{{{tag}}}"


def _letter(base: str, shape: Shape, *, bold: bool) -> str:
    for ending, accent in ACCENTS:
        if base.endswith(ending) and len(base) > len(ending):
            return f"{accent}{{{_letter(base[: -len(ending)], shape, bold=bold)}}}"
    if GREEK.fullmatch(base):
        return rf"\boldsymbol{{\{base}}}" if bold else rf"\{base}"
    if len(base) == 1:
        return rf"\mathbf{{{base}}}" if bold else base
    return rf"\mathbf{{{base}}}" if bold else rf"\mathrm{{{base}}}"


def dim_latex(dim: Dim) -> str:
    """Return a size in LaTeX: ``785``, ``D_{0} + 1``."""
    terms = [look(name) for name in dim.names]
    if dim.constant or not terms:
        terms.append(str(dim.constant))
    return " + ".join(terms).replace("+ -", "- ")


def shape_latex(shape: Shape) -> str:
    """Return a shape for a brace under a factor: ``128`` for a column, else rows × columns."""
    if is_column(shape):
        return dim_latex(shape[0])
    return r" \times ".join(dim_latex(dim) for dim in shape)
