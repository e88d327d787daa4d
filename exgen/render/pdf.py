"""TeX to PDF, with pdflatex: quick, reproducible, shut in a folder of its own.

A document is run once where that is enough. A second run is needed only if something that the
first one read from the ``.aux`` file turns out different at its end. The exam class writes much
there that few documents read, so only the lines that the source can read are compared; and the
page count, which a footer "page 1 of 4" reads, can be foretold (``pages``). A sheet whose last page
is next to empty notes that there, too, and tries lower rooms in the next run; if they are of no
use, what was set without them is taken.

For the same bytes wherever a document is compiled, also by hand, its preamble must hold
:data:`REPRODUCIBLE`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import Struct

from exgen.errors import BankError, ExgenError, MachineError, TexError
from exgen.processes import interrupts
from exgen.render.log import Log, overfull_error, read_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REPRODUCIBLE = r"\pdfinfoomitdate=1 \pdftrailerid{} \pdfsuppressptexinfo=-1"
"""The preamble line that keeps dates, folders and the TeX release's banner out of the PDF."""

PACKAGES = (
    "texlive-latex-base texlive-latex-recommended texlive-latex-extra "
    "texlive-fonts-recommended texlive-pictures lmodern"
)
"""The Debian packages that hold all the TeX exgen uses."""

