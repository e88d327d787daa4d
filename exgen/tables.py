"""What a bank may say: the keys of its file, of its networks and of its problems.

Each key is declared once, with what is legal there, a sentence about it and an example.
"""

# Without `from __future__ import annotations`: msgspec reads the types, and is to evaluate no text.

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, field

from exgen.errors import BankError, Source, nearest
from exgen.page import PRINTABLE, USUAL, Page
from exgen.problems import KINDS
from exgen.strict import said

if TYPE_CHECKING:
    from exgen.problems.base import Kind

MAX_SIZE = 4096
"""The largest size a bank may draw; a Jacobian has the product of two of them."""
MAX_PROBLEMS = 200
MAX_POINTS = 1000
MAX_PARTS = 1000
"""The most entries of a list in a problem."""
Choice = int | str
Texts = Annotated[tuple[str, ...], Meta(min_length=1)] | str
TEXTS = "text, or a list of texts"
RULE_NAMES = ["distinct_dims"]
Line = Annotated[str, Meta(pattern=r"\S")]
Count = Annotated[int, Meta(ge=1)]
INCLUDE = "a list of texts: a set or a bank file, and behind a colon the id of one of its problems"
Size = Annotated[int, Meta(ge=1, le=MAX_SIZE)]


class Range(Struct, frozen=True, forbid_unknown_fields=True):
    """Whole numbers from one to another, both ends included."""

    low: Size = field(name="from")
    high: Size = field(name="to")
    step: Annotated[int, Meta(ge=1)] = 1


CHOICES = (
    f"a list of whole numbers from 1 to {MAX_SIZE}, a range of them (from <= to, step >= 1), "
    "or a list of functions"
)
Drawn = Annotated[
    Range | Annotated[tuple[Size | str, ...], Meta(min_length=1)] | Size | str,
    said(CHOICES, "", [784, 1024], ["relu", "tanh"]),
]
Letters = Annotated[Texts, said(TEXTS, "", ["z", "m"])]
Number = int | float | Annotated[str, Meta(pattern=r"\A-?\d{1,18}(/0*[1-9]\d{0,17})?\Z")]


