"""Identities to prove: the softmax under a shift, the cross-entropy of a one-hot target."""

from exgen.asks.preset import preset

KEYS = ("identity", "shift", "direction", "letter")
KIND = preset(
    "identity_proof",
    "an identity to prove, line by line with reasons",
    options={**dict.fromkeys(KEYS, (str,)), "smoothing": (bool,)},
    slips=("forgot_share", "counted_twice"),
)
