"""What a row of the op table is: one frozen record with every face of an op, and no defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import msgspec
import numpy as np

from exgen.errors import MisfitError
from exgen.graph import (
    Call,
    Delta,
    Dim,
    Entry,
    Expr,
    OptionValue,
    Pair,
    Shape,
    as_expr,
    call,
    is_column,
    shape_text,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exgen.graph import Operand
    from exgen.printing import Printed, Printer

ArgShapes = tuple[Shape, ...]
"""The shapes of the arguments of a use."""
Given = Mapping[str, OptionValue]
"""The options of a use, by name."""


class Sizes(msgspec.Struct):
    """Compares sizes, and learns those that a declaration left open (names starting with ``?``).

    One instance lives as long as one check of one network.
    """

    known: dict[str, Dim] = msgspec.field(default_factory=dict)

    def resolve(self, dim: Dim) -> Dim:
        """Return a size with everything learnt so far filled in."""
        while any(name in self.known for name in dim.names):
            dim = dim.substitute(self.known)
        return dim

    def shape(self, shape: Shape) -> Shape:
        """Return a shape with everything learnt so far filled in."""
        return tuple(map(self.resolve, shape)) if self.known else shape

    def same(self, left: Dim, right: Dim) -> bool:
        """Whether two sizes are equal, learning an open one from the other."""
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return True
        for one, other in ((left, right), (right, left)):
            open_names = [name for name in one.names if name.startswith("?")]
            if len(open_names) != 1 or len(one.names) != 1 or open_names[0] in other.names:
                continue
            value = Dim(other.constant - one.constant, other.names)
            if value.is_number and value.constant < 1:
                return False
            self.known[open_names[0]] = value
            return True
        return False

    def require(self, left: Shape, right: Shape, message: str, remedy: str = "") -> Shape:
        """Return the shape both are, or raise :class:`MisfitError` with ``message``."""
        if not (self.same(left[0], right[0]) and self.same(left[1], right[1])):
            raise MisfitError(message, remedy)
        return self.shape(left)


class Site(msgspec.Struct, frozen=True):
    """One use of an op in a graph: what a gradient rule may look at.

    ``out`` is the call itself, or the name it is bound to; so a rule may write the sigmoid's
    derivative as ``out * (1 - out)`` and the key shows the name.
    """

    out: Expr
    out_shape: Shape
    args: tuple[Expr, ...]
    shapes: ArgShapes
    options: Given


ShapeRule = Callable[[Sizes, ArgShapes, Given], Shape]
"""Sizes to compare with, shapes and options in; the shape of the output out."""


class Option(msgspec.Struct, frozen=True):
    """An option in an op's signature: ``axis=0``, or a size as in ``ones(N)``."""

    name: str
    kind: str
    """``dim``, ``axis`` or ``int``: how the language reads and prints the value."""
    required: bool


class Signature(msgspec.Struct, frozen=True):
    """How the language calls an op: its arguments by name, then its options."""

    args: tuple[str, ...]
    options: tuple[Option, ...] = ()

    def __str__(self) -> str:
        options = (o.name if o.required else f"{o.name}=…" for o in self.options)
        return f"({', '.join((*self.args, *options))})"


class Fusion(msgspec.Struct, frozen=True):
    """An output whose derivative simplifies together with a loss's: to output minus target.

    Attributes:
        rule: how derivations name the step.
        output: the op that makes the output.
        premise: what has to hold of the target; empty where nothing has.
        why: one sentence for the worked key.

    """

    rule: str
    output: str
    premise: str
    why: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What other rooms may ask of an op, so that none has to know its name.

    Attributes:
        entrywise: whether an entry of the output reads only entries at its own place; a scalar
            is read by all of them.
        linear: the arguments in which it is linear while the others stand still.
        kink: empty where it is smooth. Else it has a kink where its first argument is 0, is
            linear on either side of it, and takes there the slope of the ``side`` that the
            notation chooses, or is ``flat``.
        jump: whether it is constant but for a jump: where its arguments are equal, or its only
            one is 0.
        routed: for an op that compares the entries of its first argument with one another, the
            same use with the order of another array; None for any other.
        activation: whether it may stand between layers.
        loss: whether it compares a prediction with a target and adds up all entries.
        fusion: for a loss, the output that it simplifies with.
        classes: whether the entries that it adds up are classes.
        needs_axis: whether a matrix has to be told along which axis an example's entries run.
        bare: whether a course leaves out the brackets around its argument.
        backward: whether it stands in gradients only, so that no sheet has words for it.
        exact: whether it computes with fractions.
        range: the least and the largest value that an entry can have; None where there is none.

    """

    entrywise: bool = False
    linear: tuple[int, ...] = ()
    kink: Literal["", "side", "flat"] = ""
    jump: bool = False
    routed: Callable[[Call, Expr], Expr] | None = None
    activation: bool = False
    loss: bool = False
    fusion: Fusion | None = None
    classes: bool = False
    needs_axis: bool = False
    bare: bool = False
    backward: bool = False
    exact: bool = True
    range: tuple[int | None, int | None] = (None, None)


PLAIN = Traits()
"""The traits of an op of which nothing special holds; a row says with ``replace`` what does."""


Slips = Mapping[str, Callable[["Site"], Expr]]
"""The usual mistakes that belong to an op, by the slip's name: a use in, what is written out."""

NO_SLIPS: Slips = MappingProxyType({})


