"""Banks: problem sets as TOML, loaded strictly.

Everything wrong in a file is an error that names file, table and key, and the nearest legal one.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.structs import asdict, replace

from exgen import resources
from exgen.asks.parse import points_of
from exgen.certify.acceptance import OF_NETWORKS
from exgen.errors import BankError, DataError, Source, nearest
from exgen.files import MAX_TOML, read_text, read_toml
from exgen.images import read_logo
from exgen.include import bank_of, check_pick, with_included
from exgen.page import Page
from exgen.problems import KINDS
from exgen.strict import Table, read, said
from exgen.tables import (
    CHOICES,
    MAX_PARTS,
    MAX_PROBLEMS,
    OPTIONS,
    Bank,
    Choice,
    Drawn,
    File,
    Header,
    Letters,
    NetworkEntry,
    NetworkTable,
    Numbers,
    ProblemEntry,
    ProblemTable,
    Range,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = "text"
"""The kind of a problem that is given by its text, and the option that holds the text."""
OLD = ("numbers", "values")
"""Keys that once held the numbers of leaves."""
Points = int | tuple[int, ...] | None
LETTERS = re.compile(r"[A-Za-z]{1,20}\Z")
LEAF = re.compile(r"^[ \t]*([A-Za-z]\w*)[ \t]*:", re.MULTILINE)
SIZE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,20}\Z")


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


def load_bank(path: Path, inside: tuple[Path, ...] = ()) -> Bank:
    """Load a bank.

    Args:
        path: its file.
        inside: the banks that include it, from the outermost.

    Raises:
        BankError: unreadable, malformed, or with something in it that is not legal.

    """
    if not path.stem.isprintable():
        raise BankError(
            f"the file's name {path.name!r} is not printable text",
            remedy="Rename it: the set is called by it.",
        )
    return _bank(path, read_toml(path), inside)


def _bank(path: Path, data: object, inside: tuple[Path, ...]) -> Bank:
    top = Table(path)
    file = top.read(File, data)
    header = {key: getattr(file, key) for key in Header.__struct_fields__}
    for key, value in header.items():
        if isinstance(value, str):
            header[key] = value.strip()
            # A no-break space, as French is typed, is no control character.
            if not all(c.isprintable() or unicodedata.category(c) == "Zs" for c in header[key]):
                raise top.error(f"'{key}' must be one line without control characters")
    networks = {
        name: _network(Table(path, f"[networks.{name}]"), name, part)
        for name, part in file.networks.items()
    }
    problems: dict[str, ProblemEntry] = {}
    for number, part in enumerate(file.problems, 1):
        table = Table(path, f"[[problems]] {number}")
        problem = _problem(table, part, networks)
        if problem.name in problems:
            first = list(problems).index(problem.name) + 1
            raise table.error(
                f"the id '{problem.name}' is that of [[problems]] {first} too",
                "Each problem needs an id of its own: its draws are named by it.",
            )
        problems[problem.name] = problem
    page, files = _page(Table(path, "[page]"), file.page)
    own = Bank(
        **header,
        name=path.stem,
        path=path,
        networks=networks,
        problems=tuple(problems.values()),
        page=page,
        files=files,
    )
    others = [(wanted, _included(wanted, (*inside, path), top)) for wanted in file.include]
    bank = with_included(own, others, top)
    if not 0 < len(bank.problems) <= MAX_PROBLEMS:
        raise top.error(f"a bank has 1 to {MAX_PROBLEMS} problems: [[problems]], or 'include'")
    check_pick(bank, top)
    return replace(bank, homes={**bank.homes, bank.name: bank})


def _included(wanted: str, inside: tuple[Path, ...], top: Table) -> Bank:
    """Return a bank that another includes: a set by its name, or a file beside the other."""
    name = bank_of(wanted)
    try:
        is_file = name.endswith(".toml")
        path = top.path.parent / name if is_file else find_bank(name, resources.banks())
    except BankError as error:
        raise top.error(f"include: {error.message}", error.remedy) from None
    if path.resolve() in {part.resolve() for part in inside}:
        circle = " includes ".join(part.name for part in (*inside, path))
        raise top.error(f"include: {circle}", "Let one of them do without.")
    if not path.is_file():
        raise top.error(f"include: there is no file '{name}'", f"It is looked for at {path}.")
    return load_bank(path, inside)


def _page(table: Table, data: object) -> tuple[Page, dict[str, bytes]]:
    """Return how the pages of a bank are set, and the image that stands on them, by its name."""
    if isinstance(data, dict):
        # TOML has dates of its own
        data = {key: str(part) if isinstance(part, date) else part for key, part in data.items()}
    page: Page = table.read(Page, data)
    if not page.logo:
        return page, {}
    name, image = read_logo(table.path, page.logo, table.place)
    return replace(page, logo=name), {name: image}


def with_page(bank: Bank, changes: Mapping[str, object]) -> Bank:
    """Return a bank with other values for some keys of its page, as options of a command give.

    Raises:
        BankError: a value is not legal.

    """
    try:
        page: Page = read(Page, {**asdict(bank.page), **changes})
    except DataError as error:
        place = f"--{error.path.removeprefix('.')}"
        raise BankError(error.message, place=place, remedy=error.remedy) from None
    return replace(bank, page=page)


def _network(table: Table, name: str, data: object) -> NetworkEntry:
    given = table.read(NetworkTable, data)
    if (given.text is None) == (given.file is None):
        raise table.error("give either 'text' or 'file'")
    texts = _listed(given.text or ())
    if not all(text.strip() for text in texts):
        raise table.error("'text' is empty", "It needs lines such as a = relu(z).")
    sources = [Source(f"{table.path} {table.where}", text.strip("\n") + "\n") for text in texts]
    sources += [_file(table, part) for part in _listed(given.file or ())]
    for rule in given.accept or ():
        table.require("rule", rule, OF_NETWORKS)
    leaves = tuple(dict.fromkeys(leaf for part in sources for leaf in LEAF.findall(part.text)))
    numbers = _numbers(
        table, given, leaves, {key: part for key, part in given.draw.items() if key in leaves}
    )
    sizes = {key: part for key, part in given.draw.items() if key not in leaves}
    read_already = {
        "draw": {key: _choices(table, key, part) for key, part in sizes.items()},
        "names": {key: _letters(table, key, part) for key, part in given.names.items()},
        "share": bool(numbers or given.give) if given.share is None else given.share,
    }
    return NetworkEntry(
        **asdict(given) | read_already,
        name=name,
        sources=tuple(sources),
        leaves=leaves,
        numbers=numbers,
        place=table.place,
    )


def _numbers(
    table: Table,
    given: NetworkTable | ProblemTable,
    leaves: tuple[str, ...],
    draw: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Return what the numbers of leaves are drawn from; see that what is given is of leaves too."""
    for key in (*draw, *given.give):
        if key not in leaves:
            raise table.error(f"there is no leaf '{key}'", nearest(key, leaves))
        if key in draw and key in given.give:
            raise table.error(f"'{key}' is drawn and given", "Keep one.")
    for key, part in draw.items():
        table.read(Numbers, part, f"draw.{key}")
    return draw


