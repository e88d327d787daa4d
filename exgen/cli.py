"""The command line: parse options, call one function, print."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

STOPPED = 130
"""The exit code after Ctrl-C."""

FILE = click.Path(path_type=Path)

the_set = click.option(
    "--set",
    "set_name",
    metavar="SET",
    required=True,
    help="A set's number or name, or a bank file.",
)
the_seed = click.option(
    "--seed", type=int, default=1, show_default=True, help="What every draw comes from."
)
the_notation = click.option("--notation", help="Another notation than the bank's own.")
the_language = click.option("--language", help="Another language than the bank's own, such as de.")
the_problem = click.option(
    "--problem", "only", metavar="ID", help="Only the problem with this id in the bank."
)
the_tags = click.option(
    "--tag",
    "tags",
    metavar="TAG",
    multiple=True,
    help="Only problems with this tag; more than once for problems with any of them.",
)
run_tex = click.option(
    "--pdf/--no-pdf", default=True, help="Whether to run TeX.", show_default=True
)
replace_all = click.option(
    "--force", is_flag=True, help="Replace a folder even if it holds other files."
)


class Commands(click.Group):
    """The commands in the order in which they stand here."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own form
        """Return the names of the commands."""
        return list(self.commands)


@click.group(
    cls=Commands,
    help="Problem sets for deep learning, with keys that exgen derived and proved itself.",
    no_args_is_help=True,
)
def app() -> None:
    """Hold the commands."""


@app.command("make")
@the_set
@the_seed
@the_problem
@the_tags
@click.option(
    "--out", type=FILE, help="The folder to write; out/SET-seedSEED, or …-ID, unless given."
)
@the_notation
@the_language
@run_tex
@click.option(
    "--slips/--no-slips",
    default=True,
    show_default=True,
    help="Whether the key shows common mistakes.",
)
@replace_all
@click.option(
    "--fragment", is_flag=True, help="Write each problem for a document of your own, too."
)
@click.option("--paper", type=click.Choice(["a4", "letter"]), help="Other paper than the bank's.")
@click.option("--date", help="Another date than the bank's.")
def make_command(
    set_name: str,
    seed: int,
    out: Path | None,
    paper: str | None,
    date: str | None,
    **options: Any,  # noqa: ANN401 - as click reads them
) -> None:
    """Make a problem set and its worked key."""
    from exgen.pipeline import make
    from exgen.processes import ended_as_interrupted
    from exgen.report import made_text

    page = {key: part for key, part in {"paper": paper, "date": date}.items() if part is not None}
    with ended_as_interrupted():
        made = make(set_name, seed, out, page=page, **options)
    click.echo(made_text(made))


@app.command("new")
@click.argument("path", metavar="BANK", type=FILE)
@click.option("--from", "kind", metavar="KIND", help="Begin with the template of this kind.")
def new_command(path: Path, kind: str | None) -> None:
    """Write a bank to begin with, for you to edit."""
    from exgen.starter import write_starter

    write_starter(path, kind)
    click.echo(f"{path}\nMake it with: exgen make --set {path}")


@app.command("verify")
@click.argument("paths", metavar="PATH...", type=FILE, nargs=-1, required=True)
@click.option(
    "--pdf/--no-pdf", default=True, help="Whether to make the PDFs again, too.", show_default=True
)
@click.option("--key", type=FILE, help="The public key of whoever has to have signed it.")
def verify_command(paths: tuple[Path, ...], key: Path | None, *, pdf: bool) -> None:
    """Solve and prove a set again from its manifest, and compare all else with it.

    PATH is a folder that make wrote, or a folder of them.
    """
    from exgen.processes import ended_as_interrupted
    from exgen.report import verified_text, verify_code
    from exgen.terminals import progress
    from exgen.verify import made_folders, verify

    folders = [folder for path in paths for folder in made_folders(path)]
    with ended_as_interrupted(), progress(len(folders), "verify") as tell:
        found = [
            verify(folder, partial(tell, n), pdf=pdf, key=key) for n, folder in enumerate(folders)
        ]
    if len(found) == 1 and found[0].refused is not None:
        raise found[0].refused
    click.echo(verified_text(found))
    sys.exit(verify_code(found))


@app.command("sign")
@click.argument("path", metavar="FOLDER", type=FILE, required=False)
@click.option("--key", type=FILE, help="Your secret key.")
@click.option("--new-key", type=FILE, help="Make a pair of keys instead, PATH and PATH.pub.")
def sign_command(path: Path | None, key: Path | None, new_key: Path | None) -> None:
    """Verify a set and sign its manifest, so that others can see who made it."""
    from exgen import sign

    if (path is None, key is None) != (new_key is not None,) * 2:
        raise click.UsageError("give FOLDER and --key, or --new-key alone")
    if new_key is not None:
        public = sign.new_key(new_key)
        click.echo(f"{new_key}   your secret key: keep it to yourself\n{public}   for others")
    elif path is not None and key is not None:
        from exgen.report import verified_text, verify_code
        from exgen.verify import verify

        secret = sign.secret_key(key)
        found = verify(path)
        if found.refused is not None:
            raise found.refused
        click.echo(verified_text([found]))
        if not found.failures:
            click.echo(f"  signed in {sign.sign(path, secret)}")
        sys.exit(verify_code([found]))


