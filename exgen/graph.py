"""The network as a value: sizes, shapes, expressions, and the graph that binds them to names.

An expression is a tree whose leaves are names, numbers and sizes; a graph is a list of bindings,
each a name for an expression over earlier names. The backward pass is built from the same types,
so one evaluator, one shape check and one printer serve both directions.

Everything here is a frozen value without behaviour of its own: what an op means stands in
:mod:`exgen.ops`, what a legal graph is in :mod:`exgen.shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, TypeVar

from exgen.errors import MisfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from exgen.errors import Span

T = TypeVar("T")

Role = Literal["input", "param", "target", "onehot", "const"]
ROLES: tuple[Role, ...] = ("input", "param", "target", "onehot", "const")


@dataclass(frozen=True, slots=True)
class Dim:
    """A size along one axis: a number plus named sizes, such as ``785``, ``N`` or ``D0 + 1``."""

    constant: int
    names: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether no named size is left."""
        return not self.names

    def __add__(self, other: Dim) -> Dim:
        return Dim(self.constant + other.constant, tuple(sorted(self.names + other.names)))

    def substitute(self, sizes: Mapping[str, Dim]) -> Dim:
        """Return this size with each name in ``sizes`` replaced."""
        total = Dim(self.constant)
        for name in self.names:
            total = total + sizes.get(name, Dim(0, (name,)))
        return total

    def __str__(self) -> str:
        if self.is_number:
            return str(self.constant)
        names = " + ".join(self.names)
        if self.constant == 0:
            return names
        return f"{names} {'+' if self.constant > 0 else '-'} {abs(self.constant)}"


ONE = Dim(1)

Shape = tuple[Dim, ...]
"""Rows and columns. A column vector of n entries is ``(n, 1)``, a scalar ``(1, 1)``."""

SCALAR: Shape = (ONE, ONE)


def is_scalar(shape: Shape) -> bool:
    """Whether a shape holds one number."""
    return shape == SCALAR


def is_column(shape: Shape) -> bool:
    """Whether a shape is that of a column vector (a scalar is one too)."""
    return shape[1] == ONE


def shape_text(shape: Shape) -> str:
    """Return ``scalar``, ``128`` for a column vector, or ``128 x 785``."""
    if is_scalar(shape):
        return "scalar"
    return str(shape[0]) if is_column(shape) else " x ".join(map(str, shape))


OptionValue = int | str | None | Dim | tuple[int | str, ...]
Options = tuple[tuple[str, OptionValue], ...]


@dataclass(frozen=True, slots=True)
class Expr:
    """What all expressions share: a place in the source, and Python's operators to build with."""

    span: Span | None = field(default=None, compare=False, kw_only=True, repr=False)

    def __add__(self, other: Operand) -> Call:
        return call("add", self, other)

    def __sub__(self, other: Operand) -> Call:
        return call("sub", self, other)

    def __rsub__(self, other: Operand) -> Call:
        return call("sub", other, self)

    def __mul__(self, other: Operand) -> Call:
        return call("mul", self, other)

    def __rmul__(self, other: Operand) -> Call:
        return call("mul", other, self)

    def __truediv__(self, other: Operand) -> Call:
        return call("div", self, other)

    def __rtruediv__(self, other: Operand) -> Call:
        return call("div", other, self)

    def __matmul__(self, other: Operand) -> Call:
        return call("matmul", self, other)

    def __pow__(self, other: Operand) -> Call:
        return call("pow", self, other)

    def __neg__(self) -> Call:
        return call("neg", self)

    @property
    def T(self) -> Call:  # noqa: N802 - the field's own name for it
        """The transpose."""
        return call("transpose", self)


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A leaf or an earlier binding."""

    name: str


@dataclass(frozen=True, slots=True)
class Derivative(Expr):
    """The derivative of one name by another, as a symbol.

    Of a scalar it has the variable's shape; of a column by a column it has a row for each entry of
    the function. A layout may write it transposed: that is a matter of printing and of reading.
    That of the loss is the whole gradient; of any other line it is that of the line alone.
    """

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """An exact number; ``0.1`` is one tenth."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Size(Expr):
    """A named size used as a number, as the N of ``sum(x) / N``."""

    name: str


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """An op applied to arguments, with options that are not differentiated (axis, size)."""

    op: str
    args: tuple[Expr, ...]
    options: Options = ()

    def option(self, name: str) -> OptionValue:
        """Return an option's value; None where it was not given."""
        return dict(self.options).get(name)


