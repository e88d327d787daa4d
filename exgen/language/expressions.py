"""Syntax to expressions: which op each piece stands for. Names and shapes are settled later."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from exgen.errors import Source, nearest
from exgen.graph import (
    Call,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Name,
    Number,
    SumOver,
    derivatives_in,
    names_in,
    walk,
)
from exgen.language.syntax import MAX_EXPRESSION_DEPTH, MAX_LINE_DEPTH, NAME, Syntax
from exgen.ops import TABLE
from exgen.shapes import MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exgen.errors import LanguageError, Span
    from exgen.graph import Index, OptionValue
    from exgen.ops.base import Op, Option

MAX_DIGITS = 100
MAX_EXPONENT = 1000
MAX_PARTS = 1000

SIGNS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
}
BY_SIGN = {op.sign: op.name for op in TABLE.values() if len(op.signature.args) > 1}
OPERATORS = {syntax: BY_SIGN[sign] for syntax, sign in SIGNS.items()}
CALLABLE = tuple(sorted(name for name, op in TABLE.items() if not op.infix))
DERIVATIVE = "derivative"
"""``derivative(L, W)``: it stands in expressions, and in no line of a network."""
DECIMAL = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?")


def read_raw_expression(source: Source, *, by_entry: bool = False) -> Expr:
    """Parse one expression, without asking what its names mean.

    An expression ``by_entry`` may be in index form, as ``sum_over(k < K, exp(z[k]))``.

    Raises:
        LanguageError: with line, column and caret.

    """
    syntax = Syntax.of(Source(source.name, source.text.strip()), {})
    statements = syntax.parse(MAX_EXPRESSION_DEPTH)
    if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
        place = statements[-1] if statements else ast.Pass(lineno=1, col_offset=0)
        raise syntax.error(place, "exactly one expression is expected here")
    return Expressions(syntax, by_entry=by_entry).read(statements[0].value)


@dataclass(frozen=True, slots=True)
class Expressions:
    """Reads the expressions of one text; ``by_entry`` they may be in index form."""

    syntax: Syntax
    by_entry: bool = field(default=False, kw_only=True)

    def error(self, node: ast.AST, message: str, remedy: str = "") -> LanguageError:
        """Return an error that points at a piece of syntax."""
        return self.syntax.error(node, message, remedy)

    def read(self, node: ast.expr) -> Expr:
        """Return an expression."""
        found = self._plain(node) or self._operation(node)
        if found is None:
            raise self.error(
                node,
                "this is not part of the network language",
                "It has names, numbers, + - * / ** @ .T, comparisons, x[0], and calls of ops.",
            )
        return found

    def line(self, node: ast.expr) -> Expr:
        """Return an expression of a network's own line, in which no derivative stands."""
        found = self.read(node)
        if derivatives_in(found):
            raise self.error(
                node,
                "a derivative is no part of a forward pass",
                "Ask for it in a problem.",
            )
        return found

    def _plain(self, node: ast.expr) -> Expr | None:
        match node:
            case ast.Constant():
                return self._number(node, node, 1)
            # -(1) is the negative of a number, and -1 is one
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as constant) if (
                "(" not in self.syntax.text(node)
            ):
                return self._number(node, constant, -1)
            case ast.Name(id=name):
                return Name(name, span=self.syntax.span(node))
            case ast.Subscript(value=value, slice=where):
                return self._subscript(node, value, where)
            case ast.Call(func=ast.Name(id="sum_over"), args=args) if self.by_entry:
                return self._sum_over(node, args)
            case ast.Call(func=ast.Name(id="delta"), args=[left, right]) if self.by_entry:
                return Delta(self._index(left), self._index(right))
            case ast.Call(func=ast.Name(id=function)):
                return self._application(node, function)
        return None

    def _operation(self, node: ast.expr) -> Expr | None:
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._call(node, "neg", operand)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
                return self._folded(node, self._call(node, OPERATORS[type(sign)], left, right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in OPERATORS:
                return self._call(node, OPERATORS[type(sign)], left, right)
            case ast.Compare(ops=[_, _, *_]):
                raise self.error(
                    node,
                    "a comparison has two sides",
                    "Multiply two comparisons, such as (x > 0) * (x < 1).",
                )
            case ast.Attribute(value=value, attr="T"):
                return self._call(node, "transpose", value)
            case ast.BinOp(left=left, op=ast.BitXor()):
                raise self.syntax.source.error(
                    "'^' is not part of the network language",
                    self.syntax.sign_after(left, "^"),
                    "A power is written with **, such as x ** 2.",
                )
        return None

    def _call(self, node: ast.expr, op: str, *args: ast.expr) -> Call:
        return Call(op, tuple(map(self.read, args)), (), span=self.syntax.span(node))

    def _folded(self, node: ast.expr, built: Call) -> Expr:
        """Read a quotient of two numbers as one number, so that 1/3 is exact and prints back.

        With brackets, (1) / 3, it is the quotient.
        """
        match built:
            case Call("div", (Number(top), Number(bottom))) if not self.syntax.text(
                node
            ).startswith("("):
                if bottom == 0:
                    raise self.error(node, "this divides by 0")
                return Number(top / bottom, span=built.span)
            case Call("pow", (_, Number(power))) if abs(power) > MAX_EXPONENT:
                raise self.error(node, f"an exponent lies within {MAX_EXPONENT} of 0")
            case Call("pow", (_, Call() as power)) if not names_in(power):
                raise self.error(
                    node,
                    "this exponent is a computation",
                    "Write one number, such as x ** 6.",
                )
        return built

    def _number(self, node: ast.expr, constant: ast.Constant, sign: int) -> Number:
        value, text = constant.value, self.syntax.text(constant).replace("_", "").lower()
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.error(node, "this is not a number")
        if isinstance(value, int) and abs(value) < 10**MAX_DIGITS:
            return Number(Fraction(sign * value), span=self.syntax.span(node))
        # The text, not the float: 0.1 is one tenth.
        if isinstance(value, float) and len(text) <= MAX_DIGITS and DECIMAL.fullmatch(text):
            return Number(sign * Fraction(text), span=self.syntax.span(node))
        raise self.error(node, "this number is too long")

    # --- entries and stretches ---

    def _sum_over(self, node: ast.expr, args: list[ast.expr]) -> SumOver:
        match args:
            case [
                ast.Compare(left=ast.Name(id=letter), ops=[ast.Lt()], comparators=[size]),
                *but,
                body,
            ]:
                left_out = None
                match but:
                    case [ast.Compare(ops=[ast.NotEq()], comparators=[other])]:
                        left_out = self._index(other)
                return SumOver(letter, self.syntax.dim(size), self.read(body), left_out)
        remedy = "Such as sum_over(k < K, z[k]), or sum_over(k < K, k != c, z[k])."
        raise self.error(node, "this is no sum over an index", remedy)

    def _index(self, node: ast.expr) -> Index:
        return node.id if isinstance(node, ast.Name) else self._position(node)

    def _subscript(self, node: ast.expr, value: ast.expr, where: ast.expr) -> Expr:
        inner = self.read(value)
        parts = where.elts if isinstance(where, ast.Tuple) else [where]
        of_each = self.by_entry and isinstance(inner, Derivative) and len(parts) == 4  # noqa: PLR2004
        if not (1 <= len(parts) <= 2 or of_each):  # noqa: PLR2004 - rows and columns
            raise self.error(
                where,
                "an array has two axes, so it takes one or two positions",
                "The first entry is x[0].",
            )
        if of_each or (self.by_entry and any(isinstance(part, ast.Name) for part in parts)):
            return Entry(inner, (*map(self._index, parts), 0)[: max(2, len(parts))])
        if not any(isinstance(part, ast.Slice) for part in parts):
            positions = [self._position(part) for part in parts]
            column = positions[1] if len(positions) > 1 else None
            options: tuple[tuple[str, OptionValue], ...] = ("row", positions[0]), ("column", column)
            return Call("item", (inner,), options, span=self.syntax.span(node))
        slices = [part for part in parts if isinstance(part, ast.Slice)]
        stretches = [part for part in slices if part.lower or part.upper or part.step]
        if len(slices) != len(parts) or len(stretches) != 1:
            raise self.error(where, "a slice takes a stretch along one axis", "Such as x[:-1].")
        skip, drop = self._stretch(stretches[0])
        axis = parts.index(stretches[0])
        options = ("skip", skip), ("drop", drop), ("axis", axis)
        return Call("slice", (inner,), options, span=self.syntax.span(node))

    def _position(self, node: ast.expr) -> int:
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, int) and not isinstance(value, bool) and value <= MAX_SIZE:
            return value
        raise self.error(node, "a position is a whole number from 0", "The first entry is x[0].")

    def _stretch(self, node: ast.Slice) -> tuple[Dim, Dim]:
        if node.step is not None:
            raise self.error(
                node.step,
                "a slice has no step here",
                "A slice takes a stretch, such as x[1:] or x[:-1].",
            )
        skip = self.syntax.dim(node.lower) if node.lower else Dim(0)
        if node.upper is None:
            return skip, Dim(0)
        if isinstance(node.upper, ast.UnaryOp) and isinstance(node.upper.op, ast.USub):
            return skip, self.syntax.dim(node.upper.operand)
        raise self.error(
            node.upper,
            "a slice ends counted from the end",
            "x[:-1] leaves the last entry out.",
        )

    # --- calls ---

    def _application(self, node: ast.Call, function: str) -> Expr:
        if function in self.syntax.functions:
            return self._alias(node, function)
        if function == DERIVATIVE:
            match node.args:
                case [ast.Name(id=of), ast.Name(id=by)] if not node.keywords:
                    return Derivative(of, by, span=self.syntax.span(node))
            raise self.error(node, "a derivative is of a name, by a name", "As derivative(L, W).")
        if function not in CALLABLE:
            raise self.error(
                node.func,
                f"there is no op '{function}'",
                nearest(function, (*CALLABLE, *self.syntax.functions)),
            )
        op = TABLE[function]
        given, wanted = len(node.args), len(op.signature.args)
        if not wanted <= given <= wanted + len(op.signature.options):
            raise self.error(
                node,
                f"{function} does not take {given} argument{'' if given == 1 else 's'}",
                f"It is {function}{op.signature}.",
            )
        args = tuple(map(self.read, node.args[:wanted]))
        options = tuple(self._options(node, op))
        return Call(function, args, options, span=self.syntax.span(node))

    def _options(self, node: ast.Call, op: Op) -> Iterator[tuple[str, OptionValue]]:
        names = [option.name for option in op.signature.options]
        written = dict(zip(names, node.args[len(op.signature.args) :], strict=False))
        for keyword in node.keywords:
            if keyword.arg not in names or keyword.arg in written:
                raise self.error(
                    keyword,
                    f"{op.name} takes no '{keyword.arg or '**'}' here",
                    f"It is {op.name}{op.signature}.",
                )
            written[keyword.arg] = keyword.value
        for option in op.signature.options:
            if option.name in written:
                yield option.name, self._option_value(option, written[option.name])
            elif option.required:
                raise self.error(
                    node, f"{op.name} needs its {option.name}", f"It is {op.name}{op.signature}."
                )
            else:
                yield option.name, Dim(1) if option.kind == "dim" else None

    def _option_value(self, option: Option, node: ast.expr) -> OptionValue:
        if option.kind == "dim":
            return self.syntax.dim(node, least=1)
        position = self._position(node)
        if option.kind == "axis" and position > 1:
            raise self.error(node, "an axis is 0 (down the rows) or 1 (along the columns)")
        return position

    def _alias(self, node: ast.Call, function: str) -> Expr:
        """Replace a bank's name for a function by what it stands for."""
        text = self.syntax.functions[function]
        if len(node.args) != 1 or node.keywords:
            raise self.error(node, f"{function} stands for '{text}' and takes one argument")
        pattern = f"{text}(_)" if NAME.match(text) else text
        read = read_raw_expression(Source(f"{self.syntax.source.name} ({function})", pattern))
        argument = self.read(node.args[0])
        # A function that uses its argument twice doubles with every call inside it.
        places = sum(part == Name("_") for part in walk(read))
        parts = sum(1 for _ in walk(read)) + places * sum(1 for _ in walk(argument))
        if parts > MAX_PARTS or _depth(read) + _depth(argument) > MAX_LINE_DEPTH:
            raise self.error(
                node,
                f"with '{text}' written out, this expression is too long or nested too deeply",
                "Give parts of it a name on a line of their own.",
            )
        return _fill(read, argument, self.syntax.span(node))


def _depth(expr: Expr) -> int:
    inner = expr.args if isinstance(expr, Call) else ()
    return 1 + max(map(_depth, inner), default=0)


def _fill(pattern: Expr, argument: Expr, span: Span) -> Expr:
    """Put an argument in place of ``_``, with every new part placed where the call stands."""
    match pattern:
        case Name("_"):
            return argument
        case Call(op, args, options):
            return Call(op, tuple(_fill(arg, argument, span) for arg in args), options, span=span)
        case Name(name):
            return Name(name, span=span)
        case Number(value):
            return Number(value, span=span)
    return pattern
