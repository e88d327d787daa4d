"""What a user may get wrong: one clear message with place and remedy, exit code 2, no files.

Cases are text: ``bad_input/banks.md`` has banks with one mistake, ``commands.md`` command lines,
``values.md`` files of numbers. ``hostile_….md`` has what asks for endless time or memory, or for
something to be run.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exgen import resources
from exgen.banks import bank_names
from exgen.language.expressions import CALLABLE
from exgen.language.syntax import SHORT_FORMS
from tests.cases import Case, edited, read_cases
from tests.commands import Ran, run

FOLDER = Path(__file__).parent / "bad_input"
BANK = (FOLDER / "bank.toml").read_text()
EXGEN = [sys.executable, "-m", "exgen"]
OPS = f"Legal here: {', '.join(sorted((*CALLABLE, *SHORT_FORMS)))}."
QUICK = 10
"""Seconds of work for what must be refused at once; a busy machine makes no test red."""
GIGABYTE = 2**30


def cases(name: str) -> list[object]:
    """Return the cases of one file, named for the report."""
    return [pytest.param(case, id=case.title) for case in read_cases(FOLDER / name)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a sound bank, a sound network and sound values, and stand in it."""
    for name in ("bank.toml", "net.txt", "values.json"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"\n')
    (tmp_path / "latin.txt").write_bytes(b"# \xe9\nx: input\nL = x\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("remember")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    """Return everything below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def repeated(text: str) -> str:
    """Return a text with ``«( × 1000»`` written out; inside, escapes stand for characters."""

    def written(found: re.Match[str]) -> str:
        codes = re.split(r"(\\(?:x..|u....|n))", found[1])
        codes[1::2] = [code.encode().decode("unicode_escape") for code in codes[1::2]]
        return "".join(codes) * int(found[2])

    return re.sub("«(.+?) × ([0-9]+)»", written, text)


def hostile(name: str) -> list[object]:
    """Return the cases of one file, written out."""
    return [
        pytest.param(
            Case(case.title, repeated(case.given), repeated(case.expected.replace("{ops}", OPS))),
            id=case.title,
        )
        for case in read_cases(FOLDER / name)
    ]


def make(text: str | bytes) -> Ran:
    """Make a set from a bank's text."""
    Path("bank.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return run("make", "--set", "bank.toml", "--no-pdf")


def test_the_sound_files_are_sound(here: Path) -> None:
    """Without its mistake each case would go through."""
    assert make(BANK).code == 0
    assert run("derive", "net.txt", "--values", "values.json").code == 0


@pytest.mark.parametrize("case", cases("banks.md"))
def test_bank(here: Path, case: Case) -> None:
    """A mistake in a bank is named with file, table and key, and what would be legal."""
    before = names(here)
    ran = make(edited(BANK, case.given))
    assert ran.err.rstrip("\n") == case.expected
    assert (ran.code, ran.out) == (2, "")
    assert names(here) == before


@pytest.mark.parametrize("case", cases("commands.md"))
def test_command(here: Path, case: Case) -> None:
    """A mistake on the command line is one message, and nothing is written."""
    before = names(here)
    program, *arguments = shlex.split(case.given)
    assert program == "exgen"
    ran = run(*arguments)
    sets = ", ".join(bank_names(resources.banks()))
    expected = case.expected.replace("{here}", str(here)).replace("{sets}", sets)
    assert ran.err.rstrip("\n") == expected
    assert (ran.code, ran.out) == (2, "")
    assert names(here) == before


@pytest.mark.parametrize("case", cases("values.md"))
def test_values(here: Path, case: Case) -> None:
    """A mistake in the numbers for the leaves names the leaf."""
    (here / "values.json").write_text(case.given)
    ran = run("derive", "net.txt", "--values", "values.json")
    assert ran.err.rstrip("\n") == case.expected
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("case", hostile("hostile_networks.md"))
def test_hostile_network(here: Path, case: Case) -> None:
    """A network beyond reason is refused at once, with its place, and nothing of it is run."""
    (here / "net.txt").write_bytes(case.given.encode("utf-8", "surrogatepass"))
    begun = time.process_time()
    ran = run("derive", "net.txt")
    assert ran.err.rstrip("\n") == case.expected
    assert (ran.code, ran.out) == (2, "")
    assert time.process_time() - begun < QUICK


@pytest.mark.parametrize("case", hostile("hostile_banks.md"))
def test_hostile_bank(here: Path, case: Case) -> None:
    """A bank beyond reason is refused at once, with its place, and nothing of it is run."""
    before = names(here)
    begun = time.process_time()
    ran = make(edited(BANK, case.given))
    assert ran.err.rstrip("\n") == case.expected
    assert (ran.code, ran.out) == (2, "")
    assert time.process_time() - begun < QUICK
    assert names(here) == before


@pytest.mark.parametrize("case", hostile("hostile_values.md"))
def test_hostile_values(here: Path, case: Case) -> None:
    """Values beyond reason are refused at once, and the leaf is named."""
    (here / "values.json").write_text(case.given)
    begun = time.process_time()
    ran = run("derive", "net.txt", "--values", "values.json")
    assert ran.err.rstrip("\n") == case.expected
    assert (ran.code, ran.out) == (2, "")
    assert time.process_time() - begun < QUICK


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_hostile_input_takes_no_memory(here: Path) -> None:
    """All that is beyond reason is refused by a process that may take less than a gigabyte."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.commands import run\n"
        "for folder in sorted(Path('cases').iterdir()):\n"
        "    code = run(*(folder / 'command').read_text().split()).code\n"
        "    if code != 2: sys.exit(f'{folder.name}: {code}')\n"
    )
    files = {"networks": "net.txt", "banks": "bank.toml", "values": "values.json"}
    commands = {
        "networks": "derive {}",
        "banks": "make --no-pdf --set {}",
        "values": "derive net.txt --values {}",
    }
    given = [
        (files[sort], commands[sort], case)
        for sort in files
        for case in read_cases(FOLDER / f"hostile_{sort}.md")
    ]
    for number, (name, command, case) in enumerate(given):
        text = repeated(case.given)
        folder = here / "cases" / f"{number} {case.title}"[:60].replace(" ", "-")
        folder.mkdir(parents=True)
        text = edited(BANK, text) if name == "bank.toml" else text
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        (folder / "command").write_text(command.format((folder / name).relative_to(here)))
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1]), "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (GIGABYTE, GIGABYTE)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("make", "--set"),
        ("make --set 2 --seeds 3", "--seeds"),
        ("make --set 2 --seed seven", "--seed"),
        ("mak", "mak"),
        ("derive", "FILE"),
        ("lint --set 2 --seeds 0", "--seeds"),
        ("lint --set 2 --jobs 0", "--jobs"),
        ("lint --set 2 --seed 3", "--seed"),
        ("show --set", "--set"),
    ],
)
def test_usage(here: Path, given: str, words: str) -> None:
    """An option that is missing, unknown or no number is named, with exit code 2."""
    ran = run(*shlex.split(given))
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("points = " + "9" * 5000, "too many digits"),
        ("points = " + "[" * 5000, "nested too deeply"),
        ("points = 3 \x00", "bank.toml:21:12:"),
    ],
    ids=["digits", "brackets", "null byte"],
)
def test_toml_beyond_reason(here: Path, line: str, words: str) -> None:
    """TOML that would break its parser is an error like any other."""
    ran = make(BANK.replace("points = 3", line))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: bank.toml")
    assert words in ran.err


@pytest.mark.parametrize(
    "values", ['{"c": ' + "9" * 5000 + "}", '{"c": ' + "[" * 100_000 + "}", "\x00", ""]
)
def test_json_beyond_reason(here: Path, values: str) -> None:
    """JSON that would break its parser is an error like any other."""
    (here / "values.json").write_text(values)
    ran = run("derive", "net.txt", "--values", "values.json")
    assert (ran.code, ran.out) == (2, "")
    assert "this is not legal JSON" in ran.err


def test_a_byte_order_mark_is_no_mistake(here: Path) -> None:
    """Some editors put a mark before UTF-8, and end lines in two characters; both are read."""
    assert make(b"\xef\xbb\xbf" + BANK.replace("\n", "\r\n").encode()).code == 0
    (here / "net.txt").write_bytes(b"\xef\xbb\xbf" + (FOLDER / "net.txt").read_bytes())
    assert run("derive", "net.txt").code == 0


def test_a_file_that_never_ends(here: Path) -> None:
    """A device is not read without end."""
    (here / "big.toml").symlink_to("/dev/zero")
    ran = run("make", "--set", "big.toml")
    assert ran.code == 2
    assert ran.err == "error: big.toml: cannot be read: it is a device and no file\n"
    (here / "bank.toml").write_text(
        edited(BANK, "[networks.n]\n[networks.other]\nfile = 'big.toml'\n[networks.n]")
    )
    ran = run("make", "--set", "bank.toml")
    assert ran.code == 2
    assert "the network file 'big.toml' cannot be read: it is a device and no file" in ran.err
    (here / "big.toml").unlink()
    (here / "big.toml").write_bytes(b" " * 1_000_001)
    ran = run("make", "--set", "bank.toml")
    assert "the network file 'big.toml' is larger than 1000000 bytes" in ran.err


@pytest.fixture
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exgen.files.PATIENCE", 0.2)


@pytest.mark.usefixtures("_no_patience")
@pytest.mark.parametrize(
    "command",
    [
        "derive {}",
        "derive net.txt --values {}",
        "make --set ./{}",
        "show --set {}",
        "lint --set {}",
        "verify {}",
        "render {}",
    ],
)
@pytest.mark.parametrize("sort", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_at_once(here: Path, command: str, sort: str) -> None:
    """A pipe without a writer would be waited for without end, and so on; each is named."""
    name = "odd.toml"
    if sort == "pipe":
        os.mkfifo(name)
    elif sort == "device":
        Path(name).symlink_to("/dev/null")
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(name)
    begun = time.monotonic()
    ran = run(*command.format(name).split())
    assert time.monotonic() - begun < QUICK
    assert (ran.code, ran.out) == (2, "")
    says = {
        "pipe": "it is a pipe",
        "device": "it is a device and no file",
        "socket": "it is a socket",
    }
    assert f"{name}: " in ran.err
    assert says[sort] in ran.err
    if sort == "pipe":
        assert ("that nobody writes to" in ran.err) == command.startswith("derive")


@pytest.mark.usefixtures("_no_patience")
def test_a_network_file_that_is_a_pipe(here: Path) -> None:
    """A bank's network is read as often as the bank is; so it is a file."""
    os.mkfifo("pipe.net")
    text = edited(BANK, "[networks.n]\n[networks.other]\nfile = 'pipe.net'\n[networks.n]")
    ran = make(text)
    assert ran.code == 2
    assert "'pipe.net' cannot be read: it is a pipe and no file" in ran.err


def test_a_pipe_that_somebody_writes_to(here: Path) -> None:
    """``derive <(cat net)`` reads what the shell gives it, however slowly it comes."""
    shell = f"{shlex.join(EXGEN)} derive <(head -1 net.txt; sleep 3; tail -n +2 net.txt)"
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == run("derive", "net.txt").out


def test_a_network_file_that_is_missing(here: Path) -> None:
    """The message says where the file was looked for."""
    text = edited(BANK, "[networks.n]\n[networks.other]\nfile = 'gone.net'\n[networks.n]")
    ran = make(text)
    assert ran.code == 2
    assert ran.err == (
        "error: bank.toml: [networks.other]: the network file 'gone.net' cannot be read: "
        "No such file or directory\nIt is looked for at gone.net.\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read(here: Path) -> None:
    """A file one may not read is named."""
    (here / "bank.toml").chmod(0)
    assert run("make", "--set", "bank.toml").err.startswith("error: bank.toml: cannot be read: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(here: Path) -> None:
    """A folder one may not write is named before any work is done."""
    (here / "mine").chmod(0o500)
    ran = run("make", "--set", "2", "--no-pdf", "--out", "mine/out")
    assert ran.code == 2
    assert "writing here is not allowed" in ran.err


def test_no_tex(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TeX the message says how to install it, and how to do without."""
    before = names(here)
    monkeypatch.setenv("PATH", str(here))
    ran = run("make", "--set", "2")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: pdflatex is not installed, or not on the PATH.\nInstall it")
    assert "--no-pdf" in ran.err
    assert names(here) == before
    assert run("make", "--set", "2", "--no-pdf").code == 0


def test_not_enough_memory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that does not fit into memory is an error, not a crash."""

    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("exgen.pipeline.build", full)
    ran = run("make", "--set", "2", "--no-pdf")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: there is not enough memory")


def test_interrupt_in_process(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C says that nothing was written, and exits as shells expect."""
    before = names(here)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exgen.pipeline.render_tex", stop)
    assert run("make", "--set", "2", "--no-pdf") == Ran(130, "", "stopped; nothing was written\n")
    assert names(here) == before


def test_interrupt(tex: Path, here: Path) -> None:
    """Ctrl-C while TeX runs leaves neither files nor a running TeX."""
    (here / "bin").mkdir()
    slow = here / "bin" / "pdflatex"
    slow.write_text(f"#!/bin/sh\ntouch {here}/started\nexec sleep 60\n")
    slow.chmod(0o755)
    before = names(here)
    path = f"{here}/bin:{os.environ['PATH']}"
    process = subprocess.Popen(
        [*EXGEN, "make", "--set", "2"],
        env={**os.environ, "PATH": path, "TMPDIR": str(here / "mine")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 30
    while not (here / "started").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "stopped; nothing was written\n")
    assert names(here) == sorted([*before, "started"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended(here: Path, number: signal.Signals) -> None:
    """A signal to end is as Ctrl-C: TeX ends too, and nothing is left."""
    (here / "bin").mkdir()
    slow = here / "bin" / "pdflatex"
    slow.write_text(f"#!/bin/sh\ntouch {here}/started\nexec sleep 60\n")
    slow.chmod(0o755)
    before = names(here)
    process = subprocess.Popen(
        [*EXGEN, "make", "--set", "bank.toml"],
        env={**os.environ, "PATH": f"{here}/bin:{os.environ['PATH']}", "TMPDIR": f"{here}/mine"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (here / "started").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "stopped; nothing was written\n")
    assert names(here) == sorted([*before, "started"])


def test_a_reader_that_goes_away(here: Path) -> None:
    """``exgen list | head -1`` is quiet: no traceback, no message."""
    process = subprocess.Popen(
        [*EXGEN, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(timeout=30)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
def test_a_full_disk_behind_the_output() -> None:
    """Output that cannot be printed is an error, not a crash."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*EXGEN, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ran.returncode == 2
    assert ran.stderr == "error: cannot print: No space left on device\n"


def test_no_standard_input(here: Path) -> None:
    """``-`` without a standard input is an error; with one, the network is read from it."""
    command = [*EXGEN, "derive", "-"]
    ran = subprocess.run(
        [*command], input="x: input\nL = x ** 2\n", capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("dL/dx  (scalar)\n    2 * x\n")
    shell = f"{shlex.join(command)} <&-"
    ran = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "error: standard input: cannot be read: it is closed\n"


def test_colour_only_on_a_terminal(here: Path) -> None:
    """The word "error" is red on a terminal and plain everywhere else."""
    plain = subprocess.run([*EXGEN, "show", "--set", "9"], capture_output=True, check=False)
    assert plain.stderr.startswith(b"error: there is no set '9'")
    assert on_a_terminal().startswith(b"\x1b[31merror: \x1b[0mthere is no set '9'")


@pytest.mark.parametrize("command", ["show --set 9", "mak", "make", "show --set 2 --seed x"])
def test_no_colour_where_none_is_wanted(command: str) -> None:
    """NO_COLOR is heeded by every error, on a terminal too."""
    assert b"\x1b" not in on_a_terminal(command, NO_COLOR="1")
    ran = subprocess.run(
        [*EXGEN, *command.split()],
        env={**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 2
    assert b"\x1b" not in ran.stderr


def on_a_terminal(command: str = "show --set 9", **environment: str) -> bytes:
    """Return what a terminal gets to see of a command."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | environment
    with subprocess.Popen(
        [*EXGEN, *command.split()], stderr=theirs, stdout=theirs, env=env
    ) as process:
        process.wait(timeout=60)
    shown: bytes = os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)
    return shown


LATIN = ("iso-8859-1", "cp1252", "koi8-r")


@pytest.mark.parametrize("encoding", LATIN)
@pytest.mark.parametrize(
    "command", ["list", "show --set bank.toml", "derive net.txt", "show --set größe", "--help"]
)
def test_a_terminal_without_unicode(here: Path, command: str, encoding: str) -> None:
    """What its encoding lacks is printed in other signs, and never stops exgen."""
    ran = subprocess.run(
        [*EXGEN, *command.split()],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == (2 if "größe" in command else 0)
    shown = (ran.stdout + ran.stderr).decode(encoding)
    assert "Traceback" not in shown
    assert "?" not in shown
    assert "\\x" not in shown


@pytest.mark.parametrize(
    "name", ["my bank.toml", "bänk.toml", "--set.toml", "a&b_c%d#e.toml", "set 2 (copy).toml"]
)
def test_names_of_banks(here: Path, name: str) -> None:
    """A bank may be called what its author likes."""
    (here / name).write_text(BANK)
    ran = run("make", "--no-pdf", "--seed", "3", f"--set={name}")
    assert (ran.code, ran.err) == (0, "")
    assert (here / "out" / f"{name.removesuffix('.toml')}-seed3").is_dir()


@pytest.mark.parametrize("name", [b"a\xff.toml", b"a\nb.toml", b"a\x1bb.toml"])
def test_names_that_cannot_be_printed(here: Path, name: bytes) -> None:
    """A file name that is no text is refused, because the set is called by it."""
    path = os.fsdecode(name)
    (here / path).write_text(BANK)
    ran = run("make", "--no-pdf", f"--set={path}")
    assert (ran.code, ran.out) == (2, "")
    assert "is not printable text" in ran.err


def test_an_output_folder_with_a_leading_dash(here: Path) -> None:
    """A folder's name may look like an option."""
    assert run("make", "--no-pdf", "--set", "2", "--out=-x y").code == 0
    assert (here / "-x y" / "problems.tex").is_file()


def test_values_that_make_an_array_beyond_all_memory(here: Path) -> None:
    """A size that is read off the values is held to the same limit as one that is written."""
    Path("long.txt").write_text("x: input[N]\nL = sum(x @ x.T)\n")
    Path("long.json").write_text(f'{{"x": [{", ".join(["1"] * 5000)}]}}')
    ran = run("derive", "long.txt", "--values", "long.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: long.json: this is 5000 x 5000, and an array has at most 5000000 entries\n"
        "Use smaller sizes.\n"
    )
