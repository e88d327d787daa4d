"""JSON to values, by their types: whatever does not fit is refused, with the path to it.

A type is read as Python writes it: ``tuple[str, ...]``, ``Mapping[str, int]``, a union, or a frozen
dataclass whose every field must be there, and no other. What JSON has no type for, such as an
expression, is read by the function that the caller gives for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from sys import modules
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from exgen.errors import DataError, nearest

MAX_NUMBER = 2**63
"""No whole number of a manifest is larger."""
SHOWN = 40
PLAIN: Mapping[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    NoneType: "null",
}

Read = Callable[[Any, str], Any]
"""JSON and its path in; the value out, or DataError."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """Reads JSON as values.

    Attributes:
        names: types that modules import for annotations only, by name.
        readers: for a type that JSON does not have, how it is read.

    """

    names: Mapping[str, object]
    readers: Mapping[object, Read]

    def read(self, hint: Any, data: Any, path: str) -> Any:  # noqa: ANN401 - of any type
        """Return JSON as a value of a type.

        Raises:
            DataError: with the path to what does not fit.

        """
        if hint is Any:
            return data
        reader = self.readers.get(hint)
        if reader is not None:
            return reader(data, path)
        if hint in PLAIN:
            return _plain(hint, data, path)
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return self._union(args, data, path)
        if origin is tuple:
            return self._tuple(args, data, path)
        if origin in (Mapping, dict):
            inner = _object(data, path)
            return {key: self.read(args[1], part, f"{path}.{key}") for key, part in inner.items()}
        if is_dataclass(hint):
            return self.fields(hint, data, path)
        raise TypeError(f"{hint} cannot be read from JSON")

    def fields(self, kind: Any, data: Any, path: str) -> Any:  # noqa: ANN401
        """Return a dataclass from an object with all its fields, and no other."""
        given = _object(data, path)
        hints = hints_of(kind, tuple(self.names.items()))
        for key in given:
            if key not in hints:
                raise DataError(f"there is no '{key}' here", path, nearest(key, hints))
        values: dict[str, Any] = {}
        for name, hint in hints.items():
            if name in given:
                values[name] = self.read(hint, given[name], f"{path}.{name}")
            else:
                raise DataError(f"'{name}' is missing", path)
        return kind(**values)

    def _union(self, members: tuple[Any, ...], data: Any, path: str) -> Any:  # noqa: ANN401
        errors: list[DataError] = []
        for member in members:
            try:
                return self.read(member, data, path)
            except DataError as error:
                errors.append(error)
        deepest = max(errors, key=lambda error: len(error.path))
        if deepest.path != path:
            raise deepest
        raise DataError(f"{shown(data)} is not {' or '.join(map(_called, members))}", path)

    def _tuple(
        self,
        args: tuple[Any, ...],
        data: Any,  # noqa: ANN401 - any JSON
        path: str,
    ) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise DataError(f"{shown(data)} is not a list", path)
        if len(args) == 2 and args[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
            args = (args[0],) * len(data)
        if len(args) != len(data):
            raise DataError(f"this list has {len(data)} parts instead of {len(args)}", path)
        return tuple(
            self.read(hint, part, f"{path}[{place}]")
            for place, (hint, part) in enumerate(zip(args, data, strict=True))
        )


@cache
def hints_of(kind: type, names: tuple[tuple[str, object], ...]) -> Mapping[str, Any]:
    """Return the type of every field of a dataclass; ``names`` are those of annotations only."""
    found = get_type_hints(kind, vars(modules[kind.__module__]), dict(names))
    return {part.name: found[part.name] for part in fields(kind)}


def shown(data: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a piece of JSON for a message, cut short."""
    if isinstance(data, (dict, list)):
        return "an object" if isinstance(data, dict) else "a list"
    if data is None or isinstance(data, bool):
        return {None: "null", True: "true", False: "false"}[data]
    text = f"'{data}'" if isinstance(data, str) else str(data)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _called(hint: Any) -> str:  # noqa: ANN401 - any type
    if hint in PLAIN:
        return PLAIN[hint]
    return "a list" if get_origin(hint) is tuple else "an object"


def _object(data: Any, path: str) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(data, dict):
        raise DataError(f"{shown(data)} is not an object", path)
    return data


def _plain(hint: Any, data: Any, path: str) -> Any:  # noqa: ANN401
    fits = type(data) is hint or (hint is float and type(data) is int)
    if not fits:
        raise DataError(f"{shown(data)} is not {PLAIN[hint]}", path)
    if isinstance(data, float) and not math.isfinite(data):
        raise DataError(f"{data} is not a finite number", path)
    if type(data) is int and abs(data) > MAX_NUMBER:
        raise DataError("this number is too large", path)
    return data