class Words(msgspec.Struct, frozen=True):
    """How sentences speak of an op, and how a page shows it.

    Attributes:
        rule: what its gradient rule is called, in the margin of a derivation.
        slopes: for each argument, why its derivative is what it is where all are scalars; empty
            where that is told by a formula. ``<u>`` and ``<v>`` stand for letters.
        says: the sentence by which a page explains its sign; empty where none has to. Of a loss:
            how its entries are added up.
        latex: what stands on the page before its arguments, to read it back by; empty where it is
            read by other signs.
        slips: the usual mistakes that belong to it.

    """

    rule: str
    slopes: tuple[str, ...]
    says: str
    latex: str
    slips: Slips


def named(
    rule: str, *slopes: str, says: str = "", latex: str = "", slips: Slips = NO_SLIPS
) -> Words:
    """Return the words of an op, of which most have only a name."""
    return Words(rule, slopes, says, latex, slips)


@dataclass(frozen=True, slots=True)
class Op:
    """One op, complete. A face that is forgotten is a TypeError at import.

    Attributes:
        name: what the language calls it.
        signature: its arguments and options.
        sign: the operator that the language writes it with; empty where it writes a call.
        shape: shapes and options in, shape out; raises MisfitError with the reason.
        shape_why: one sentence on how the shape follows, for the worked key.
        value: NumPy arrays and options in, array out; always two-dimensional. Floats, or exact
            fractions as objects where the op is rational.
        vjp: the site and the upstream gradient in; the gradient of each argument out, as graph
            expressions (None where the argument is not differentiated).
        jacobian: the site and the argument's position in; the Jacobian in numerator layout
            (rows of the output by rows of the input) out. Only for column arguments and
            outputs; None where the op has no matrix Jacobian.
        entry: the site, the position, an output index and an input index in; the partial
            derivative of one entry by another out, in index form.
        why: one sentence on the gradient, for the worked key.
        tex: the printer, the printed arguments and the call in; LaTeX with its precedence out.
        formula: a mathematics and scalars in, a scalar out; None where it has none of its own.
            A mathematics has ``exp``, ``log``, ``tanh``, ``erf``, ``sqrt``, ``power``, ``pi``,
            and ``where(holds, yes, no)``: that of decimals, and SymPy's.
        definition: a use in, what it is made of out; None for an op that is not composite.
            SymPy, decimals, index forms and circuits follow from it.
        traits: what holds of it.
        words: how sentences speak of it, and how a page shows it.

    """

    name: str
    signature: Signature
    sign: str
    shape: ShapeRule
    shape_why: str
    value: Callable[..., NDArray[Any]]
    vjp: Callable[[Site, Expr], tuple[Expr | None, ...]]
    jacobian: Callable[[Site, int], Expr | None]
    entry: Callable[[Site, int, Pair, Pair], Expr]
    why: str
    tex: Callable[[Printer, tuple[Printed, ...], Call], Printed]
    formula: Callable[..., Any] | None
    definition: Callable[[Site], Expr] | None
    traits: Traits
    words: Words

    def __call__(self, *args: Operand, **options: OptionValue) -> Call:
        """Build a use of the op; options are given in the order of its signature."""
        return call(self.name, *args, **options)

    def made(self, expr: object) -> TypeGuard[Call]:
        """Whether an expression is a use of the op."""
        return isinstance(expr, Call) and expr.op == self.name

    @property
    def infix(self) -> bool:
        """Whether the language writes it with an operator instead of a call."""
        return bool(self.sign)

    @property
    def function(self) -> bool:
        """Whether it is a function of each entry, which the language calls by its name."""
        return self.traits.entrywise and not self.infix

    @property
    def options(self) -> frozenset[str]:
        """The names of its options."""
        return frozenset(option.name for option in self.signature.options)


AXIS = Option("axis", "axis", required=False)


def dim_option(options: Given, name: str) -> Dim:
    """Return an option that holds a size."""
    value = options[name]
    if not isinstance(value, Dim):
        raise MisfitError(f"'{name}' must be a size")
    return value


def axis_option(options: Given) -> int:
    """Return the axis: 0 (the default) runs down the rows, 1 along the columns."""
    return 1 if options.get("axis") == 1 else 0


def features_axis(shape: Shape, options: Given, name: str) -> int:
    """Return the axis along which an example's entries run; a matrix must be told."""
    if options.get("axis") is None and not is_column(shape):
        raise MisfitError(
            f"{name} of a matrix needs an axis, and this is {shape_text(shape)}",
            f"Write {name}(…, axis=1) where each row is an example, axis=0 where each column is.",
        )
    return axis_option(options)


def size_of(dim: Dim) -> int:
    """Return a size as a number, once it has one."""
    if not dim.is_number:
        raise MisfitError(f"the size {dim} has no value yet")
    return dim.constant


def no_jacobian(_site: Site, _position: int) -> Expr | None:
    """Say that an op has no matrix Jacobian."""
    return None


def no_entry(_site: Site, _position: int, _out: Pair, _arg: Pair) -> Expr:
    """Serve as the entry of an op without arguments, or of one that is constant."""
    return as_expr(0)


def entry_of(expr: Expr, index: Pair) -> Entry:
    """Return the entry of an expression at an index pair."""
    return Entry(expr, (index[0], index[1]))


def both(first: Pair, second: Pair) -> Expr:
    """Return 1 where two index pairs are equal, else 0."""
    rows = Delta(first[0], second[0])
    return rows if first[1] == second[1] else rows * Delta(first[1], second[1])


def along(axis: int, slope: Expr, out: Pair, arg: Pair) -> Expr:
    """Return a slope along an axis where two index pairs agree along the other one, else 0."""
    other = 1 - axis
    return slope if out[other] == arg[other] else slope * Delta(out[other], arg[other])


def exact(array: NDArray[Any]) -> bool:
    """Whether an array holds exact fractions."""
    return array.dtype == np.dtype(object)