def size_as_number(dim: Dim) -> Expr:
    """Return a size as a number in an expression: ``785``, or ``D0 + 1``."""
    terms: list[Expr] = [Size(name) for name in dim.names]
    if dim.constant or not terms:
        terms.append(Number(Fraction(dim.constant)))
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


Index = int | str
"""An entry's position along an axis: a number, or the name of an index such as ``k``."""
Pair = tuple[Index, Index]
"""Where an entry stands: its row and its column."""
Place = tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Entry(Expr):
    """One entry of an array, in index form: ``W[k, j]``. A scalar.

    That of a derivative has the indices of the function's entry and then those of the variable's:
    ``derivative(z, W)[k, 0, k, j]``; where the function is a scalar, the variable's alone.
    """

    of: Expr
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class SumOver(Expr):
    """A sum over an index that runs through all positions of an axis of length ``size``.

    One position may be left out: ``but``.
    """

    index: str
    size: Dim
    body: Expr
    but: Index | None = None


@dataclass(frozen=True, slots=True)
class Delta(Expr):
    """Kronecker's delta: 1 where both indices are equal, else 0."""

    left: Index
    right: Index


Operand = Expr | int | Fraction


def as_expr(value: Operand) -> Expr:
    """Return numbers as :class:`Number`, expressions unchanged."""
    return value if isinstance(value, Expr) else Number(Fraction(value))


