"""Text to Python's own syntax trees, with the limits and places that both readers share.

Python's ``ast`` does the parsing, so line and column of every mistake are known; nothing is ever
executed.
"""

from __future__ import annotations

import ast
import re
import warnings
from keyword import iskeyword
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import LanguageError, Source, Span
from exgen.graph import Dim
from exgen.ops import TABLE
from exgen.shapes import MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS = 100_000
MAX_STATEMENTS = 250
# A line's gradient nests about three times as deep, and must still be readable as an expression.
MAX_LINE_DEPTH = 50
MAX_EXPRESSION_DEPTH = 200

SHORT_FORMS: Mapping[str, str] = {"sqrt": "_ ** 0.5"}
"""Functions of the language that stand for an expression."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
# ast counts only \n, \r and \r\n as line ends; str.splitlines, which shows the line, also these.
OTHER_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class Syntax(Struct, frozen=True):
    """A text that is being read.

    Attributes:
        source: the text and the name errors give it.
        lines: its lines.
        functions: names that stand for an op here, as ``{"f": "lrelu(_, 0.1)"}``.

    """

    source: Source
    lines: tuple[str, ...]
    functions: Mapping[str, str]

    @classmethod
    def of(cls, source: Source, functions: Mapping[str, str]) -> Syntax:
        """Return a text ready to be read."""
        # Editors on Windows put a mark before the first line.
        text = OTHER_LINE_ENDS.sub(" ", source.text.removeprefix("\ufeff"))
        lines = tuple(text.splitlines()) or ("",)
        return Syntax(Source(source.name, text), lines, {**SHORT_FORMS, **functions})

    # --- places ---

    def span(self, node: ast.AST) -> Span:
        """Return where a piece of syntax stands; ast counts bytes, carets need characters."""
        line = getattr(node, "lineno", 1)
        start = getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", start)
        text = self.lines[line - 1].encode()
        if getattr(node, "end_lineno", line) != line:
            end = len(text)
        before, inside = text[:start].decode(), text[start:end].decode()
        return Span(line, len(before), len(inside))

    def error(self, node: ast.AST, message: str, remedy: str = "") -> LanguageError:
        """Return an error that points at a piece of syntax."""
        return self.source.error(message, self.span(node), remedy)

    def text(self, node: ast.AST) -> str:
        """Return a piece of syntax as it was written; its first line where it has several."""
        span = self.span(node)
        return self.lines[span.line - 1][span.column : span.column + span.length]

    def sign_after(self, node: ast.expr, sign: str) -> Span:
        """Return where a sign stands that follows a piece of syntax on its last line."""
        line = node.end_lineno or node.lineno
        text = self.lines[line - 1]
        after = len(text.encode()[: node.end_col_offset].decode())
        return Span(line, max(text.find(sign, after), 0), len(sign))

    # --- parsing ---

    def parse(self, max_depth: int) -> list[ast.stmt]:
        """Return the statements of the text.

        Raises:
            LanguageError: for syntax, and for a text that is too long or nested too deeply.

        """
        if len(self.source.text) > MAX_CHARACTERS:
            raise LanguageError(
                f"the text is longer than {MAX_CHARACTERS} characters", place=self.source.name
            )
        try:
            with warnings.catch_warnings():
                # Python warns of oddities such as '1if'; what is not ours is refused below.
                warnings.simplefilter("ignore")
                statements = ast.parse(self.source.text).body
        except SyntaxError as error:
            raise self._syntax_error(error) from None
        except (RecursionError, MemoryError):
            raise LanguageError(
                "the text is nested too deeply to be parsed",
                place=self.source.name,
                remedy="Give parts of long expressions a name on a line of their own.",
            ) from None
        except ValueError:
            raise LanguageError(
                "the text holds characters that are no text",
                place=self.source.name,
                remedy="Save it as plain text in UTF-8.",
            ) from None
        if len(statements) > MAX_STATEMENTS:
            raise self.error(
                statements[MAX_STATEMENTS],
                f"a network has at most {MAX_STATEMENTS} declarations and lines",
                "Take a part of it.",
            )
        for statement in statements:
            self._check_depth(statement, max_depth)
        return statements

    def word_error(self, place: Span, word: str) -> LanguageError:
        """Return the error for a word that Python keeps for itself and that stands for a name."""
        letter = " It prints as the Greek letter." if word == "lambda" else ""
        return self.source.error(
            f"'{word}' is a word of Python's syntax, so it cannot be a name",
            place,
            f"Call it {word}_, for example.{letter}",
        )

    def _python_word(self, number: int) -> LanguageError | None:
        """Return the error for a word of Python's in a line that is no legal syntax."""
        text = self.lines[number - 1].partition("#")[0]
        for found in re.finditer(r"\b[A-Za-z]+\b", text):
            if iskeyword(found[0]):
                return self.word_error(Span(number, found.start(), len(found[0])), found[0])
        return None

    def _syntax_error(self, error: SyntaxError) -> LanguageError:
        if "null bytes" in error.msg:  # Python does not say where
            number = next(n for n, text in enumerate(self.lines, 1) if "\0" in text)
            place = Span(number, self.lines[number - 1].index("\0"), 1)
            return self.source.error("this character is no text", place, "Remove it.")
        line = min(max(error.lineno or 1, 1), len(self.lines))
        text = self.lines[line - 1]
        if error.msg == "invalid syntax" and (word := self._python_word(line)) is not None:
            return word
        start = min(max((error.offset or 1) - 1, 0), len(text))
        if isinstance(error, IndentationError):
            start = len(text) - len(text.lstrip())
        end = error.end_offset or 0
        length = end - 1 - start if error.end_lineno == line and end - 1 > start else 1
        message = f"this is not legal syntax: {error.msg}"
        if "int_max_str_digits" in error.msg:  # advice on Python's own settings is no help here
            message = "this number is too long"
        return self.source.error(message, Span(line, start, length))

    def _check_depth(self, statement: ast.stmt, most: int) -> None:
        level: list[ast.AST] = [statement]
        for _ in range(most):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if not level:
                return
        raise self.error(
            statement,
            f"this expression is nested more than {most} deep",
            "Give parts of it a name on a line of their own.",
        )

    # --- names and sizes ---

    def check_name(self, node: ast.Name) -> str:
        """Return a name that is being given, if it may be given."""
        if not NAME.match(node.id):
            raise self.error(
                node,
                f"'{node.id}' is not a legal name",
                "Names are made of the letters a to z and A to Z, digits and underscores, and "
                "start with a letter.",
            )
        if node.id in (*TABLE, *SHORT_FORMS):
            raise self.error(node, f"'{node.id}' is taken: it names an op", "Choose another name.")
        return node.id

    def dim(self, node: ast.expr, *, least: int = 0) -> Dim:
        """Return a size: a whole number, a name, or a sum of them."""
        found = self._dim(node)
        if found is None:
            raise self.error(
                node, "this is not a size", "A size is a whole number, a name, or a sum of them."
            )
        lowest = least if found.is_number else -MAX_SIZE
        if not lowest <= found.constant <= MAX_SIZE:
            raise self.error(node, f"a size lies between {lowest} and {MAX_SIZE}")
        return found

    def _dim(self, node: ast.expr) -> Dim | None:
        match node:
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                return Dim(number)
            case ast.Name():
                return Dim(0, (self.check_name(node),))
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
                one, other = self._dim(left), self._dim(right)
                if one is None or other is None:
                    return None
                if isinstance(sign, ast.Add):
                    return one + other
                # Only a number can be taken off: sizes that were inferred read as 'N - 1'.
                return one + Dim(-other.constant) if other.is_number else None
        return None
