"""What the comparisons read of a claim: plain texts and names, whatever its sort calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ABOUT = ("of", "name", "line")
"""What claims call the name that they are about, in order of preference."""


def told(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return a claim of a manifest with one word for one thing.

    Formulas are texts; ``of`` is the name it is about, ``layout`` how a derivative stands, and
    ``network`` the text of a network that is not the problem's own.
    """
    found = {key: _plain(part) for key, part in claim.items()}
    found |= _plain(claim.get("form", {})) | _plain(claim.get("chain", {}), only=dict)
    found.setdefault("of", next((found[key] for key in ABOUT if key in found), None))
    if "out" in found:
        found["index"] = [*found["out"], *found["arg"]]
    for layout in ("numerator", "denominator"):
        if layout in found:
            other = "numerator" if layout == "denominator" else "shape"
            found["layout"] = layout if found[layout] else other
    batch = found.get("batch") or {}
    found["network"] = found.get("graph") or (batch.get("graph") if "batch" in found else None)
    return found


def _plain(part: Any, only: type | None = None) -> Any:  # noqa: ANN401 - JSON
    if only is not None and not isinstance(part, only):
        return {}
    if isinstance(part, dict):
        return part["text"] if "text" in part else {k: _plain(v) for k, v in part.items()}
    return [_plain(inner) for inner in part] if isinstance(part, list) else part
