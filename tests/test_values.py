"""Losses and gradients at given values, case by case from the files in ``tests/values``.

A case is a network, perhaps ``notation NAME``, and ``at`` with values in JSON. It expects lines
``name = number`` for the loss and for gradients, perhaps ``to`` a tolerance, lines ``assumes …``,
or the first line of an error.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
from msgspec import structs

from exgen.certify.given import given, prove_at
from exgen.derivation import Derivation, derive
from exgen.engine import forward
from exgen.errors import CertificateError, Source, ValuesError
from exgen.language import read_network
from exgen.language.network import read_expression
from exgen.pipeline import load_profile
from exgen.report import derivation_json, derivation_text
from tests.cases import Case, cases_in

if TYPE_CHECKING:
    from collections.abc import Mapping

EXACT = 1e-12


def derived(text: str) -> Derivation:
    """Derive the network of a case at its values."""
    text, _, values = text.partition("\nat ")
    text, _, notation = text.partition("\nnotation ")
    profile = load_profile(notation or "base")
    return derive(Source("net", text), profile, values=Source("values", values))


def refuse_constant(name: str) -> None:
    """Refuse what JSON does not have."""
    raise AssertionError(name)


def numbers(found: Derivation) -> Mapping[str, Any]:
    """Return what the JSON form says of the loss and of each gradient."""
    said = json.loads(derivation_json(found), parse_constant=refuse_constant)
    parts = {part["name"]: part for part in said["gradients"]}
    for part in parts.values():
        assert {"reverse mode", "differences"} == {a["method"] for a in part["compared"]}
    assert "nan" not in derivation_text(found).lower()
    return {
        said["loss"]["name"]: said["loss"]["value"],
        **{n: p["value"] for n, p in parts.items()},
    }


@pytest.mark.parametrize("case", cases_in("values"))
def test_values(case: Case) -> None:
    """The loss and the gradients are those of the case, or they are refused as it says."""
    if case.expected.startswith("error: "):
        with pytest.raises(ValuesError) as error:
            derived(case.given)
        assert f"error: {error.value.message}".startswith(case.expected)
        assert error.value.exit_code == 2
        assert error.value.place == "values"
        assert error.value.remedy
        return
    found = derived(case.given)
    said = numbers(found)
    for line in case.expected.splitlines():
        if line.startswith("assumes "):
            assert line.removeprefix("assumes ") in found.premises
            continue
        match = re.fullmatch(r"(\w+) = (.*?)(?: to (\S+))?", line)
        assert match, line
        name, wanted, tolerance = match.groups()
        expected, value = np.array(json.loads(wanted), float), np.array(said[name], float)
        assert value.shape == expected.shape
        scale = 1.0 if tolerance else max(1.0, np.abs(expected).max())
        assert np.abs(value - expected).max() <= float(tolerance or EXACT) * scale, line


SOFTMAX = "z: input[4]\ny: onehot[4]\np = softmax(z)\nL = cross_entropy(p, y)"
SIGMOID = "z: input[4]\ny: target[4]\np = sigmoid(z)\nL = bce(p, y)"


@pytest.mark.parametrize("size", [1, 30, 300, 3000])
@pytest.mark.parametrize("text", [SOFTMAX, SIGMOID])
def test_losses_from_logits_beside_fifty_digits(text: str, size: float) -> None:
    """However far apart the logits lie, loss and gradients are those that mpmath finds."""
    random = np.random.default_rng(round(size))
    z, y = (random.uniform(-1, 1, 4) * size).round(3), [0.0, 1.0, 0.0, 0.0]
    said = numbers(derived(f"{text}\nat {json.dumps({'z': z.tolist(), 'y': y})}"))
    with mpmath.workdps(50):
        powers = [mpmath.exp(mpmath.mpf(value)) for value in z]
        total = mpmath.fsum(powers)
        if text is SOFTMAX:
            p = [power / total for power in powers]
            loss = -mpmath.log(p[1])
        else:
            p = [power / (1 + power) for power in powers]
            # 1 - p loses its digits where p is close to 1, with fifty of them too.
            loss = -mpmath.fsum(
                mpmath.log(a) if t else -mpmath.log(1 + power)
                for a, power, t in zip(p, powers, y, strict=True)
            )
        slopes = [float(a - t) for a, t in zip(p, y, strict=True)]
    assert said["L"] == pytest.approx(float(loss), rel=1e-12)
    np.testing.assert_allclose(said["z"], slopes, atol=1e-12)


def test_json_never_holds_what_json_does_not_have() -> None:
    """A NaN that came so far would be an error, and not a word that no reader knows."""
    found = derived(f'{SOFTMAX}\nat {{"z": [1, 2, 3, 4], "y": [1, 0, 0, 0]}}')
    broken = structs.replace(
        found, gradients=(structs.replace(found.gradients[0], value=[float("nan")]),)
    )
    for show in (derivation_json, derivation_text):
        with pytest.raises(ValueError, match="Out of range"):
            show(broken)


def test_a_gradient_that_disagrees_is_refused() -> None:
    """At given values too, a wrong rule of an op is found: by differences where both share it."""
    graph = read_network(Source("net", "x: input[3]\nL = sum(tanh(x))"))
    at = forward(graph, {"x": np.array([[0.5], [1.0], [2.0]])})
    case = given(graph, at, load_profile("base"))
    expr = read_expression("1 - tanh(x) ** 2", graph)
    prove_at(case, "x", expr)
    with pytest.raises(CertificateError, match="reverse mode"):
        prove_at(case, "x", 2 * expr)
    doubled = replace(case, reverse={"x": 2 * case.reverse["x"]})
    with pytest.raises(CertificateError, match="differences"):
        prove_at(doubled, "x", 2 * expr)
