"""Banks: problem sets as TOML, loaded strictly.

Everything wrong in a file is an error that names file, table and key, and the nearest legal one.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exgen.certify.acceptance import OF_NETWORKS
from exgen.errors import BankError, Source, nearest
from exgen.files import read as read_file
from exgen.problems import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exgen.problems.base import Kind

MAX_BYTES = 1_000_000
MAX_SIZE = 4096
"""The largest size a bank may draw; a Jacobian has the product of two of them."""
MAX_PROBLEMS = 200
MAX_POINTS = 1000
TEXT = "text"
"""The kind of a problem that is given by its text, and the option that holds the text."""
NUMBERS = ("numbers", "values")
"""The options by which a kind takes numbers for the leaves."""
MAX_PARTS = 1000
"""The most entries of a list in a problem."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}\Z")
LETTERS = re.compile(r"[A-Za-z]{1,20}\Z")
SIZE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,20}\Z")

# The parser takes time that grows with the square of a key's parts, or worse.
LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")

TYPE_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}

Choice = int | str


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """A network of a bank.

    Attributes:
        name: as problems refer to it.
        sources: one text, or several of which one is drawn.
        draw: for each size or function that is drawn, what it is drawn from.
        accept: the acceptance rules; None stands for those of all kinds.
        by_layers: whether a sheet names its layers instead of printing its lines.
        names: for a letter that the network's names begin with, the letters it is drawn from.
        numbers: what the numbers of the leaves are drawn from, once for all problems about the
            network; None where each problem draws its own.

    """

    name: str
    sources: tuple[Source, ...]
    draw: Mapping[str, tuple[Choice, ...]]
    accept: tuple[str, ...] | None
    by_layers: bool = False
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ProblemEntry:
    """A problem of a bank: its kind, its network, and the kind's own options.

    ``points`` is what it is worth, or what each of its parts is worth; None stands for one point
    for each part.
    """

    name: str
    kind: Kind
    network: str
    points: int | tuple[int, ...] | None
    covers: tuple[str, ...]
    options: Mapping[str, Any]
    place: str


@dataclass(frozen=True, slots=True)
class Bank:
    """A problem set as its author wrote it."""

    name: str
    path: Path
    title: str
    course: str
    notation: str
    networks: Mapping[str, NetworkEntry]
    problems: tuple[ProblemEntry, ...]

    def problem(self, name: str) -> ProblemEntry:
        """Return the problem of that id.

        Raises:
            BankError: there is none.

        """
        for problem in self.problems:
            if problem.name == name:
                return problem
        ids = [problem.name for problem in self.problems]
        raise BankError(
            f"there is no problem '{name}' in {self.name}",
            place=str(self.path),
            remedy=nearest(name, ids),
        )


def bank_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the banks in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def find_bank(name: str, folder: Path) -> Path:
    """Return the file a ``--set`` means: ``2`` is ``set2.toml`` in the folder; a path is itself.

    Raises:
        BankError: there is none.

    """
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
        # What is there and is no file is named when it is read.
        if not path.exists() or path.is_dir():
            raise BankError("there is no such file", place=name, remedy="Check --set.")
        return path
    for candidate in (f"set{name}", name):
        if candidate in bank_names(folder):
            return folder / f"{candidate}.toml"
    if Path(name).is_file():
        raise BankError(
            f"there is no set '{name}', and a file is known by its ending .toml or its folder",
            remedy=f"Write --set ./{name}, or rename the file.",
        )
    if "." in name:
        raise BankError(
            "there is no set and no file of this name",
            place=name,
            remedy="Check --set; the name of a bank ends in .toml.",
        )
    raise BankError(
        f"there is no set '{name}'",
        remedy=f"There is {', '.join(bank_names(folder))}; or give a file, such as my/bank.toml.",
    )


