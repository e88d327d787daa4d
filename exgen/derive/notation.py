"""Notation: how a course writes what exgen derives. A frozen value, passed in.

A profile is a TOML file in ``templates/notations/`` that states only how it differs from
``base.toml``. Every setting is a choice from a closed list, so no file can smuggle TeX in.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from exgen.errors import NotationError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHOICES: Mapping[str, tuple[object, ...]] = {
    "layer": ("bracket", "parenthesis", "subscript", "none"),
    "gradient": ("nabla", "partial", "d"),
    "parentheses": (True, False),
    "layout": ("denominator", "numerator", "shape"),
    "product": ("times", "dot", "none"),
    "scalar_product": ("none", "dot"),
    "hadamard": ("odot", "circ"),
    "elementwise": ("diag", "hadamard"),
    "sums": ("ones", "sigma"),
    "bold": (True, False),
    "ones": ("bold", "blackboard"),
    "transpose": ("top", "T"),
    "index_base": (0, 1),
    "class_base": (0, 1),
    "loss": ("plain", "script", "ell", "J"),
    "indicator": ("bold", "blackboard", "bracket"),
    "relu": ("name", "plus"),
    "relu_at_zero": (0, 1),
    "weights": ("written", "out_in", "in_out"),
    "batch": ("written", "rows", "columns"),
}


@dataclass(frozen=True, slots=True)
class Notation:
    """One way of writing.

    Attributes:
        name: the profile's file name without its ending.
        title: one line for ``exgen list``.
        layer: the mark of a layer: ``a^{[1]}``, ``a^{(1)}``, ``a_1``, or ``none``, which leaves
            the number out where every name of the network stays unique without it.
        gradient: ``∇_x(L)``, ``∂L/∂x`` or ``dL/dx``.
        parentheses: whether ``∇_x(L)`` has its parentheses.
        layout: of the Jacobian: by ``denominator`` (variable's size by function's size), by
            ``numerator`` (its transpose), or ``shape``: gradients of scalars have the variable's
            shape, and Jacobians numerator layout.
        product: the sign between the factors of a chain rule.
        scalar_product: the sign between a scalar and what it multiplies.
        hadamard: the sign of the entrywise product.
        elementwise: how a gradient of a column goes back through a function of each entry:
            ``diag(f') g``, or the entrywise product of g and f'.
        sums: how the sum over all entries is written: ``1ᵀ a``, or with a sigma.
        bold: whether vectors and matrices are bold.
        ones: how a vector of ones is written.
        transpose: the transpose mark.
        index_base: whether entries count from 0 or 1. Examples of a batch count from 1.
        class_base: whether the classes of a cross-entropy count from 0 or 1.
        loss: how a loss called L is written: plain, script, as an ell, or as a J.
        indicator: how 1[z > 0] is written.
        relu: how ReLU is written: by its name, or as the positive part ``(z)^+``.
        relu_at_zero: the slope of ReLU and its kin at 0.
        weights: whether a weight matrix has a row for each output (``out_in``) or for each input
            (``in_out``), or stays as the bank wrote it.
        batch: whether a batch has an example in each row or in each column, or stays as the bank
            wrote it.

    """

    name: str
    title: str
    layer: str
    gradient: str
    parentheses: bool
    layout: str
    product: str
    scalar_product: str
    hadamard: str
    elementwise: str
    sums: str
    bold: bool
    ones: str
    transpose: str
    index_base: int
    class_base: int
    loss: str
    indicator: str
    relu: str
    relu_at_zero: int
    weights: str
    batch: str


def load_notation(name: str, folder: Path) -> Notation:
    """Load a profile by name.

    Raises:
        NotationError: no such profile, malformed TOML, an unknown key or value.

    """
    profiles = notation_names(folder)
    if name not in profiles:
        raise NotationError(f"there is no notation '{name}'", remedy=nearest(name, profiles))
    base = _read(folder / "base.toml")
    own = base if name == "base" else base | _read(folder / f"{name}.toml")
    missing = sorted({field.name for field in fields(Notation)} - {"name"} - own.keys())
    if missing:
        raise NotationError(f"missing: {', '.join(missing)}", place=str(folder / "base.toml"))
    return Notation(name=name, **own)


def restored_notation(settings: Mapping[str, Any]) -> Notation:
    """Return a notation from all its settings, as a manifest has them.

    Raises:
        NotationError: a setting is missing, unknown or illegal.

    """
    own = dict(settings)
    name = own.pop("name", None)
    _check(own, "")
    missing = sorted({field.name for field in fields(Notation)} - {"name"} - own.keys())
    if missing or not isinstance(name, str):
        raise NotationError(f"missing: {', '.join(missing) or 'name'}")
    return Notation(name=name, **own)


def notation_names(folder: Path) -> tuple[str, ...]:
    """Return the names of all profiles, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        place = str(path)
        raise NotationError(
            "this is not legal TOML: it is nested too deeply", place=place
        ) from None
    # ValueError: no UTF-8, no TOML, or a number with thousands of digits
    except ValueError as error:
        raise NotationError(f"this is not legal TOML: {error}", place=str(path)) from None
    _check(table, str(path))
    return table


def _check(table: Mapping[str, Any], place: str) -> None:
    for key, value in table.items():
        if key == "title" and isinstance(value, str):
            continue
        if key not in CHOICES:
            raise NotationError(
                f"there is no setting '{key}'", place=place, remedy=nearest(key, CHOICES)
            )
        if not any(value == choice and type(value) is type(choice) for choice in CHOICES[key]):
            legal = ", ".join(map(str, CHOICES[key]))
            raise NotationError(
                f"{key} cannot be {value!r}", place=place, remedy=f"Legal here: {legal}."
            )
