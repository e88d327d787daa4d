"""Read back what was printed: the LaTeX of an answer is parsed again, and that is evaluated.

The other methods prove the expression that the printer was given. This one proves what the
printer made of it: a transpose mark that is missing on the page, an index counted from the wrong
base, brackets that are not there, are seen by nobody else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from exgen.certify.reading.page import METHOD, Page
from exgen.errors import CertificateError, MisfitError
from exgen.graph import Call, walk
from exgen.ops import pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exgen.certify.prove import Claim
    from exgen.document import Agreement

READERS: Mapping[str, str] = {
    "Equation": "equation.equation",
    "MeanGradientClaim": "examples.mean_gradient",
    "ShapeClaim": "facts.shape",
    "ChoiceClaim": "facts.fact",
    "ChainClaim": "names.chain",
    "ArrowsClaim": "names.arrows",
}
"""How the page is read for each sort of claim: the class, and a function in ``reading``.

They are names so that a set imports only the readers of its own claims.
"""

WINDOWS = "the page does not say how large the windows of a pool are"
OPS_UNREAD: Mapping[str, str] = {
    **dict.fromkeys((row.name for row in pool.ROWS), WINDOWS),
    "concat": "with zeros on both sides the page does not say how many stand on which",
}
"""The ops whose answers are not read back, each with the reason; the last only then."""


def load_reader(name: str) -> Callable[[Any, Page], Agreement]:
    """Return a reader that ``READERS`` names; its module is imported when it is asked for."""
    module, function = name.split(".")
    reader: Callable[[Any, Page], Agreement] = getattr(
        import_module(f"exgen.certify.reading.{module}"), function
    )
    return reader


def is_unread(claim: object) -> bool:
    """Whether an answer is a letter, or holds an op of which the page does not say everything."""
    if getattr(claim, "sort", "") == "choice":
        return True
    found = [getattr(claim, name, ()) for name in ("expr", "rights")]
    exprs = [e for part in found for e in (part if isinstance(part, tuple) else (part,))]
    calls = [part for e in exprs for part in walk(e) if isinstance(part, Call)]
    return any(_says_too_little(call) for call in calls if call.op in OPS_UNREAD)


def _says_too_little(call: Call) -> bool:
    if call.op == "concat":
        return sum(isinstance(part, Call) and part.op == "zeros" for part in walk(call)) > 1
    return True


def check_printed(claim: Claim, page: Page) -> Agreement | None:
    """Read an answer's LaTeX, evaluate it, and compare it with what the claim is about.

    Args:
        claim: what the answer asserts.
        page: the answer as printed, and the conventions it is printed in.

    Returns:
        The agreement; None for what ``OPS_UNREAD`` lists, and for a choice.

    Raises:
        CertificateError: the page cannot be read, or says something else than the claim.

    """
    name = READERS.get(type(claim).__name__)
    if name is None or is_unread(claim):
        return None
    try:
        return load_reader(name)(claim, page)
    except (MisfitError, ValueError, LookupError, ArithmeticError) as error:
        raise CertificateError(f"{METHOD}: what was read cannot be evaluated: {error}") from error