_MAX_RUNS = 3
_WAKE = 0.2  # seconds
_FLAGS = (
    "-no-shell-escape",
    "-interaction=nonstopmode",
    "-halt-on-error",
    "-file-line-error",
    "-no-mktex=tex",
    "-no-mktex=tfm",
    "-no-mktex=pk",
    "-no-mktex=fmt",
)
_ENVIRONMENT = {
    "SOURCE_DATE_EPOCH": "0",
    "FORCE_SOURCE_DATE": "1",
    "TZ": "UTC",
    "LC_ALL": "C",
    "max_print_line": "1000",  # unbroken lines in the log
    "openin_any": "p",  # no reading or writing outside the folder and the TeX trees
    "openout_any": "p",
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ERROR = re.compile(r"^(?:\./)?(?P<file>[^:\n]+):(?P<line>\d+): (?P<message>.+)$", re.MULTILINE)
_BARE_ERROR = re.compile(r"^! *(?P<message>.+)$", re.MULTILINE)
_NO_FILE = re.compile(r"File `(?P<file>[^']+\.(?:sty|cls|def|fd|clo))' not found")

# what the LaTeX kernel writes every time and no document reads
_KERNEL_LINE = re.compile(r"\\relax\b|\\gdef ?\\@abspage@last\b")
# a sheet has no lower rooms, or none because they were of no use; the spaces are TeX's
_TIGHT, _NO_USE = r"\gdef \exgentight{0}", r"\gdef \exgentight{2}"
_LAST_PAGE_LINE = re.compile(r"\\gdef ?\\exam@lastpage\b")
_LAST_PAGE_READER = re.compile(r"\\(?:numpages|iflastpage)(?![A-Za-z@])")
# what is noted of questions, points, labels and headings, and the macros that read it
_NOTE_LINE = re.compile(
    r"\\gdef ?\\(?:exam@|(?:bonus)?pointso[fn]|lastpage@with)"
    r"|\\PgInfo\b|\\newlabel\b|\\@writefile\b"
)
_NOTE_READER = re.compile(
    r"\\(?:num(?:bonus)?points|num(?:question|(?:sub)*part|coverpage)s|totalnumpages"
    r"|[a-z]*(?:grade|point)table|[a-z]+inrange|(?:bonus)?points(?:ofquestion|onpage)"
    r"|if(?:incomplete|continuation)|(?:Continued|Incomplete)Question"
    r"|[A-Za-z]*ref|tableofcontents|listof[a-z]+)(?![A-Za-z@])"
)


def require_tex() -> Path:
    """Return the path of pdflatex.

    Raises:
        MachineError: there is none.

    """
    found = shutil.which("pdflatex")
    if found is None:
        raise MachineError(
            "pdflatex is not installed, or not on the PATH.",
            remedy=f"Install it (Debian and Ubuntu: apt-get install {PACKAGES}), "
            "or leave the PDFs out with --no-pdf.",
        )
    return Path(found)


class Typeset(Struct, frozen=True):
    """A document as TeX set it: the bytes of its PDF, and what the log says of its pages."""

    pdf: bytes
    log: Log


def compile_tex(
    documents: Mapping[str, str],
    *,
    time_limit: float = 60.0,
    pages: Mapping[str, int] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    r"""Return the PDF of every document, under the same names and in the same order.

    Args:
        documents: name without suffix, such as ``problems``, to TeX source.
        time_limit: seconds that one run of TeX may take.
        pages: expected page counts by name, as in :func:`typeset`.
        beside: other files that the documents read, by name.

    Raises:
        MachineError: pdflatex, or a LaTeX package, is not installed.
        TexError: TeX stopped at an error, took too long, or made no PDF; or something in a
            document sticks out of its page.
        ValueError: a name is not a plain file name.

    """
    made = typeset(documents, time_limit=time_limit, pages=pages, beside=beside)
    for name, document in made.items():
        if document.log.overfull:
            raise overfull_error(name, document.log.overfull)
    return {name: document.pdf for name, document in made.items()}


def typeset(
    documents: Mapping[str, str],
    *,
    time_limit: float = 60.0,
    pages: Mapping[str, int] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> dict[str, Typeset]:
    r"""Set every document, whether or not all of it fits on its pages.

    The documents are compiled beside each other, each in a fresh folder that is removed in the
    end, whatever happens.

    Args:
        documents: name without suffix, such as ``problems``, to TeX source.
        time_limit: seconds that one run of TeX may take.
        pages: expected page counts by name. Only a document that uses ``\numpages`` gains by
            it: a right guess saves the second run, a wrong one costs nothing.
        beside: other files that the documents read, by name.

    Raises:
        MachineError: pdflatex, or a LaTeX package, is not installed.
        TexError: TeX stopped at an error, took too long, or made no PDF.
        ValueError: a name is not a plain file name.

    """
    for name in documents:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a plain name for a document")
    if not documents:
        return {}
    tex = require_tex()
    try:
        with (
            interrupts() as interrupted,
            tempfile.TemporaryDirectory(prefix="exgen-tex-") as folder,
        ):
            until = partial(_until_done, limit=time_limit, interrupted=interrupted)
            jobs = [
                _Job(tex, Path(folder, name), name, source, beside or {})
                for name, source in documents.items()
            ]
            return _settled(jobs, pages or {}, until)
    except OSError as error:
        raise MachineError(
            f"TeX cannot work in the folder for temporary files: {error.strerror or error}.",
            place=tempfile.gettempdir(),
            remedy="Make room there, or set TMPDIR to another folder.",
        ) from error


class _Job(Struct, frozen=True):
    """A document to be set, in a folder of its own."""

    tex: Path
    folder: Path
    name: str
    source: str
    beside: Mapping[str, bytes]

    def file(self, suffix: str) -> Path:
        return self.folder / f"{self.name}.{suffix}"

    @property
    def log(self) -> str:
        log = self.file("log")
        return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""

    def prepare(self, guess: int | None) -> None:
        """Write what the first run reads."""
        self.folder.mkdir()
        self.file("tex").write_text(self.source, encoding="utf-8", newline="\n")
        for other, data in self.beside.items():
            (self.folder / other).write_bytes(data)
        if guess is not None and _LAST_PAGE_READER.search(self.source):
            tight = f"{_TIGHT}\n" if r"\exlast" in self.source else ""
            noted = f"\\relax\n{tight}\\gdef\\exam@lastpage{{{guess}}}\n"
            self.file("aux").write_text(noted, encoding="ascii")

    def start(self) -> subprocess.Popen[bytes]:
        """Begin a run of TeX."""
        self.file("pdf").unlink(missing_ok=True)  # a PDF found later is that of this run
        return subprocess.Popen(
            [self.tex, *_FLAGS, f"{self.name}.tex"],
            cwd=self.folder,
            env={**os.environ, **_ENVIRONMENT, "TEXMFOUTPUT": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # the log file says it all; but whose end is told at once
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that its children end with it
        )


def _settled(
    jobs: Sequence[_Job],
    pages: Mapping[str, int],
    until_done: Callable[[_Job, subprocess.Popen[bytes]], int],
) -> dict[str, Typeset]:
    """Run TeX until a document was set from what its ``.aux`` file says, now or before."""
    for job in jobs:
        job.prepare(pages.get(job.name))
    read = {job.name: _read_back(job.file("aux"), job.source) for job in jobs}
    made: dict[str, Typeset] = {}
    seen: dict[tuple[str, ...], Typeset] = {}
    for _ in range(_MAX_RUNS):
        running: list[tuple[_Job, subprocess.Popen[bytes]]] = []
        try:
            running += ((job, job.start()) for job in jobs if job.name not in made)
            for job, process in running:
                status = until_done(job, process)
                if status != 0 or not job.file("pdf").is_file():
                    raise _failure(job, status)
                seen[job.name, *read[job.name]] = Typeset(
                    job.file("pdf").read_bytes(), read_log(job.log)
                )
                read[job.name] = _read_back(job.file("aux"), job.source)
                again = seen.get((job.name, *read[job.name]))
                if again is not None:
                    made[job.name] = again
        finally:
            # after an error or Ctrl-C nothing may run on in a folder that is about to go
            for _, process in running:
                _kill(process)
    for job in jobs:
        if job.name not in made:
            raise TexError(
                f"Page numbers and references had not settled after {_MAX_RUNS} runs.",
                place=f"{job.name}.tex",
                remedy="Look for a reference whose text moves the page it refers to.",
            )
    return {job.name: made[job.name] for job in jobs}


def _until_done(
    job: _Job, process: subprocess.Popen[bytes], *, limit: float, interrupted: Callable[[], bool]
) -> int:
    """Wait for a run of TeX, and return its exit status."""
    end = monotonic() + limit
    while monotonic() < end:
        if interrupted():
            raise KeyboardInterrupt
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=min(_WAKE, limit))
            return process.returncode
    raise TexError(
        f"TeX was still running after {limit:g} seconds, and was stopped.",
        place=f"{job.name}.tex",
        remedy="Look for a loop in the TeX, or leave the PDFs out with --no-pdf.",
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, if it still runs, and close its pipe in any case."""
    # poll() reaps: after that the number may belong to another process
    with process:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _read_back(aux: Path, source: str) -> list[str]:
    """Return the lines of the ``.aux`` file that ``source`` could read in the next run."""
    if not aux.is_file():
        return []
    lines = aux.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line.replace(_NO_USE, _TIGHT) for line in lines if not _KERNEL_LINE.match(line)]
    # of two definitions the later one holds
    last = {line.partition("{")[0] if line.startswith(r"\gdef") else line: line for line in lines}
    lines = list(last.values())
    if _NOTE_READER.search(source):
        return lines
    with_pages = _LAST_PAGE_READER.search(source) is not None
    return [
        line
        for line in lines
        if not _NOTE_LINE.match(line) or (with_pages and _LAST_PAGE_LINE.match(line))
    ]


def _failure(job: _Job, status: int) -> ExgenError:
    """Return the error that says what TeX did not like, from its log."""
    log, name = job.log, job.name
    missing = _NO_FILE.search(log)
    if missing:
        return MachineError(
            f"The LaTeX file '{missing['file']}' is not installed.",
            remedy=f"Install it (Debian and Ubuntu: apt-get install {PACKAGES}), "
            "or leave the PDFs out with --no-pdf.",
        )
    remedy = "Mend the template, or leave the PDFs out with --no-pdf."
    found = _ERROR.search(log)
    bare = _BARE_ERROR.search(log)
    for other in job.beside:
        if any(error and other in error["message"] for error in (found, bare)):
            return BankError(
                f"TeX cannot read the image {other}",
                place=f"{name}.tex",
                remedy="Save it again, as PNG.",
            )
    if found:
        file, line = found["file"], int(found["line"])
        lines = job.source.split("\n")
        ours = file == f"{name}.tex" and 0 < line <= len(lines)
        excerpt = f"    {lines[line - 1].strip()}" if ours else ""
        return TexError(found["message"], place=f"{file}:{line}", excerpt=excerpt, remedy=remedy)
    if bare:
        message = bare["message"]
    elif status == 0:
        message = "TeX made no PDF: the document has no pages."
    else:
        message = f"TeX ended with status {status} and did not say why."
    return TexError(message, place=f"{name}.tex", remedy=remedy)