@app.command("render")
@click.argument("path", type=FILE)
@run_tex
@click.option("--out", type=FILE, help="The folder to write; its own unless given.")
@replace_all
def render_command(path: Path, out: Path | None, *, pdf: bool, force: bool) -> None:
    """Make TeX and PDFs again from a manifest, without a draw.

    PATH is a folder that make wrote, or its manifest.
    """
    from exgen.pipeline import render
    from exgen.processes import ended_as_interrupted
    from exgen.report import rendered_text

    with ended_as_interrupted():
        rendered = render(path, out, pdf=pdf, force=force)
    click.echo(rendered_text(rendered))


@app.command("show")
@the_set
@the_seed
@the_problem
@the_tags
@the_notation
@the_language
def show_command(set_name: str, seed: int, only: str | None, **options: Any) -> None:  # noqa: ANN401 - as click reads them
    """Show a set's problems and answers in the terminal."""
    from exgen.pipeline import build, load
    from exgen.render.plain import statements
    from exgen.report import set_text

    problem_set = build(*load(set_name, **options), seed, only=only)
    click.echo(set_text(problem_set, statements(problem_set)))


@app.command("list")
@click.option("--set", "set_name", metavar="SET", help="List the problems of a set or a bank file.")
@the_tags
def list_command(set_name: str | None, tags: tuple[str, ...]) -> None:
    """List the sets, the kinds of problems, the notations and the ops; or problems."""
    from exgen.pipeline import catalogue, problems_of
    from exgen.report import catalogue_text

    found = problems_of(set_name, tags) if set_name or tags else catalogue()
    click.echo(catalogue_text(found))


@app.command("lint")
@click.option("--set", "set_name", metavar="SET", help="A set's number or name, or a bank file.")
@click.option("--kind", help="Only problems of a kind; in all sets if alone.")
@the_tags
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="How many seeds to try.",
)
@click.option(
    "--first", metavar="SEED", type=int, default=1, show_default=True, help="The first of them."
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="How many processes; one for each core unless given."
)
@the_notation
@the_language
@click.option("--pdf", is_flag=True, help="Run TeX too, and count what sticks out of its page.")
def lint_command(seeds: int, first: int, jobs: int | None, **options: Any) -> None:  # noqa: ANN401 - as click reads them
    """Try many seeds, and say how often draws are rejected and whether all can be proven."""
    from exgen.lint import sweep, targets
    from exgen.processes import all_cores
    from exgen.report import lint_text
    from exgen.terminals import progress

    reports = []
    for target in targets(**options):
        with progress(seeds, target.bank.name) as tell:
            reports.append(sweep(target, range(first, first + seeds), jobs or all_cores(), tell))
    click.echo(lint_text(reports))
    if any(report.failures for report in reports):
        sys.exit(1)


@app.command("derive")
@click.argument("file", type=FILE)
@click.option("--latex", is_flag=True, help="Print LaTeX.")
@click.option("--json", is_flag=True, help="Print JSON.")
@click.option("--values", type=FILE, help="A JSON file with an array for each leaf.")
@click.option("--loss", help="What to differentiate; the last line unless given.")
@click.option("--notation", default="base", show_default=True, help="How to write LaTeX.")
def derive_command(
    file: Path, values: Path | None, loss: str | None, notation: str, *, latex: bool, json: bool
) -> None:
    """Derive the gradient of a network's loss by every leaf.

    FILE is a network in a text file; - reads standard input.
    """
    from exgen.derivation import derive, read_source
    from exgen.pipeline import load_profile
    from exgen.report import derivation_json, derivation_latex, derivation_text

    given = None if values is None else read_source(values)
    found = derive(read_source(file), load_profile(notation), values=given, loss=loss)
    show = derivation_json if json else derivation_latex if latex else derivation_text
    click.echo(show(found))


def main() -> None:
    """Run the command line; every expected error is one message and an exit code."""
    from exgen.errors import ExgenError
    from exgen.terminals import degrade

    degrade(sys.stdout, sys.stderr)
    try:
        with app.make_context("exgen", sys.argv[1:]) as context:
            app.invoke(context)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("stopped; nothing was written", err=True)
        sys.exit(STOPPED)
    except ExgenError as error:
        fail(str(error), error.exit_code)
    except MemoryError:
        fail("there is not enough memory for this network\nUse smaller sizes.", 2)
    except BrokenPipeError:
        # who reads has enough; nor may Python's own flush at the end complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        # what exgen reads and writes has been seen to; what is left is the terminal or the pipe
        fail(f"cannot print: {error.strerror or error}", 2)


def fail(message: str, exit_code: int) -> NoReturn:
    """Print an error, in colour where it goes to a terminal that wants it, and end."""
    # see no-color.org: any text in it will do
    color = False if os.environ.get("NO_COLOR") else None
    click.secho("error: ", fg="red", err=True, nl=False, color=color)
    click.echo(message, err=True)
    sys.exit(exit_code)