def _listed(value: tuple[str, ...] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _letters(table: Table, key: str, data: object) -> tuple[str, ...]:
    """Return what the letters of a network's names are drawn from."""
    choices = _listed(table.read(Letters, data, f"names.{key}"))
    for letters in (key, *choices):
        if not LETTERS.match(letters):
            raise table.error(
                f"names.{key} has '{letters}', and a name begins with letters alone",
                'Such as names.z = ["z", "m", "s"], which makes m1 of z1.',
            )
    return choices


def _file(table: Table, name: str) -> Source:
    path = table.path.parent / name
    try:
        return Source(str(path), read_text(path, MAX_TOML, BankError))
    except BankError as error:
        raise table.error(
            f"the network file '{name}' {error.message}", f"It is looked for at {path}."
        ) from None


def _choices(table: Table, key: str, data: object) -> tuple[Choice, ...]:
    """Return what a size or a function is drawn from."""
    if not SIZE_NAME.match(key):
        raise table.error(f"'{key}' cannot name a size or a function")
    drawn = table.read(Drawn, data, f"draw.{key}")
    if isinstance(drawn, Range):
        found: tuple[Choice, ...] = tuple(range(drawn.low, drawn.high + 1, drawn.step))
    else:
        found = drawn if isinstance(drawn, tuple) else (drawn,)
    if len({type(part) for part in found}) != 1:
        remedy = f'Such as draw.{key} = [784, 1024], or draw.{key} = ["relu", "tanh"].'
        raise table.error(f"'draw.{key}' must be {CHOICES}", remedy)
    return found


@cache
def _struct_of(kind: str) -> type[Struct]:
    """Return the keys of the problems of a kind: those of all kinds, and its own options."""
    own: list[tuple[str, Any, Any]] = []
    for key, types in KINDS[kind].options.items():
        least = Meta(ge=1) if types == (int,) else Meta()
        limits = {int: least, list: Meta(min_length=1, max_length=MAX_PARTS)}
        parts = tuple(Annotated[part, limits.get(part, Meta())] for part in types)
        legal = said(" or ".join(OPTIONS[part] for part in types), "")
        own.append((key, Annotated[Union[(*parts, UnsetType)], legal], UNSET))
    return defstruct(
        kind, own, bases=(ProblemTable,), frozen=True, kw_only=True, forbid_unknown_fields=True
    )


def _problem(table: Table, data: object, networks: Mapping[str, NetworkEntry]) -> ProblemEntry:
    given = _with_text(table, data) if isinstance(data, dict) else data
    sort = given.get("kind") if isinstance(given, dict) else None
    for key in {*OLD} & set(given if isinstance(given, dict) else ()):
        remedy = "Give numbers as give.x = 3, or let them be drawn: draw.x = [1, 2]."
        raise table.error(f"there is no key '{key}' here", remedy)
    known = isinstance(sort, str) and sort in KINDS
    entry = table.read(_struct_of(sort) if known else ProblemTable, given)
    table.require("kind", entry.kind_name, KINDS)
    table.require("network", entry.network, networks)
    takes = KINDS[entry.kind_name]
    every = {key: getattr(entry, key) for key in takes.options}
    options = {key: value for key, value in every.items() if value is not UNSET}
    for key, value in options.items():
        for number, part in enumerate(value if isinstance(value, list) else ()):
            if part in value[:number]:
                raise table.error(f"'{key}' has {part!r} twice")
    # a leaf behind the network, such as an upstream gradient, is known when it is drawn
    behind = (*entry.draw, *entry.give) if takes.takes_numbers else ()
    _numbers(table, entry, (*networks[entry.network].leaves, *behind), entry.draw)
    if (entry.draw or entry.give) and not takes.takes_numbers:
        key = "draw" if entry.draw else "give"
        raise table.error(f"{entry.kind_name} asks about no numbers", f"Remove '{key}'.")
    for rule in entry.accept or ():
        table.require("rule", rule, dict.fromkeys(takes.number_rules))
    found = {key: getattr(entry, key) for key in ProblemTable.__struct_fields__}
    if TEXT in options:
        found["points"] = _points(table, str(options[TEXT]), entry.points)
    return ProblemEntry(
        **found, options=options, place=table.place, home=table.path.stem, origin=entry.name
    )


def _with_text(table: Table, data: dict[str, Any]) -> dict[str, Any]:
    """Return a problem whose text stands in it, and whose kind says so."""
    if "text_file" in data:
        name = table.read(Annotated[str, said("text", "")], data["text_file"], "text_file")
        data = {key: part for key, part in data.items() if key != "text_file"}
        data[TEXT] = _file(table, name).text
    return {"kind": TEXT, **data} if TEXT in data else data


def _points(table: Table, text: str, stated: Points) -> Points:
    """Return the points of a problem's parts where its text gives them."""
    found = points_of(Source(f"{table.place} {TEXT}", text))
    if found is not None and stated is not None:
        raise table.error("'points' are given, and the text gives its parts points too")
    return stated if found is None else found
