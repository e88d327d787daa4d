"""Ops of scalars in any mathematics: decimals, or SymPy's expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.errors import MisfitError
from exgen.graph import SCALAR, Call, Name, Number
from exgen.ops.base import Site
from exgen.ops.table import lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exgen.graph import Expr


def applied(op: str, args: Sequence[Any], mathematics: Any) -> Any:  # noqa: ANN401 - its scalars
    """Return an op of scalars: by its formula, or by that of what it is made of.

    Args:
        op: its name.
        args: scalars of the mathematics.
        mathematics: what a formula may use, as :class:`exgen.ops.base.Op` says, and ``number``,
            which makes a scalar of a fraction.

    Raises:
        MisfitError: the op has no formula.

    """
    row = lookup(op)
    if row.formula is not None:
        return row.formula(mathematics, *args)
    definition = definition_of(op)
    if definition is None:
        raise MisfitError(f"'{op}' has no formula of scalars")
    return _of(definition, dict(zip(row.signature.args, args, strict=True)), mathematics)


def definition_of(op: str) -> Expr | None:
    """Return what an op of scalars is made of, over the names of its signature."""
    row = lookup(op)
    if row.definition is None:
        return None
    args = tuple(map(Name, row.signature.args))
    options = {option.name: None for option in row.signature.options}
    out = Call(op, args, tuple(options.items()))
    return row.definition(Site(out, SCALAR, args, (SCALAR,) * len(args), options))


def _of(expr: Expr, values: Mapping[str, Any], mathematics: Any) -> Any:  # noqa: ANN401
    match expr:
        case Name(name):
            return values[name]
        case Number(value):
            return mathematics.number(value)
        case Call(op, args):
            return applied(op, [_of(arg, values, mathematics) for arg in args], mathematics)
    raise MisfitError(f"{type(expr).__name__} is no scalar")
