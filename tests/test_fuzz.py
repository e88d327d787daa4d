"""Whatever a reader is given, it reads it or refuses it with one clear error, and soon.

``python -m benchmarks.fuzz`` gives the same readers many more inputs.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing import TARGETS, Target, give, watch


@pytest.mark.parametrize("target", [pytest.param(t, id=t.name) for t in TARGETS])
def test_any_input_is_read_or_refused(target: Target) -> None:
    """Nothing but an error of ours comes out, nothing of the input runs, and nothing hangs."""

    @settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=60 if target.name in ("derive", "manifest") else 150,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def some(data: st.DataObject) -> None:
        give(target, data.draw(target.inputs))

    some()


def test_the_harness_sees_what_runs() -> None:
    """Text that were executed or imported, and a file that were written, would be noticed."""

    def runs(data: bytes, _folder: object) -> None:
        exec(data.decode(), {})  # noqa: S102 - what a reader must never do

    careless = Target("careless", st.binary(), runs, 1)
    for text in ("1", "import this_is_no_module", "open('/dev/null', 'w').close()"):
        with pytest.raises((AssertionError, ImportError)):
            give(careless, text.encode())
        assert watch().seen
