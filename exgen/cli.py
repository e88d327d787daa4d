"""The command line: parse options, call one function, print."""

from __future__ import annotations

import os
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import Annotated, NoReturn

import typer

STOPPED = 130
"""The exit code after Ctrl-C, which typer turns into an exit of its own."""

app = typer.Typer(
    name="exgen",
    help="Problem sets for deep learning, with keys that exgen derived and proved itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SetOption = Annotated[
    str, typer.Option("--set", metavar="SET", help="A set's number or name, or a bank file.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="What every draw comes from.")]
NotationOption = Annotated[
    str | None, typer.Option("--notation", help="Another notation than the bank's own.")
]

ProblemOption = Annotated[
    str | None,
    typer.Option("--problem", metavar="ID", help="Only the problem with this id in the bank."),
]


@app.command("make")
def make_command(
    set_name: SetOption,
    seed: SeedOption = 1,
    problem: ProblemOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The folder to write; out/SET-seedSEED, or …-ID, unless given."),
    ] = None,
    notation: NotationOption = None,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Whether to run TeX.")] = True,  # noqa: FBT002
    slips: Annotated[  # noqa: FBT002
        bool, typer.Option("--slips/--no-slips", help="Whether the key shows common mistakes.")
    ] = True,
    force: Annotated[  # noqa: FBT002
        bool, typer.Option("--force", help="Replace a folder even if it holds other files.")
    ] = False,
    fragment: Annotated[  # noqa: FBT002
        bool, typer.Option("--fragment", help="Write problems for a document of your own, too.")
    ] = False,
    paper: Annotated[str | None, typer.Option("--paper", help="a4 or letter.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="The date in the head.")] = None,
) -> None:
    """Make a problem set and its worked key."""
    from exgen.pipeline import make
    from exgen.processes import ended_as_interrupted
    from exgen.report import made_text

    with ended_as_interrupted():
        made = make(
            set_name,
            seed,
            out,
            only=problem,
            notation=notation,
            pdf=pdf,
            slips=slips,
            force=force,
            fragment=fragment,
            page={k: part for k, part in (("paper", paper), ("date", date)) if part is not None},
        )
    typer.echo(made_text(made))


@app.command("verify")
def verify_command(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Folders that make wrote, or folders of them."),
    ],
) -> None:
    """Prove a set again from its manifest, and compare every file with it."""
    from exgen.report import Progress, verified_text, verify_code
    from exgen.verify import made_folders, verify

    folders = [folder for path in paths for folder in made_folders(path)]
    with Progress(len(folders)) as progress:
        found = [verify(folder, progress.of(folder)) for folder in folders]
    if len(found) == 1 and found[0].refused is not None:
        raise found[0].refused
    typer.echo(verified_text(found))
    raise typer.Exit(verify_code(found))


@app.command("render")
def render_command(
    path: Annotated[Path, typer.Argument(help="A folder that make wrote, or its manifest.")],
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Whether to run TeX.")] = True,  # noqa: FBT002
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write; its own unless given.")
    ] = None,
    force: Annotated[  # noqa: FBT002
        bool, typer.Option("--force", help="Replace a folder even if it holds other files.")
    ] = False,
) -> None:
    """Make TeX and PDFs again from a manifest, without a draw."""
    from exgen.pipeline import render
    from exgen.processes import ended_as_interrupted
    from exgen.report import rendered_text

    with ended_as_interrupted():
        rendered = render(path, out, pdf=pdf, force=force)
    typer.echo(rendered_text(rendered))


@app.command("show")
def show_command(
    set_name: SetOption,
    seed: SeedOption = 1,
    problem: ProblemOption = None,
    notation: NotationOption = None,
) -> None:
    """Show a set's problems and answers in the terminal."""
    from exgen.pipeline import build, load
    from exgen.render.plain import statements
    from exgen.report import set_text

    problem_set = build(*load(set_name, notation), seed, only=problem)
    typer.echo(set_text(problem_set, statements(problem_set)))


@app.command("list")
def list_command() -> None:
    """List the sets, the kinds of problems, the notations and the ops."""
    from exgen.pipeline import catalogue
    from exgen.report import catalogue_text

    typer.echo(catalogue_text(catalogue()))


@app.command("lint")
def lint_command(
    set_name: Annotated[
        str | None,
        typer.Option("--set", metavar="SET", help="A set's number or name, or a bank file."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only problems of a kind; in all sets if alone.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds to try.")] = 1000,
    first: Annotated[int, typer.Option("--first", metavar="SEED", help="The first of them.")] = 1,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="How many processes; one for each core unless given."),
    ] = None,
    notation: NotationOption = None,
    pdf: Annotated[  # noqa: FBT002
        bool, typer.Option("--pdf", help="Run TeX too, and count what sticks out of its page.")
    ] = False,
) -> None:
    """Try many seeds, and say how often draws are rejected and whether all can be proven."""
    from exgen.lint import sweep, targets
    from exgen.processes import all_cores
    from exgen.render.progress import Progress
    from exgen.report import lint_text

    reports = []
    for target in targets(set_name, kind, notation, pdf=pdf):
        with Progress(seeds, target.bank.name) as tell:
            reports.append(sweep(target, range(first, first + seeds), jobs or all_cores(), tell))
    typer.echo(lint_text(reports))
    if any(report.failures for report in reports):
        raise typer.Exit(1)


@app.command("derive")
def derive_command(
    file: Annotated[Path, typer.Argument(help="A network in a text file; - reads standard input.")],
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,  # noqa: FBT002
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
    values: Annotated[
        Path | None, typer.Option("--values", help="A JSON file with an array for each leaf.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option("--loss", help="What to differentiate; the last line unless given."),
    ] = None,
    notation: Annotated[str, typer.Option("--notation", help="How to write LaTeX.")] = "base",
) -> None:
    """Derive the gradient of a network's loss by every leaf."""
    from exgen.derivation import derive, read_source
    from exgen.pipeline import load_profile
    from exgen.report import derivation_json, derivation_latex, derivation_text

    given = None if values is None else read_source(values)
    found = derive(read_source(file), load_profile(notation), values=given, loss=loss)
    show = derivation_json if json else derivation_latex if latex else derivation_text
    typer.echo(show(found))


def main() -> None:
    """Run the command line; every expected error is one message and an exit code."""
    from exgen.errors import ExgenError
    from exgen.terminals import degrade

    degrade(sys.stdout, sys.stderr)
    try:
        app(standalone_mode=True)
    except ExgenError as error:
        fail(str(error), error.exit_code)
    except MemoryError:
        fail("there is not enough memory for this network\nUse smaller sizes.", 2)
    except OSError as error:
        # what exgen reads and writes has been seen to; what is left is the terminal or the pipe
        fail(f"cannot print: {error.strerror or error}", 2)
    except SystemExit as stop:
        if stop.code == STOPPED:
            typer.echo("stopped; nothing was written", err=True)
        raise


def fail(message: str, exit_code: int) -> NoReturn:
    """Print an error, in colour where it goes to a terminal that wants it, and end."""
    # see no-color.org: any text in it will do
    color = False if os.environ.get("NO_COLOR") else None
    typer.secho("error: ", fg=typer.colors.RED, err=True, nl=False, color=color)
    typer.echo(message, err=True)
    sys.exit(exit_code)
