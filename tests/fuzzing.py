"""Inputs that are wrong in every way we could think of, and the readers that must refuse them.

A target is one row of ``TARGETS``: what goes in, and who reads it. ``tests/test_fuzz.py`` gives
each some hundred inputs, ``benchmarks/fuzz.py`` as many as one asks for.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

import exgen
from exgen import resources
from exgen.banks import bank_names, load_bank
from exgen.derivation import derive, read_source
from exgen.derive.notation import load_notation
from exgen.draw import draw_networks, draw_problem
from exgen.errors import ExgenError, Source
from exgen.language import read_expression, read_network
from exgen.language.writer import graph_text
from exgen.leaves import asked
from exgen.manifest import manifest_bytes
from exgen.pipeline import build, load
from exgen.problems import KINDS
from exgen.render.tex import DOCUMENTS
from exgen.shapes import check_sizes
from exgen.verify import verify
from exgen.write import MANIFEST
from tests.strategies import networks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# What is imported late would otherwise be imported while an input is read.
import_module("encodings.utf_8_sig")
import_module("jinja2.debug")
for module in walk_packages(exgen.__path__, "exgen."):
    if not module.name.endswith("__main__"):
        import_module(module.name)

TESTS = Path(__file__).parent
SECONDS = 20
"""What one input may take on a machine that does much else; it is far more than any should."""
LONGEST_ERROR = 8000

Texts = st.SearchStrategy[str]
Reader = Callable[[bytes, Path], None]

# --- what goes in ---

NUMBERS = (
    *("0", "-0", "1", "-1", "2", "0.5", "1e-9", "1e9", "1e99", "1e999", "1e999999999", "-1e400"),
    *("10000000", "10000001", "1000000000000", "9" * 30, "1" * 5000, "0x10", "0b1", "1_0", "01"),
    *("1j", "1/0", "inf", "nan", "-inf", "NaN", "Infinity", "true", "True", "null", "None", "1."),
    *("2020-01-01", "07:32:00", "2020-01-01T00:00:00Z"),
)
CODE = (
    *("__import__('os').system('true')", "eval('1')", "exec('1')", "open('x', 'w')", "lambda: x"),
    *("x.__class__.__mro__", "f'{x}'", "(y := x)", "[x for x in x]", "{x: x}", "x if x else x"),
    *("import os", "from os import *", "def f(): pass", "class A: pass", "del x", "x += 1"),
    *("await x", "yield x", "*x", "**x", "...", "'a'", "b'a'", "@x", "print(x)", "9**9**9**9"),
    *("ones(10**12)", "ones(1000000000000)", "sum(*x)", "relu(x=x)", "{{7*7}}", "\\input{x}"),
)
SIGNS = (
    *("\n", "\n\n", "\n  ", "\t", " ", "\r", "\r\n", "\0", "\x0b", "\x0c", "\x1b[31m", "\x85"),
    *(
        "\u2028",
        "\u202e",
        "\u200f",
        "\ufeff",
        "\ud800",
        "\udfff",
        "é",
        "é",
        "ﬁ",
        "Ｌ",
        "א",
        "𝕃",
        "₂",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "'''",
        '"""',
        "`",
        "\\",
        "#",
        ";",
        ":",
        ",",
        ".",
        "=",
    ),
    *(
        "+",
        "-",
        "*",
        "**",
        "/",
        "//",
        "@",
        "%",
        "~",
        "!",
        "<",
        "<=",
        ">",
        "==",
        "->",
        ":=",
        "_",
        "$",
    ),
)
WORDS = (
    *("x", "y", "z", "W", "L", "N", "T", "grad_x", "relu", "f", "softmax", "sum", "ones"),
    *(
        "input",
        "param",
        "onehot",
        "target",
        "const",
        "x: input",
        "W: param[_, N]",
        "axis=1",
        "x[0]",
    ),
    *("x[1:]", "x.T", ":-1", "N - 1", "N + N", "from", "to", "step", "draw.n", "accept", "text"),
    *("file", "options", "[[problems]]", "[networks.n]", "[networks]", "id", "kind", "points"),
)
LONG = (
    "(",
    "-",
    "tanh(",
    ".T",
    "[",
    "{a=",
    "a.",
    "x + ",
    "x, ",
    "1",
    "a",
    "\n",
    "8, ",
    '{"a":',
    "x\n",
)
PIECES = (*NUMBERS, *CODE, *SIGNS, *WORDS)
MUTATIONS = ("insert", "insert", "replace", "cut", "double", "swap", "number", "number", "flood")