class NumberRange(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers from one to another in steps, without 0 unless ``zero`` is true."""

    low: Number = field(name="from", default=-5)
    high: Number = field(name="to", default=5)
    step: Number = 1
    zero: bool = False


Numbers = Annotated[
    NumberRange | Annotated[tuple[Number, ...], Meta(min_length=1)],
    said("a list of numbers, or a range of them", "", [1, 2, -0.5], {"from": -3, "to": 3}),
]
GIVEN = "a table with a number, a list or rows for each leaf"
OPTIONS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number from 1",
    float: "a number",
    str: "text",
    list: f"a list of 1 to {MAX_PARTS} entries",
    dict: "a table",
}
"""What is legal for an option of a kind, by the types it takes."""


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bank says of its whole sheet."""

    title: Annotated[Line, said("one line of text", "The heading of the sheet.", "Week 1")]
    course: Annotated[
        Line, said("one line of text", "The course, above the heading.", "Machine Learning")
    ]
    notation: Annotated[Line, said("text", "How formulas are written.", "csc311")]
    language: Annotated[Line, said("text", "The language of the pages.", "de")] = "en"
    shuffle: Annotated[
        bool, said("true or false", "Whether the seed puts the problems in another order.")
    ] = False
    pick: Annotated[
        Count | dict[str, Count] | None,
        said("a whole number from 1, or a table with one for each tag",
             "How many problems are drawn, of all or of those with a tag.", 3, {"easy": 1}),
    ] = None  # fmt: skip


class File(Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank as its file has it."""

    include: Annotated[
        tuple[str, ...],
        said(
            INCLUDE, "Problems of other banks, which come before its own.", ["set1:neuron-circuit"]
        ),
    ] = ()
    page: Annotated[Any, said("a table", "The head of page 1, and how pages are set.")] = field(
        default_factory=dict
    )
    networks: Annotated[dict[str, Any], said("a table of networks", "The networks, by name.")] = (
        field(default_factory=dict)
    )
    problems: Annotated[
        list[Any],
        said(f"1 to {MAX_PROBLEMS} [[problems]] entries", "The problems, in order.",
             max_length=MAX_PROBLEMS),
    ] = field(default_factory=list)  # fmt: skip


class NetworkTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a network."""

    text: Annotated[
        Texts | None,
        said(TEXTS, "The network; of several texts one is drawn.", "z: input[3]\na = relu(z)"),
    ] = None
    file: Annotated[
        Texts | None, said(TEXTS, "The same, in a file beside the bank.", "mlp.net")
    ] = None
    draw: Annotated[
        Mapping[str, Any],
        said(
            "a table",
            "What sizes, functions and the numbers of leaves are drawn from.",
            {"n": [3, 4], "f": ["relu"], "x": {"from": -3, "to": 3}},
        ),
    ] = field(default_factory=dict)
    give: Annotated[
        Mapping[str, Any],
        said(GIVEN, "The numbers of leaves.", {"x": [3, 14], "W": [[1, "1/2"], [0, 2]]}),
    ] = field(default_factory=dict)
    share: Annotated[
        bool | None,
        said(
            "true or false",
            "Whether the numbers of its leaves are drawn once, for all problems; "
            "true where some are given or drawn here.",
        ),
    ] = None
    accept: Annotated[
        tuple[str, ...] | None,
        said("a list of texts", "The acceptance rules that hold; all unless given.", RULE_NAMES),
    ] = None
    by_layers: Annotated[
        bool,
        said("true or false", "Whether a sheet names layers and prints no lines."),
    ] = False
    names: Annotated[
        Mapping[str, Any],
        said("a table", "The letters that names are drawn from.", {"z": ["z", "m"]}),
    ] = field(default_factory=dict)


class NetworkEntry(NetworkTable, frozen=True, kw_only=True):
    """A network of a bank, with its texts read and its choices listed.

    Attributes:
        name: as problems refer to it.
        sources: one text, or several of which one is drawn.
        draw: for each size or function that is drawn, what it is drawn from.
        accept: the acceptance rules; None stands for those of all kinds.
        names: for a letter that the network's names begin with, the letters it is drawn from.
        share: whether the numbers of the leaves are drawn once, for all problems about it.
        leaves: the names that its texts declare.
        numbers: for each leaf that is drawn, what its numbers are drawn from.
        place: where it stands, for errors.

    """

    name: str
    sources: tuple[Source, ...]
    leaves: tuple[str, ...]
    numbers: Mapping[str, Any]
    place: str


ID = r"\A[A-Za-z][A-Za-z0-9_-]{0,40}\Z"
"""What a problem may be called: its id is part of files' names and stands in TeX as it is."""


class ProblemTable(Struct, frozen=True, kw_only=True):
    """The keys that every problem of a bank may have, whatever its kind."""

    name: Annotated[
        str,
        said("letters, digits, '-' and '_', 40 at most", "What the problem is called.",
             "hidden-layer", pattern=ID),
    ] = field(name="id")  # fmt: skip
    kind_name: Annotated[str, said("text", "What is asked.", "chain_rule")] = field(name="kind")
    network: Annotated[str, said("text", "The network it is asked about.", "mlp")]
    points: Annotated[
        Annotated[int, Meta(ge=0, le=MAX_POINTS)]
        | Annotated[tuple[Annotated[int, Meta(ge=1, le=MAX_POINTS)], ...], Meta(min_length=1)]
        | None,
        said(f"a whole number from 0 to {MAX_POINTS}, or a list with one above 0 for each "
             "part",
             "What it is worth, or what each part is; one a part unless given.", 6),
    ] = None  # fmt: skip
    draw: Annotated[
        Mapping[str, Any],
        said("a table", "What the numbers of leaves are drawn from.", {"x": [1, 2, -1]}),
    ] = field(default_factory=dict)
    give: Annotated[
        Mapping[str, Any],
        said(GIVEN, "The numbers of leaves, in place of the network's.", {"x": [3, 14]}),
    ] = field(default_factory=dict)
    accept: Annotated[
        tuple[str, ...] | None,
        said("a list of texts", "The acceptance rules that hold; all unless given.", ["no_ties"]),
    ] = None
    covers: Annotated[tuple[str, ...], said("a list of texts", "Labels of your own.", ["2a"])] = ()
    difficulty: Annotated[
        Line | None, said("text", "How hard it is; a tag like the others.", "easy")
    ] = None
    tags: Annotated[
        tuple[Line, ...],
        said("a list of texts", "What it is about, or is to teach.", ["chain rule"]),
    ] = ()
    hint: Annotated[
        str,
        said("one line of at most 1000 characters", "For those who do not know how to begin.",
             "Follow every path.", max_length=1000, pattern=PRINTABLE),
    ] = ""  # fmt: skip


class ProblemEntry(ProblemTable, frozen=True, kw_only=True):
    """A problem of a bank: its kind, its network, and the kind's own options.

    ``points`` is what it is worth, or what each of its parts is worth; None stands for one point
    for each part. ``place`` is where it stands, for errors. ``home`` is the bank that it is from,
    and ``origin`` its id there: its draws are named by these, wherever it is included.
    """

    options: Mapping[str, Any]
    place: str
    home: str = ""
    origin: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Its tags, and how hard it is."""
        return (*self.tags, *([self.difficulty] if self.difficulty else []))

    @property
    def kind(self) -> "Kind":
        """The sort of problem."""
        return KINDS[self.kind_name]


class Bank(Header, frozen=True, kw_only=True):
    """A problem set as its author wrote it.

    Attributes:
        files: what is put beside its TeX, by name: its logo.
        homes: the banks that its problems are from, by name, each with all its problems.

    """

    name: str
    path: Path
    networks: Mapping[str, NetworkEntry]
    problems: tuple[ProblemEntry, ...]
    page: Page = USUAL
    files: Mapping[str, bytes] = field(default_factory=dict)
    homes: Mapping[str, "Bank"] = field(default_factory=dict)

    def home(self, problem: ProblemEntry) -> "Bank":
        """Return the bank that a problem is from."""
        return self.homes.get(problem.home, self)

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
