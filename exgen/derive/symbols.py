"""Names as symbols: ``a1_B`` is an a of layer 1 with the tag B, printed as the notation wants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exgen.graph import Dim, Shape, is_column, is_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.derive.notation import Notation

GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Phi",
        "Psi",
        "Omega",
    ]
)
PARTS = re.compile(r"(?P<base>[A-Za-z]+)(?P<layer>\d*)(?P<tag>(?:_[A-Za-z0-9]+)*)_*\Z")
ACCENTS = (("hat", r"\hat"), ("bar", r"\bar"), ("tilde", r"\tilde"))
LOSSES = {"script": r"\mathcal{L}", "ell": r"\ell", "J": "J"}
LAYER_MARKS = {"bracket": "[{}]", "parenthesis": "({})"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in LaTeX, taken apart so that marks can be merged: base, subscripts, superscript."""

    base: str
    subscripts: tuple[str, ...]
    superscript: str

    def latex(self, *, index: str = "", superscript: str = "") -> str:
        """Return the symbol, with an entry's index or a further superscript merged in."""
        below = ",".join((*self.subscripts, *([index] if index else [])))
        above = self.superscript + superscript
        return self.base + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")


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
    subscripts = tuple(tag if len(tag) == 1 else rf"\mathrm{{{tag}}}" for tag in tags)
    if not layer:
        return Symbol(letter, subscripts, "")
    if notation.layer in ("subscript", "none"):
        return Symbol(letter, (layer, *subscripts), "")
    return Symbol(letter, subscripts, LAYER_MARKS[notation.layer].format(layer))


def _parts(name: str) -> tuple[str, str, list[str]]:
    """Return a name's base, its layer number (empty without one), and its tags."""
    match = PARTS.match(name)
    base, layer = (match["base"], match["layer"]) if match else (name, "")
    tags = [tag for tag in (match["tag"].split("_") if match else []) if tag]
    # A layer number may also follow the tag, as in a_B1.
    if tags and not layer and (late := re.fullmatch(r"([A-Za-z]+)(\d+)", tags[-1])):
        tags[-1], layer = late[1], late[2]
    return base, layer, tags


def unique_without_layers(names: Iterable[str]) -> bool:
    """Whether every name stays unlike the others when its layer number is left out."""
    bare = [(base, tuple(tags)) for base, _, tags in map(_parts, names)]
    return len(set(bare)) == len(bare)


def _letter(base: str, shape: Shape, *, bold: bool) -> str:
    for ending, accent in ACCENTS:
        if base.endswith(ending) and len(base) > len(ending):
            return f"{accent}{{{_letter(base[: -len(ending)], shape, bold=bold)}}}"
    if base in GREEK:
        return rf"\boldsymbol{{\{base}}}" if bold else rf"\{base}"
    if len(base) == 1:
        return rf"\mathbf{{{base}}}" if bold else base
    return rf"\mathbf{{{base}}}" if bold else rf"\mathrm{{{base}}}"


def dim_latex(dim: Dim) -> str:
    """Return a size in LaTeX: ``785``, ``D_{0} + 1``."""
    terms = [_size_name(name) for name in dim.names]
    if dim.constant or not terms:
        terms.append(str(dim.constant))
    return " + ".join(terms).replace("+ -", "- ")


def _size_name(name: str) -> str:
    match = PARTS.match(name)
    if not match:
        return rf"\mathrm{{{name}}}"
    base = match["base"]
    letter = rf"\{base}" if base in GREEK else base if len(base) == 1 else rf"\mathrm{{{base}}}"
    below = ",".join(filter(None, (match["layer"], *match["tag"].split("_"))))
    return f"{letter}_{{{below}}}" if below else letter


def shape_latex(shape: Shape) -> str:
    """Return a shape for a brace under a factor: ``128`` for a column, else rows × columns."""
    if is_column(shape):
        return dim_latex(shape[0])
    return r" \times ".join(dim_latex(dim) for dim in shape)