pieces = st.sampled_from(PIECES)
soup = st.lists(pieces, max_size=25).map(" ".join) | st.lists(pieces, max_size=25).map("".join)
floods = st.builds(str.__mul__, st.sampled_from(LONG), st.sampled_from((10, 60, 300, 10_000)))
steps = st.lists(
    st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 2**20), pieces, floods), max_size=4
)
Step = tuple[str, int, str, str]


def mutated(text: str, changes: list[Step]) -> str:
    """Return a text after some accidents."""
    for how, place, piece, flood in changes:
        at = place % (len(text) + 1)
        length = place // 7 % 9
        match how:
            case "insert":
                text = text[:at] + piece + text[at:]
            case "flood":
                text = text[:at] + flood + text[at:]
            case "replace":
                text = text[:at] + piece + text[at + length :]
            case "cut":
                text = text[:at] + text[at + length :]
            case "double":
                text = text[: at + 10 * length] + text[at:]
            case "swap":
                lines = text.split("\n")
                one, two = place % len(lines), place // 3 % len(lines)
                lines[one], lines[two] = lines[two], lines[one]
                text = "\n".join(lines)
            case "number":
                found = [n for n, sign in enumerate(text) if sign.isdigit()]
                if found:
                    at = found[place % len(found)]
                    text = text[:at] + NUMBERS[place % len(NUMBERS)] + text[at + 1 :]
    return text


def damaged(sound: Texts) -> st.SearchStrategy[bytes]:
    """Return sound texts after some accidents, texts of pieces, any text, and any bytes."""
    near = st.builds(mutated, sound, steps)
    texts = near | near | near | st.builds(mutated, soup, steps) | st.text()
    return texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)


@cache
def sound_files(*patterns: str) -> tuple[str, ...]:
    """Return the files that come with exgen, and those of the tests."""
    roots = (resources.banks(), resources.notations(), TESTS)
    paths = sorted({path for root in roots for p in patterns for path in root.glob(p)})
    return tuple(path.read_text(encoding="utf-8") for path in paths)


NETWORK = read_network(Source("net", (TESTS / "bad_input" / "net.txt").read_text()))
VALUES = '{"X": [[1, 2], [3, 4]], "Y": [[1, 0], [0, 1]], "W": [[1, 2], [3, 4]], "c": 1}'
BASE = load_notation("base", resources.notations())

network_texts = (
    st.sampled_from(sound_files("networks/*.net", "bad_input/net.txt"))
    | networks().map(graph_text)
    | soup.map("x: input[3]\nW: param[_, 3]\nL = sum(x) + ".__add__)
)
expression_texts = st.sampled_from(
    ("(P - Y) / N", "X.T @ (P - Y) / N", "sum(log(P) * Y, axis=1)[0]", "diag(ones(N)) @ X[:, 1:]")
)
option_texts = st.sampled_from(sorted({key for kind in KINDS.values() for key in kind.options}))
bank_texts = st.sampled_from(sound_files("bad_input/bank.toml", "set*.toml")) | st.builds(
    lambda bank, kind, key, value: (
        bank.replace("local_jacobian", kind).replace("ask", key) + f"\n{key} = {value}\n"
    ),
    st.just((TESTS / "bad_input" / "bank.toml").read_text()),
    st.sampled_from(sorted(KINDS)),
    option_texts,
    pieces,
)
# filtered here: Hypothesis would keep a description of every file for each draw it filters
notation_texts = st.sampled_from([text for text in sound_files("*.toml") if "layout" in text])


@cache
def sound_manifests() -> tuple[str, ...]:
    """Return manifests of one problem each, of several kinds."""
    files = {f"{name}.{suffix}": b"" for name in DOCUMENTS for suffix in ("tex", "pdf")}
    # templates and types, which are ours, are compiled when they are first used
    for name in bank_names(resources.banks()):
        with tempfile.TemporaryDirectory() as folder:
            _manifest(manifest_bytes(build(*load(name, None), 3), files), Path(folder))
    made = (("2", "two-jacobians"), ("1", "graph-review"), ("5", "softmax-gradient"))
    sets = (build(*load(name, None), 3, only=problem) for name, problem in made)
    return tuple(manifest_bytes(part, files).decode() for part in sets)


manifest_texts = st.deferred(lambda: st.sampled_from(sound_manifests()))

# --- who reads it ---


