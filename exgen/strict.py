"""TOML and JSON to values, by their types, with msgspec; what does not fit is refused in words.

What is legal for a key, what it is for, and an example are told once, where its field is declared:
``title: Annotated[str, said("text", "The heading.", "Week 1")]``. Errors and the reference of all
keys are made of these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, inspect

from exgen.errors import BankError, DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHOWN = 40
WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
"""What JSON has, as errors call it."""


def said(legal: str, about: str, *examples: object, **limits: Any) -> msgspec.Meta:  # noqa: ANN401
    """Return what is told of a key: what it must be, what it is for, and what may stand there."""
    return msgspec.Meta(title=legal, description=about, examples=[*examples], **limits)


def read(kind: Any, data: object, key: str = "") -> Any:  # noqa: ANN401 - of that type
    """Return data as a value of a type; ``key`` is where it stands, for errors.

    Raises:
        DataError: it does not fit; ``path`` says in which key of the data.

    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _told(str(error), kind, key) from None


def toml(value: object) -> str:
    """Return a value as TOML writes it, on one line.

    >>> toml({"from": 1, "to": [True, "a"]})
    '{ from = 1, to = [true, "a"] }'
    """
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {toml(part)}' for key, part in value.items())} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    return msgspec.json.encode(value).decode()


def _told(text: str, kind: object, key: str) -> DataError:
    """Return the error for what msgspec says of data that is not of a type."""
    message, _, path = text.rpartition(" - at `$") if " - at `$" in text else (text, "", "")
    field, table = _end(inspect.type_info(kind), path)
    path = key + path.removesuffix("`")
    if found := re.fullmatch("Object contains unknown field `(.*)`", message, re.DOTALL):
        legal = [part.encode_name for part in table]
        return DataError(f"there is no key '{found[1]}' here", path, nearest(found[1], legal))
    verb = "must be"
    if found := re.fullmatch("Object missing required field `(.*)`", message):
        field = next(part for part in table if part.encode_name == found[1])
        verb = "must be given, as"
    if field is None or (_about(kind) and not _about(field)):
        name, about = key, _about(kind)
    else:
        name, about = field.encode_name, _about(field)
    legal_text = about.get("title") or _in_words(message)
    such = ", or ".join(f"{name} = {toml(part)}" for part in about.get("examples", []))
    return DataError(f"'{name}' {verb} {legal_text}", path, such and f"Such as {such}.")


def _in_words(message: str) -> str:
    """Return what msgspec expected in words, such as ``text or null``."""
    expected = message.removeprefix("Expected ").partition(", got")[0]
    return " or ".join(WORDS.get(part, part) for part in expected.strip("`").split(" | "))


def shown(data: object) -> str:
    """Return a piece of JSON for a message, cut short."""
    if isinstance(data, (dict, list)):
        return "an object" if isinstance(data, dict) else "a list"
    text = f"'{data}'" if isinstance(data, str) else msgspec.json.encode(data).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _end(info: inspect.Type, path: str) -> tuple[inspect.Field | None, tuple[inspect.Field, ...]]:
    """Return the last key on a path, and the keys of the table that the path ends in."""
    last: inspect.Field | None = None
    for name in re.findall(r"\.(\w+)|\[", path):
        if name:
            last = next((part for part in _fields(info) if part.encode_name == name), None)
            inner = [] if last is None else [last.type]
        else:
            inner = [kind for part in _parts(info) if (kind := getattr(part, "item_type", None))]
        if not inner:
            break
        info = inner[0]
    return last, tuple(_fields(info))


def _parts(info: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(info, inspect.Metadata):
        yield from _parts(info.type)
    elif isinstance(info, inspect.UnionType):
        for part in info.types:
            yield from _parts(part)
    else:
        yield info


def _fields(info: inspect.Type) -> Iterator[inspect.Field]:
    for part in _parts(info):
        yield from getattr(part, "fields", ())


def _about(of: object) -> dict[str, Any]:
    """Return what :func:`said` told of a field, or of a type."""
    info = of.type if isinstance(of, inspect.Field) else inspect.type_info(of)
    return (isinstance(info, inspect.Metadata) and info.extra_json_schema) or {}


class Table(Struct, frozen=True):
    """A table of a bank, for errors about it."""

    path: Path
    where: str = ""

    @property
    def place(self) -> str:
        """File and table."""
        return f"{self.path}: {self.where}" if self.where else str(self.path)

    def error(self, message: str, remedy: str = "") -> BankError:
        """Return an error about the table."""
        return BankError(message, place=self.place, remedy=remedy)

    def read(self, kind: Any, data: object, key: str = "") -> Any:  # noqa: ANN401 - of that type
        """Return what stands in the table, or under a key of it, as a value of a type."""
        if not (key or isinstance(data, dict)):
            raise self.error("must be a table")
        try:
            return read(kind, data, key)
        except DataError as error:
            nested = key and error.message.startswith("there is no key")
            table = Table(self.path, f"{self.where} {key}") if nested else self
            raise table.error(error.message, error.remedy) from None

    def require(self, sort: str, name: str, legal: Mapping[str, object]) -> None:
        """Refuse a name of a sort of thing that there is not."""
        if name not in legal:
            raise self.error(f"there is no {sort} '{name}'", nearest(name, legal))
