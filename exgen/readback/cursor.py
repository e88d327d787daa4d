"""A place in a text of tokens, and what has been learnt on the way: sizes, and letters in use."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import CertificateError, MisfitError
from exgen.graph import ONE, SCALAR, Call, Dim, Expr, Shape, is_scalar, shape_text, substitute_sizes
from exgen.ops import lookup
from exgen.ops.base import Sizes
from exgen.readback.tokens import Token, error_at, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exgen.graph import OptionValue
    from exgen.readback.vocabulary import Vocabulary

MAX_DEPTH = 100
MAX_PARTS = 200
"""More terms than this in a sum, or factors in a product, are no printed answer."""


class Part(Struct, frozen=True):
    """A piece of the text that was read: what it means, its shape, and where it stands."""

    expr: Expr
    shape: Shape
    start: int
    end: int

    @property
    def is_scalar(self) -> bool:
        """Whether it is one number."""
        return is_scalar(self.shape)


@dataclass(slots=True)
class Cursor:
    """Walks through tokens.

    A size that the page does not say, such as that of a bare vector of ones, is open at first
    and learnt from what stands beside it.
    """

    latex: str
    vocabulary: Vocabulary
    tokens: tuple[Token, ...] = ()
    place: int = 0
    depth: int = 0
    sizes: Sizes = field(default_factory=Sizes)
    letters: dict[str, Dim] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    unmarked: list[tuple[Dim, Dim, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = self.tokens or tokens_of(self.latex)
        self.letters = dict(self.vocabulary.letters)

    # --- tokens ---

    @property
    def text(self) -> str:
        """The text of the token that comes next; empty at the end."""
        return self.tokens[self.place].text if self.place < len(self.tokens) else ""

    def ahead(self, count: int = 1) -> str:
        """Return the text of a later token; empty beyond the end."""
        place = self.place + count
        return self.tokens[place].text if place < len(self.tokens) else ""

    @property
    def start(self) -> int:
        """Where the next token stands."""
        return self.tokens[self.place].start if self.place < len(self.tokens) else len(self.latex)

    @property
    def end(self) -> int:
        """Where the last token ended."""
        return self.tokens[self.place - 1].end if self.place else 0

    def next(self) -> Token:
        """Take the next token."""
        if self.place >= len(self.tokens):
            raise self.error("the text ends too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def take(self, *texts: str) -> str:
        """Take the next token if it is one of these; return it, or nothing."""
        if self.text and self.text in texts:
            return self.next().text
        return ""

    def expect(self, text: str) -> None:
        """Take a token that has to come now."""
        if self.text != text:
            found = f"'{self.text}' stands here" if self.text else "the text ends"
            raise self.error(f"'{text}' should come next, and {found}")
        self.place += 1

    def error(self, message: str, start: int | None = None) -> CertificateError:
        """Return an error at the next token, or from ``start`` to the last one taken."""
        if start is None:
            width = len(self.text) or 1
            return error_at(self.latex, self.start, self.start + width, message)
        return error_at(self.latex, start, max(self.end, start + 1), message)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count the nesting, and refuse what is nested beyond reason."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"brackets nested more than {MAX_DEPTH} deep")
        yield
        self.depth -= 1

    def counted(self, parts: int) -> None:
        """Refuse a sum or a product of too many parts."""
        if parts > MAX_PARTS:
            raise self.error(f"more than {MAX_PARTS} terms or factors side by side")

    # --- expressions ---

    def open(self, *, column: bool = False) -> Dim:
        """Return a size that has to be learnt; one that is 1 where nothing says otherwise."""
        name = f"?{len(self.opened)}"
        self.opened.append(name)
        if column:
            self.columns.add(name)
        return Dim(0, (name,))

    def part(self, expr: Expr, shape: Shape, start: int) -> Part:
        """Return what was read from ``start`` up to here."""
        return Part(expr, shape, start, self.end)

    def apply(self, op: str, parts: tuple[Part, ...], start: int, **options: OptionValue) -> Part:
        """Return an op applied to parts; an error where their shapes do not fit."""
        try:
            shapes = tuple(self.sizes.shape(part.shape) for part in parts)
            shape = lookup(op).shape(self.sizes, shapes, options)
        except MisfitError as error:
            raise self.error(error.message, start) from None
        args = tuple(part.expr for part in parts)
        return self.part(Call(op, args, tuple(options.items())), self.sizes.shape(shape), start)

    def same_size(self, left: Dim, right: Dim, message: str, start: int) -> None:
        """Require two sizes to be equal."""
        if not self.sizes.same(left, right):
            known = [str(self.sizes.resolve(dim)) for dim in (left, right)]
            if any("?" in size for size in known):
                raise self.error("the page does not say how large a part of this is", start)
            raise self.error(f"{message}: {' is not '.join(known)}", start)

    def settled(self, part: Part, shape: Shape | None) -> Part:
        """Return what was read with every size known.

        Raises:
            CertificateError: the page does not say a size, or the shape is not the one given.

        """
        if shape is not None:
            found = self.sizes.shape(part.shape)
            if not all(self.sizes.same(a, b) for a, b in zip(found, shape, strict=True)):
                message = f"this is {shape_text(found)}, not {shape_text(shape)}"
                raise error_at(self.latex, part.start, part.end, message)
        if not self.opened:
            return part
        learnt: dict[str, Dim] = {}
        for name in self.opened:
            dim = self.sizes.resolve(Dim(0, (name,)))
            if dim == Dim(0, (name,)) and name in self.columns:
                self.sizes.known[name] = dim = Dim(1)
            learnt[name] = dim
        for rows, columns, start in self.unmarked:
            if self.sizes.resolve(rows) == ONE != self.sizes.resolve(columns):
                raise error_at(
                    self.latex, start, start + 1, "a row of zeros needs a transpose mark"
                )
        learnt = {name: self.sizes.resolve(dim) for name, dim in learnt.items()}
        if any(name.startswith("?") for dim in learnt.values() for name in dim.names):
            message = "the page does not say how large a part of this is"
            raise error_at(self.latex, part.start, part.end, message)
        expr = substitute_sizes(part.expr, learnt)
        return Part(expr, self.sizes.shape(part.shape), part.start, part.end)


def scalar(expr: Expr, start: int, end: int) -> Part:
    """Return a number that was read."""
    return Part(expr, SCALAR, start, end)
