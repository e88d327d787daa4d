"""The reference of everything that an author can write, made of the tables that are read with.

``python -m exgen.reference > docs/reference.md`` makes the page again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import NODEFAULT, Struct, UnsetType, inspect

from exgen.asks.grammar import CLAUSES, COMMON
from exgen.asks.table import ASKS, SHOWS, Ask
from exgen.banks import bank_names, load_bank
from exgen.page import Page
from exgen.problems import KINDS
from exgen.resources import banks
from exgen.strict import toml
from exgen.tables import OPTIONS, File, NetworkTable, ProblemTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exgen.asks.table import Show

NETWORK = """\
x: input[4]
y: onehot[3]
W1: param[5, 4]
W2: param[3, 5]
z1 = W1 @ x
a1 = relu(z1)
z2 = W2 @ a1
a2 = softmax(z2)
L = cross_entropy(a2, y)
"""
"""The network that the examples of shows and asks are about."""
SCALARS = "x: input\nw: param\nz1 = w * x\ny = sigmoid(z1)\n"
"""The network that those are about which take scalars alone."""
ON_SCALARS = ("circuit", "rounding", "every")
TABLES: tuple[tuple[str, type[Struct]], ...] = (
    ("The bank", File),
    ("`[page]`", Page),
    ("`[networks.NAME]`", NetworkTable),
    ("`[[problems]]`", ProblemTable),
)
"""The tables of a bank's file, each with its heading."""
HEAD = f"""\
# Reference

Every key of a bank, every show and ask of a text, and every kind, each with an example. This page
is made from the code (`python -m exgen.reference > docs/reference.md`), and the tests make the
examples. [authoring.md](authoring.md) tells how they go together.

## In a text

The examples are about this network:

```text
{NETWORK}```

Those of {", ".join(f"`{name}`" for name in ON_SCALARS)} are about this one:

```text
{SCALARS}```
"""


def reference() -> str:
    """Return the page as Markdown."""
    parts = [HEAD, "### Shows\n", *map(_row, SHOWS.values())]
    parts += ["\n### Asks\n", *map(_row, ASKS.values())]
    parts += ["\n### Clauses\n\nThey follow an ask, in any order.\n"]
    parts += _table(
        ("clause", "what it says"), ((f"`{c.pattern}`", c.says) for c in CLAUSES.values())
    )
    for title, struct in TABLES:
        parts += [f"\n## {title}\n", *_keys(struct)]
    parts += ["\n## Kinds\n", *_kinds()]
    return "\n".join(parts).rstrip() + "\n"


def _row(row: Show | Ask) -> str:
    names = row.clauses if not isinstance(row, Ask) else (*row.clauses, *COMMON)
    verb = "" if row.name == "rubric" else "ask " if isinstance(row, Ask) else "show "
    clauses = f" Clauses: {', '.join(f'`{CLAUSES[name].pattern}`' for name in row.clauses)}."
    return (
        f"- **`{verb}{row.pattern}`**: {row.says}{clauses if row.clauses and names else ''}\n"
        f"  `{row.example}`"
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [
        f"| {' | '.join(part.replace('|', chr(92) + '|') for part in line)} |" for line in lines
    ]


def _keys(struct: type[Struct]) -> list[str]:
    """Return the keys of a table: what is legal, what it is for, what it is unless given."""
    rows = [
        (
            f"`{part.encode_name}`",
            about["title"],
            about["description"],
            _default(part),
            _such(about),
        )
        for part in inspect.type_info(struct).fields  # type: ignore[attr-defined]
        for about in [told(part)]
    ]
    return _table(("key", "type", "what it says", "unless given", "example"), rows)


def told(part: inspect.Field) -> dict[str, Any]:
    """Return what is said of a key where it is declared."""
    info = part.type
    return (isinstance(info, inspect.Metadata) and info.extra_json_schema) or {}


def _default(part: inspect.Field) -> str:
    if part.required:
        return "must be given"
    default = part.default_factory() if part.default_factory is not NODEFAULT else part.default
    empty = default in (None, "", ()) or default == {} or isinstance(default, UnsetType)
    return "" if empty else f"`{toml(default)}`"


def _such(about: dict[str, Any]) -> str:
    return ", ".join(f"`{toml(example)}`" for example in about.get("examples", ())[:1])


def _kinds() -> list[str]:
    """Return every kind: its summary, its options with their types, and a problem to include."""
    rows = [
        (
            f"`{kind.name}`",
            kind.summary,
            "; ".join(
                f"`{key}`: {' or '.join(OPTIONS[part] for part in types)}"
                for key, types in kind.options.items()
            ),
            examples.get(kind.name, ""),
        )
        for examples in [_examples()]
        for kind in KINDS.values()
    ]
    return _table(("kind", "what is asked", "options", "example"), rows)


def _examples() -> dict[str, str]:
    """Return for every kind the first problem of a set that is of it, as ``include`` names it."""
    found: dict[str, str] = {}
    for name in bank_names(banks()):
        for problem in load_bank(banks() / f"{name}.toml").problems:
            found.setdefault(problem.kind_name, f'`include = ["{name}:{problem.name}"]`')
    return found


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - it is asked for