def load_bank(path: Path) -> Bank:
    """Load a bank.

    Raises:
        BankError: unreadable, malformed, or with something in it that is not legal.

    """
    if not path.stem.isprintable():
        raise BankError(
            f"the file's name {path.name!r} is not printable text",
            remedy="Rename it: the set is called by it.",
        )
    text = _text(path)
    if found := LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise BankError("a key here has too many parts", place=f"{path}:{line}")
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise _malformed(path, "it is nested too deeply") from None
    # ValueError: a whole number with thousands of digits
    except ValueError as error:
        raise _malformed(path, str(error)) from None
    return _Loader(path).bank(data)


def _text(path: Path) -> str:
    """Return a file's text, without the mark that some editors put at the front of UTF-8."""
    try:
        raw = read_file(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BankError(f"cannot be read: {reason}", place=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise BankError(f"is larger than {MAX_BYTES} bytes", place=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BankError("is not UTF-8 text", place=str(path), remedy="Save it as UTF-8.") from None


def _malformed(path: Path, message: str) -> BankError:
    if "digits" in message:
        message = "a number has too many digits"
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    place = f"{path}:{found[1]}:{found[2]}" if found else str(path)
    plain = re.sub(r"\s*\(at .*\)", "", message)
    if plain == "Cannot overwrite a value":
        plain = "this key was given before"
    return BankError(f"this is not legal TOML: {plain}", place=place)


@dataclass(frozen=True, slots=True)
class _Loader:
    path: Path

    def error(self, where: str, message: str, remedy: str = "") -> BankError:
        place = f"{self.path}: {where}" if where else str(self.path)
        return BankError(message, place=place, remedy=remedy)

    # --- reading typed values ---

    def table(self, value: object, where: str, legal: Iterable[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(where, "must be a table")
        legal = tuple(legal)
        for key in value:
            if key not in legal:
                raise self.error(where, f"there is no key '{key}' here", nearest(key, legal))
        return value

    def text(self, table: dict[str, Any], key: str, where: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(where, f"'{key}' must be given, as text", f'Such as {key} = "…".')
        return value

    def line(self, table: dict[str, Any], key: str) -> str:
        value = self.text(table, key, "").strip()
        # A no-break space, as French is typed, is no control character.
        if not all(char.isprintable() or unicodedata.category(char) == "Zs" for char in value):
            raise self.error("", f"'{key}' must be one line without control characters")
        return value

    def texts(self, value: object, key: str, where: str) -> tuple[str, ...]:
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(part, str) for part in values):
            raise self.error(where, f"'{key}' must be text, or a list of texts")
        return tuple(values)

    # --- the file ---

    def bank(self, data: dict[str, Any]) -> Bank:
        legal = ("title", "course", "notation", "networks", "problems")
        table = self.table(data, "", legal)
        networks = table.get("networks", {})
        if not isinstance(networks, dict):
            raise self.error("networks", "must be a table of networks")
        loaded = {name: self.network(name, part) for name, part in networks.items()}
        entries = table.get("problems", [])
        if not isinstance(entries, list) or not entries:
            raise self.error("", "a bank needs at least one [[problems]] entry")
        if len(entries) > MAX_PROBLEMS:
            raise self.error("", f"a bank has at most {MAX_PROBLEMS} [[problems]] entries")
        problems = tuple(self.problem(n, part, loaded) for n, part in enumerate(entries, 1))
        names = [problem.name for problem in problems]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise self.error(
                    f"[[problems]] {number + 1}",
                    f"the id '{name}' is that of [[problems]] {names.index(name) + 1} too",
                    "Each problem needs an id of its own: its draws are named by it.",
                )
        return Bank(
            name=self.path.stem,
            path=self.path,
            title=self.line(table, "title"),
            course=self.line(table, "course"),
            notation=self.text(table, "notation", ""),
            networks=loaded,
            problems=problems,
        )

    def network(self, name: str, data: object) -> NetworkEntry:
        where = f"[networks.{name}]"
        table = self.table(
            data, where, ("text", "file", "draw", "accept", "by_layers", "names", "numbers")
        )
        if ("text" in table) == ("file" in table):
            raise self.error(where, "give either 'text' or 'file'")
        if "text" in table:
            label = f"{self.path} {where}"
            texts = self.texts(table["text"], "text", where)
            if not all(text.strip() for text in texts):
                raise self.error(where, "'text' is empty", "It needs lines such as a = relu(z).")
            sources = tuple(Source(label, text.strip("\n") + "\n") for text in texts)
        else:
            sources = tuple(
                self.file(part, where) for part in self.texts(table["file"], "file", where)
            )
        draw = table.get("draw", {})
        if not isinstance(draw, dict):
            raise self.error(where, "'draw' must be a table")
        drawn = {key: self.choices(key, part, where) for key, part in draw.items()}
        by_layers = table.get("by_layers", False)
        if not isinstance(by_layers, bool):
            raise self.error(where, "'by_layers' must be true or false")
        rules = self.rules(table.get("accept"), where)
        names = self.letters(table.get("names", {}), where)
        numbers = table.get("numbers")
        if numbers is not None and not isinstance(numbers, dict):
            raise self.error(where, "'numbers' must be a table")
        return NetworkEntry(name, sources, drawn, rules, by_layers, names, numbers)

    def letters(self, value: object, where: str) -> dict[str, tuple[str, ...]]:
        """Return what the letters of a network's names are drawn from."""
        if not isinstance(value, dict):
            raise self.error(where, "'names' must be a table")
        found = {key: self.texts(part, f"names.{key}", where) for key, part in value.items()}
        for key, choices in found.items():
            for letters in (key, *choices):
                if not LETTERS.match(letters):
                    raise self.error(
                        where,
                        f"names.{key} has '{letters}', and a name begins with letters alone",
                        'Such as names.z = ["z", "m", "s"], which makes m1 of z1.',
                    )
        return found

    def rules(self, value: object, where: str) -> tuple[str, ...] | None:
        """Return the rules a bank names; an empty list accepts every draw."""
        if value is None or value == []:
            return None if value is None else ()
        rules = self.texts(value, "accept", where)
        for rule in rules:
            if rule not in OF_NETWORKS:
                raise self.error(where, f"there is no rule '{rule}'", nearest(rule, OF_NETWORKS))
        return rules

    def file(self, name: str, where: str) -> Source:
        path = self.path.parent / name
        try:
            return Source(str(path), _text(path))
        except BankError as error:
            raise self.error(
                where, f"the network file '{name}' {error.message}", f"It is looked for at {path}."
            ) from None

    def choices(self, key: str, value: object, where: str) -> tuple[Choice, ...]:
        """Return what a size or a function is drawn from."""
        if not SIZE_NAME.match(key):
            raise self.error(where, f"'{key}' cannot name a size or a function")
        if isinstance(value, dict):
            table = self.table(value, f"{where} draw.{key}", ("from", "to", "step"))
            bounds = (table.get("from"), table.get("to"), table.get("step", 1))
            if all(type(bound) is int for bound in bounds):
                low, high, step = (int(bound or 0) for bound in bounds)
                if 1 <= low <= high <= MAX_SIZE and step >= 1:
                    return tuple(range(low, high + 1, step))
            raise self.error(
                where,
                f"draw.{key} needs whole numbers 1 <= from <= to <= {MAX_SIZE} (and step >= 1)",
            )
        values: list[Any] = value if isinstance(value, list) else [value]
        of_one_type = {type(part) for part in values}
        if of_one_type == {int} and not all(1 <= size <= MAX_SIZE for size in values):
            raise self.error(where, f"draw.{key} needs whole numbers from 1 to {MAX_SIZE}")
        if of_one_type in ({int}, {str}):
            return tuple(values)
        raise self.error(
            where, f"draw.{key} must be a list of whole numbers or of functions",
            f'Such as {key} = [784, 1024], or {key} = ["relu", "tanh"].',
        )  # fmt: skip

    def problem(
        self, number: int, data: object, networks: Mapping[str, NetworkEntry]
    ) -> ProblemEntry:
        where = f"[[problems]] {number}"
        if not isinstance(data, dict):
            raise self.error(where, "must be a table")
        data = self.with_text(data, where)
        kind_name = self.text(data, "kind", where)
        if kind_name not in KINDS:
            raise self.error(where, f"there is no kind '{kind_name}'", nearest(kind_name, KINDS))
        kind = KINDS[kind_name]
        common = ("id", "kind", "network", "points", "covers")
        table = self.table(data, where, (*common, *kind.options))
        name = self.text(table, "id", where)
        if not NAME.match(name):
            raise self.error(
                where, f"'{name}' is no legal id", "Letters, digits, '-' and '_', 40 at most."
            )
        network = self.text(table, "network", where)
        if network not in networks:
            raise self.error(where, f"there is no network '{network}'", nearest(network, networks))
        points = self.points(table.get("points"), where)
        if TEXT in table:
            points = self.points_of(table[TEXT], points, where)
        covers = self.texts(table["covers"], "covers", where) if "covers" in table else ()
        options = {key: table[key] for key in kind.options if key in table}
        for key, value in options.items():
            self.option(key, value, kind.options[key], where)
            if key in NUMBERS and networks[network].numbers is not None:
                raise self.error(
                    where,
                    f"'{key}' is given, and '{network}' has numbers for all its problems",
                    f"Remove '{key}', or the network's 'numbers'.",
                )
        return ProblemEntry(name, kind, network, points, covers, options, f"{self.path}: {where}")

    def with_text(self, data: dict[str, Any], where: str) -> dict[str, Any]:
        """Return a problem whose text stands in it, and whose kind says so."""
        if "text_file" in data:
            name = self.text(data, "text_file", where)
            data = {key: part for key, part in data.items() if key != "text_file"}
            data[TEXT] = self.file(name, where).text
        return {"kind": TEXT, **data} if TEXT in data else data

    def points_of(
        self, text: object, stated: int | tuple[int, ...] | None, where: str
    ) -> int | tuple[int, ...] | None:
        """Return the points of a problem's parts where its text gives them."""
        from exgen.asks.parse import points_of

        if not isinstance(text, str):
            raise self.error(where, f"'{TEXT}' must be text")
        found = points_of(Source(f"{self.path}: {where} {TEXT}", text))
        if found is not None and stated is not None:
            raise self.error(where, "'points' are given, and the text gives its parts points too")
        return stated if found is None else found

    def points(self, value: object, where: str) -> int | tuple[int, ...] | None:
        """Return the points of a problem, or those of each of its parts."""
        if value is None:
            return None
        if isinstance(value, list):
            if value and all(type(part) is int and 1 <= part <= MAX_POINTS for part in value):
                return tuple(value)
            says = f"'points' must list a whole number from 1 to {MAX_POINTS} for each part"
            raise self.error(where, says)
        if type(value) is not int or not 0 <= value <= MAX_POINTS:
            raise self.error(where, f"'points' must be a whole number from 0 to {MAX_POINTS}")
        return value

    def option(self, key: str, value: object, types: tuple[type, ...], where: str) -> None:
        """Check what every kind's own options have in common."""
        if type(value) not in types:
            wanted = " or ".join(TYPE_NAMES.get(part, part.__name__) for part in types)
            raise self.error(where, f"'{key}' must be {wanted}")
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            raise self.error(where, f"'{key}' must be at least 1")
        parts = value if isinstance(value, list) else [value]
        if not parts:
            raise self.error(where, f"'{key}' is empty", "Leave it out to have it drawn.")
        if len(parts) > MAX_PARTS:
            raise self.error(where, f"'{key}' has more than {MAX_PARTS} entries")
        for number, part in enumerate(parts):
            if part in parts[:number]:
                raise self.error(where, f"'{key}' has {part!r} twice")