def _text(data: bytes, folder: Path) -> Source:
    try:
        return Source("fuzzed", data.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        (folder / "fuzzed").write_bytes(data)
        return read_source(folder / "fuzzed")


def _network(data: bytes, folder: Path) -> None:
    graph = read_network(_text(data, folder))
    check_sizes(graph)
    assert read_network(Source("again", graph_text(graph))) == graph


def _expression(data: bytes, folder: Path) -> None:
    read_expression(_text(data, folder).text, NETWORK)


def _derive(data: bytes, folder: Path) -> None:
    derive(_text(data, folder), BASE)


def _values(data: bytes, folder: Path) -> None:
    source = Source("net", (TESTS / "bad_input" / "net.txt").read_text())
    derive(source, BASE, values=_text(data, folder))


def _bank(data: bytes, folder: Path) -> None:
    path = folder / "fuzzed.toml"
    path.write_bytes(data)
    bank = load_bank(path)
    drawn = draw_networks(bank, 1)
    for problem in bank.problems:
        network = drawn[problem.network]
        draw_problem(bank, asked(problem, network), network.graph, 1)


def _notation(data: bytes, folder: Path) -> None:
    (folder / "base.toml").write_bytes((resources.notations() / "base.toml").read_bytes())
    (folder / "fuzzed.toml").write_bytes(data)
    load_notation("fuzzed", folder)


def _manifest(data: bytes, folder: Path) -> None:
    (folder / MANIFEST).write_bytes(data)
    found = verify(folder)
    if found.refused is not None:
        raise found.refused


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, what it is given, and its share of the inputs."""

    name: str
    inputs: st.SearchStrategy[bytes]
    read: Reader
    share: int


TARGETS = (
    Target("network", damaged(network_texts), _network, 30),
    Target("expression", damaged(expression_texts), _expression, 20),
    Target("bank", damaged(bank_texts), _bank, 20),
    Target("notation", damaged(notation_texts), _notation, 5),
    Target("manifest", damaged(manifest_texts), _manifest, 5),
    Target("values", damaged(st.just(VALUES)), _values, 15),
    Target("derive", damaged(network_texts), _derive, 5),
)

# --- what must not happen ---

OURS = frozenset({"exgen", "numpy", "sympy", "mpmath", "encodings"})
"""What may still be imported late."""
FORBIDDEN = ("exec", "os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pickle.", "code.")
ALLOWED = frozenset({"os.listdir", "os.scandir", "os.putenv", "code.__new__"})
"""What reads, and the making of a code object, which is not yet running it."""
TEMPLATES = str(resources.templates())
WRITES = frozenset("wax+")


class TooSlowError(Exception):
    """An input took too long."""


@dataclass
class Watch:
    """Notes what Python does while an input is read; see PEP 578."""

    folder: str = ""
    seen: list[str] = field(default_factory=list)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Note an event that no reader has a need for; only the input's own folder is written."""
        if not self.folder:
            return
        if event == "import":
            bad = str(args[0]).partition(".")[0] not in OURS
        elif event == "open":
            writes = bool(WRITES & set(str(args[1] or "")))
            bad = writes and not str(args[0]).startswith(self.folder)
        elif event == "exec":
            # a template of ours that lacks a field is run up to there, and its error told
            bad = not str(getattr(args[0], "co_filename", "")).startswith(TEMPLATES)
        else:
            bad = event.startswith(FORBIDDEN) and event not in ALLOWED
        if bad:
            self.seen.append(f"{event} {args[:1]}")


@cache
def watch() -> Watch:
    """Return the one watch of this process: Python cannot take such a hook away again."""
    found = Watch()
    sys.addaudithook(found)
    return found


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Stop what takes too long."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlowError(f"took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def give(target: Target, data: bytes) -> str:
    """Give one input to a reader; return ``read``, or the name of the error it was refused with.

    Raises:
        AssertionError: the error is no clear one, or something of the input was executed.
        Exception: whatever else the reader raised; none of it should be.

    """
    guard = watch()
    guard.seen.clear()
    ended, said = "read", "read"
    with tempfile.TemporaryDirectory() as folder, limited(SECONDS):
        guard.folder = folder
        try:
            target.read(data, Path(folder))
        except ExgenError as error:
            said, ended = str(error), type(error).__name__
        finally:
            guard.folder = ""
    assert not guard.seen, tuple(guard.seen)
    assert said
    assert len(said) < LONGEST_ERROR
    assert all(line.isprintable() for line in said.split("\n"))
    return ended
