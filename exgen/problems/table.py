"""Every kind by name. A kind's module is imported when it is asked for: a set needs only a few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exgen.problems.base import Kind

PRESETS = (
    "local_jacobian",
    "chain_rule",
    "draw_graph",
    "missing_shapes",
    "layer_table",
    "shape_table",
    "grid",
    "alpha_gradient",
    "write_out",
    "vector_gradient",
    "vectorise_forward",
    "vectorise_backward",
    "show_that",
    "parameter_gradients",
    "loss_derivative",
    "identity_proof",
    "concept",
    "scalar_graph",
    "circuit",
)
"""The kinds that are texts with asks; each is a module of ``exgen/presets/``."""
NAMES = (
    *PRESETS,
    "text",
)
"""The kinds; each but the presets is the ``KIND`` of the module of its name in this folder."""

HOMES: Mapping[str, str] = {
    "text": "exgen.asks.problem",
    **{name: f"exgen.presets.{name}" for name in PRESETS},
}
"""Where a kind is that is no module of its name in this folder."""
NETWORK_RULES = ("distinct_dims", "distinct_functions")
"""The ``network_rules`` of all kinds together."""


class Kinds(Mapping[str, "Kind"]):
    """The kinds by name, in the order of :data:`NAMES`."""

    def __getitem__(self, name: str) -> Kind:
        if name not in NAMES:
            raise KeyError(name)
        kind: Kind = import_module(HOMES.get(name, f"exgen.problems.{name}")).KIND
        return kind

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


KINDS: Mapping[str, Kind] = Kinds()
