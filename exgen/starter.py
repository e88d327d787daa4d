"""A first bank for an author to edit: a small one, or the whole template of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from exgen import resources
from exgen.asks.preset import worded
from exgen.banks import bank_names, load_bank
from exgen.draw import draw_networks, draw_problem
from exgen.errors import BankError, KindError, nearest
from exgen.leaves import asked
from exgen.problems.table import PRESETS

if TYPE_CHECKING:
    from pathlib import Path

    from exgen.tables import Bank, ProblemEntry

SEED = 1
BANK = '''\
# The template of {kind}, as a problem of your own; docs/authoring.md has the whole notation.

title    = "My problem set"
course   = "My course"
notation = "{notation}"

[networks.{network}]
text = """
{lines}"""
{draws}
[[problems]]
id      = "{name}"
network = "{network}"
{sizes}text    = """
{text}"""
'''


def starter(path: Path, kind: str | None) -> str:
    """Return the text of a bank to begin with.

    Args:
        path: where it will stand.
        kind: the kind whose template it holds; a small bank of its own unless given.

    Raises:
        KindError: there is no template of that kind.

    """
    if kind is None:
        text = (resources.templates() / "starter.toml").read_text(encoding="utf-8")
        return text.replace("<<file>>", str(path))
    if kind not in PRESETS:
        raise KindError(f"no template of text is called '{kind}'", remedy=nearest(kind, PRESETS))
    for name in bank_names(resources.banks()):
        bank = load_bank(resources.banks() / f"{name}.toml")
        for entry in bank.problems:
            if entry.kind.name == kind:
                return _copied(bank, entry)
    raise KindError(f"no set has a problem of the kind '{kind}'")


def _copied(bank: Bank, entry: ProblemEntry) -> str:
    """Return a bank with the network of a problem, and its template worded for it."""
    own = replace(bank.networks[entry.network], names={})
    plain = replace(bank, networks={own.name: own}, problems=(entry,))
    network = draw_networks(plain, SEED)[own.name]
    drawn = draw_problem(plain, asked(entry, network), network.graph, SEED)
    source = own.sources[int(network.draws.get("text", 0))]
    chosen = {key: part for key, part in network.draws.items() if key in own.draw}
    sizes = drawn.draws.get("sizes", {})
    draws = [f"draw.{key} = [{part!r}]\n".replace("'", '"') for key, part in chosen.items()]
    return BANK.format(
        kind=entry.kind.name,
        notation=bank.notation,
        network=own.name,
        lines=source.text,
        draws="".join(draws),
        name=entry.name,
        text=worded(entry.kind.name, drawn.draws, network.graph).strip() + "\n",
        sizes="".join(f"sizes.{name} = {size}\n" for name, size in sizes.items()),
    )


def write_starter(path: Path, kind: str | None) -> None:
    """Write a bank to begin with.

    Raises:
        BankError: there is a file already, or it cannot be written.

    """
    if path.suffix != ".toml":
        raise BankError("a bank is a file that ends in .toml", place=str(path))
    text = starter(path, kind)
    if path.exists():
        remedy = "It is left as it is; choose another name."
        raise BankError("there is a file already", place=str(path), remedy=remedy)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BankError(f"cannot be written: {error.strerror}", place=str(path)) from None