def call(op: str, *args: Operand, **options: OptionValue) -> Call:
    """Build a call. Options are kept in the order given and must match the op's signature."""
    return Call(op, tuple(as_expr(arg) for arg in args), tuple(options.items()))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A declared name: its role, its shape, and how many axes the declaration wrote (0, 1 or 2)."""

    name: str
    role: Role
    shape: Shape
    axes: int

    @property
    def dims(self) -> Shape:
        """The sizes as declared: none for a scalar, one for a vector."""
        return self.shape[: self.axes]


@dataclass(frozen=True, slots=True)
class Binding:
    """A line of the forward pass: a name for an expression over earlier names."""

    name: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Graph:
    """A checked forward pass. ``shapes`` holds the shape of every name; ``loss`` is the target.

    A graph never changes, so it keeps what was worked out of it: see :meth:`once`.
    """

    leaves: tuple[Leaf, ...]
    bindings: tuple[Binding, ...]
    shapes: Mapping[str, Shape]
    loss: str
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was worked out of this graph under a key before, or work it out.

        It must follow from the graph and the key alone, and nobody may change it.
        """
        if key not in self._known:
            self._known[key] = make()
        found: T = self._known[key]
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, leaves first, in order."""
        return tuple(leaf.name for leaf in self.leaves) + tuple(b.name for b in self.bindings)

    def leaf(self, name: str) -> Leaf | None:
        """Return the leaf of that name, or None."""
        return next((leaf for leaf in self.leaves if leaf.name == name), None)

    def expr(self, name: str) -> Expr | None:
        """Return the expression bound to a name; None for a leaf or an unknown name."""
        return next((b.expr for b in self.bindings if b.name == name), None)

    def gradient(self, name: str) -> Derivative:
        """Return the gradient of the loss by a name, as a symbol."""
        return Derivative(self.loss, name)

    def partial(self, of: str, place: Place, by: str, index: Place) -> Entry:
        """Return the derivative of an entry of a name by an entry of another, as a symbol."""
        before = () if is_scalar(self.shapes[of]) else place
        return Entry(Derivative(of, by), (*before, *index))

    @property
    def size_names(self) -> tuple[str, ...]:
        """The named sizes that are still symbolic, sorted."""
        found = {name for shape in self.shapes.values() for dim in shape for name in dim.names}
        return tuple(sorted(found))

    def with_sizes(self, sizes: Mapping[str, int]) -> Graph:
        """Return the graph with named sizes replaced by numbers.

        Raises:
            MisfitError: a size such as ``N - 1`` comes out below 1.

        """
        dims = {name: Dim(size) for name, size in sizes.items()}

        def fix(shape: Shape) -> Shape:
            fixed = tuple(dim.substitute(dims) for dim in shape)
            if any(dim.is_number and dim.constant < 1 for dim in fixed):
                raise MisfitError(f"these sizes leave nothing of {shape_text(shape)}")
            return fixed

        return Graph(
            tuple(replace(leaf, shape=fix(leaf.shape)) for leaf in self.leaves),
            tuple(Binding(b.name, substitute_sizes(b.expr, dims)) for b in self.bindings),
            {name: fix(shape) for name, shape in self.shapes.items()},
            self.loss,
        )

    def renamed(self, names: Mapping[str, str]) -> Graph:
        """Return the graph with other names for its leaves and lines; those left out stay."""
        new = {name: names.get(name, name) for name in self.names}
        exprs = {name: Name(other) for name, other in new.items()}
        return Graph(
            tuple(replace(leaf, name=new[leaf.name]) for leaf in self.leaves),
            tuple(Binding(new[b.name], substitute(b.expr, exprs)) for b in self.bindings),
            {new[name]: shape for name, shape in self.shapes.items()},
            new[self.loss],
        )


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return ``expr`` with ``change`` applied to each direct sub-expression."""
    match expr:
        case Call(op, args, options):
            return Call(op, tuple(map(change, args)), options, span=expr.span)
        case Entry(of, indices):
            return Entry(change(of), indices)
        case SumOver(index, size, body, but):
            return SumOver(index, size, change(body), but)
        case _:
            return expr


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and everything in it, outermost first."""
    waiting = [expr]
    while waiting:
        part = waiting.pop()
        yield part
        # a chain of ifs is quicker here than a match, and nothing is called so often
        if isinstance(part, (Name, Number)):
            continue
        if isinstance(part, Call):
            waiting += part.args[::-1]
        elif isinstance(part, Entry):
            waiting.append(part.of)
        elif isinstance(part, SumOver):
            waiting.append(part.body)


def made(expr: Expr, *ops: str) -> TypeGuard[Call]:
    """Whether an expression is a use of one of these ops."""
    return isinstance(expr, Call) and expr.op in ops


def operands(expr: Expr, op: str) -> list[Expr]:
    """Return what a chain of one op joins, such as the factors of a product."""
    return [part for arg in expr.args for part in operands(arg, op)] if made(expr, op) else [expr]


def names_in(expr: Expr) -> frozenset[str]:
    """Return the names that an expression reads."""
    return frozenset([part.name for part in walk(expr) if isinstance(part, Name)])


def derivatives_in(expr: Expr) -> frozenset[Derivative]:
    """Return the derivatives that stand in an expression as symbols."""
    return frozenset(part for part in walk(expr) if isinstance(part, Derivative))


def substitute(expr: Expr, replacements: Mapping[Any, Expr]) -> Expr:
    """Return ``expr`` with names and derivatives replaced by expressions."""
    if isinstance(expr, Name):
        return replacements.get(expr.name, expr)
    if isinstance(expr, Derivative):
        return replacements.get(expr, expr)
    return rebuild(expr, lambda part: substitute(part, replacements))


def reindexed(expr: Expr, places: Mapping[Any, Index]) -> Expr:
    """Return an index form with other indices, all replaced at once.

    A letter that a sum runs through may become another letter.
    """

    def put(index: Index) -> Index:
        return places.get(index, index)

    match expr:
        case Entry(of, indices):
            return Entry(reindexed(of, places), tuple(map(put, indices)))
        case Delta(left, right):
            return Delta(put(left), put(right))
        case SumOver(index, size, body, but):
            new, left_out = put(index), None if but is None else put(but)
            letter = new if isinstance(new, str) else index
            return SumOver(letter, size, reindexed(body, places), left_out)
    return rebuild(expr, lambda part: reindexed(part, places))


def substitute_sizes(expr: Expr, sizes: Mapping[str, Dim]) -> Expr:
    """Return ``expr`` with named sizes replaced, in sizes used as numbers and in options."""

    def fix(part: Expr) -> Expr:
        return substitute_sizes(part, sizes)

    match expr:
        case Size(name):
            return size_as_number(sizes[name]) if name in sizes else expr
        case Call(op, args, options):
            changed = tuple(
                (key, value.substitute(sizes) if isinstance(value, Dim) else value)
                for key, value in options
            )
            return Call(op, tuple(map(fix, args)), changed, span=expr.span)
        case SumOver(index, size, body, but):
            return SumOver(index, size.substitute(sizes), fix(body), but)
        case _:
            return rebuild(expr, fix)
