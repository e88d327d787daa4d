"""Where the templates and the banks are, and how templates mark what is put in.

No other module knows.

In a wheel they lie in ``exgen/_data``, in a checkout beside the package. Both are looked up from
this very file, never through the installed distribution: an editable install may have left an
old copy in site-packages, and that one must not be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from exgen.errors import MachineError

if TYPE_CHECKING:
    from jinja2 import Environment


def _folder(name: str) -> Path:
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / name).is_dir():
            return root / name
    raise MachineError(
        f"The folder '{name}' that belongs to exgen is missing.",
        place=str(package),
        remedy="Reinstall exgen, or run it from a complete checkout.",
    )


def templates() -> Path:
    """Return the folder of the templates.

    Raises:
        MachineError: the installation is not complete.

    """
    return _folder("templates")


def template_engine(folder: Path, **own: Any) -> Environment:  # noqa: ANN401 - Jinja's options
    """Return an engine for the templates of a folder: ``<< value >>``, ``<% if … %>``, ``<# … #>``.

    Nothing is escaped by it: who sets a text escapes it. Others of Jinja's options go in ``own``.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from exgen.compiled import Compiled

    options: dict[str, Any] = {
        "variable_start_string": "<<",
        "variable_end_string": ">>",
        "block_start_string": "<%",
        "block_end_string": "%>",
        "comment_start_string": "<#",
        "comment_end_string": "#>",
        "trim_blocks": True,
        "lstrip_blocks": True,
        "auto_reload": False,
        "autoescape": False,  # what comes out is TeX, or a text that a parser reads
        **own,
    }
    # what a function does is not in the compiled code, but that there is one
    settings = {name: callable(value) or value for name, value in options.items()}
    return Environment(  # noqa: S701 - see autoescape
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        bytecode_cache=Compiled(str(settings)),
        **options,
    )


def notations() -> Path:
    """Return the folder of the notation profiles.

    Raises:
        MachineError: the installation is not complete.

    """
    return _folder("templates") / "notations"


def locales() -> Path:
    """Return the folder of the message catalogues.

    Raises:
        MachineError: the installation is not complete.

    """
    return _folder("templates") / "locales"


def banks() -> Path:
    """Return the folder of the banks that come with exgen.

    Raises:
        MachineError: the installation is not complete.

    """
    return _folder("banks")
