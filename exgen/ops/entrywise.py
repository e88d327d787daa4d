"""Functions of each entry: a whole row from the derivative by each argument.

Both sides have the same shape, or one of them is a scalar. NumPy would also stretch a row against
a column; here that is an error, because a product printed that way is not one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exgen.graph import (
    ONE,
    Call,
    Delta,
    Expr,
    Number,
    Pair,
    Shape,
    Size,
    as_expr,
    call,
    is_column,
    is_scalar,
    made,
    shape_text,
    walk,
)
from exgen.ops.base import (
    NO_SLIPS,
    ArgShapes,
    Given,
    Op,
    ShapeRule,
    Signature,
    Site,
    Sizes,
    Slips,
    Traits,
    Words,
    both,
    entry_of,
    named,
    no_entry,
    no_jacobian,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from exgen.printing import Printed, Printer

ENTRYWISE = Traits(entrywise=True)
FUNCTION = "A function that is applied to each entry keeps the shape."
ARITHMETIC = "Entrywise arithmetic keeps the shape; a scalar is combined with every entry."
MULTIPLIED = "The gradient is multiplied by the derivative of the function, entry by entry."
PLUS = as_expr(1)
MINUS = as_expr(-1)


def shown_as(latex: str, says: str = "", slips: Slips = NO_SLIPS) -> Words:
    """Return the words of a function that its sign on the page is enough to speak of."""
    return named("entrywise function", says=says, latex=latex, slips=slips)


def common_shape(sizes: Sizes, shapes: ArgShapes, _options: Given) -> Shape:
    """Return the common shape of arguments of which all but one may be scalars."""
    found, *others = (sizes.shape(shape) for shape in shapes)
    for other in others:
        if is_scalar(found):
            found = other
        elif not is_scalar(other):
            sizes.require(
                found,
                other,
                f"cannot combine {shape_text(found)} with {shape_text(other)} entry by entry",
                "Both sides need the same shape, or one a scalar; '@' is the matrix product.",
            )
    return found


def at(expr: Expr, shape: Shape, index: Pair, whole: Shape | None = None) -> Expr:
    """Return the entry that is read at a place: a scalar has one, a column of slopes one a row."""
    if is_scalar(shape):
        return entry_of(expr, (0, 0))
    a_row = whole is not None and shape != whole
    return entry_of(expr, (index[0], 0) if a_row else index)


def entrywise(
    name: str,
    *args: str,
    value: Callable[..., NDArray[Any]],
    slopes: Callable[..., tuple[Expr, ...]] | None,
    words: Words,
    why: str = MULTIPLIED,
    traits: Traits = ENTRYWISE,
    sign: str = "",
    shape: ShapeRule = common_shape,
    shape_why: str = "",
    tex: Callable[[Printer, tuple[Printed, ...], Call], Printed] | None = None,
    formula: Callable[..., Any] | None = None,
    definition: Callable[..., Expr] | None = None,
    backward: Callable[..., tuple[Expr, ...]] | None = None,
) -> Op:
    """Return the row of a function of entries at the same place.

    Args:
        name: what the language calls it.
        args: its arguments.
        value: its values in NumPy.
        slopes: the arguments and the output in, the derivative by each argument out; None where
            all are 0.
        words: how sentences speak of it, and its sign on the page.
        why: one sentence on the derivatives, where there is more to say than their formulas do.
        traits: what holds of it.
        sign: the operator that the language writes it with.
        shape: its shape, where not every argument may be a scalar.
        shape_why: one sentence on it, where the usual one will not do.
        tex: how it prints, where not as a function.
        formula: what it is of scalars; or
        definition: the arguments in, what it is made of out.
        backward: the slopes by which gradients are multiplied, where these read better with the
            output's name in them.

    Raises:
        TypeError: neither or both of a formula and a definition are given.

    """
    if (formula is None) == (definition is None):
        raise TypeError(f"'{name}' needs a formula or a definition")

    def vjp(site: Site, upstream: Expr) -> tuple[Expr | None, ...]:
        if slopes is None:
            return (None,) * len(args)
        spread = map(_spread, site.args, site.shapes, [site.out_shape] * len(args))
        found = (backward or slopes)(*spread, site.out)
        return tuple(_pulled(site, n, upstream, slope) for n, slope in enumerate(found))

    def jacobian(site: Site, position: int) -> Expr | None:
        if slopes is None or not is_column(site.out_shape):
            return None
        return _matrix(site, position, slopes(*site.args, site.out)[position])

    def entry(site: Site, position: int, out: Pair, arg: Pair) -> Expr:
        if slopes is None:
            return as_expr(0)
        own, whole = site.shapes[position], site.out_shape
        read = (at(a, s, out, whole) for a, s in zip(site.args, site.shapes, strict=True))
        slope = slopes(*read, at(site.out, whole, out))[position]
        if is_scalar(own):
            return slope
        same = both(out, arg) if own == whole else Delta(out[0], arg[0])
        return same if slope == PLUS else -same if slope == MINUS else slope * same

    return Op(
        name=name,
        signature=Signature(args),
        sign=sign,
        shape=shape,
        shape_why=shape_why or (ARITHMETIC if sign else FUNCTION),
        value=value,
        vjp=vjp,
        jacobian=jacobian if slopes else no_jacobian,
        entry=entry if slopes else no_entry,
        why=why,
        tex=tex or (lambda printer, parts, _this: printer.function(words.latex, parts)),
        formula=formula,
        definition=None if definition is None else lambda site: definition(*site.args),
        traits=traits,
        words=words,
    )


def _spread(arg: Expr, shape: Shape, whole: Shape) -> Expr:
    """Return an argument, repeated along the columns where it has one entry for each row."""
    if is_scalar(shape) or shape == whole:
        return arg
    return arg @ call("ones", rows=ONE, columns=whole[1])


def _pulled(site: Site, position: int, upstream: Expr, slope: Expr) -> Expr | None:
    """Return the gradient of an argument, added up over the entries that read the same one."""
    if isinstance(site.args[position], (Number, Size)):
        return None
    own, whole = site.shapes[position], site.out_shape
    gradient = upstream if slope == PLUS else -upstream if slope == MINUS else upstream * slope
    if own == whole:
        return gradient
    if not is_scalar(own):
        return call("sum", gradient, axis=1)
    # An inner product with an array as it stands; of a slope made of several, the sum.
    array = slope
    if made(slope, "neg") and made(slope.args[0], "div"):
        array = slope.args[0].args[0]
    if is_column(whole) and array in (*site.args, site.out):
        return upstream.T @ slope
    return call("sum", gradient, axis=None)


def _matrix(site: Site, position: int, slope: Expr) -> Expr:
    """Return the Jacobian of a column from its derivative, a scalar or a column."""
    rows = site.out_shape[0]
    pairs = [*zip(site.args, site.shapes, strict=True), (site.out, site.out_shape)]
    arrays = [expr for expr, shape in pairs if not is_scalar(shape)]
    varies = any(part in arrays for part in walk(slope))
    if is_scalar(site.out_shape):
        return slope
    if is_scalar(site.shapes[position]):
        return slope if varies else slope * call("ones", rows=rows, columns=ONE)
    if varies:
        return call("diag", slope)
    identity = call("identity", size=rows)
    return identity if slope == PLUS else -identity if slope == MINUS else slope * identity
