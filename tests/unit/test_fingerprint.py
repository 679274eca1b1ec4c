"""Fingerprints tell whether two wanted states are the same, and give no secret away."""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.fingerprint import fingerprint, secrets_fingerprint
from hypothesis import given, settings
from hypothesis import strategies as st

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


def turned(value: Any) -> Any:
    """The same value with the keys of each mapping in another order."""
    if isinstance(value, dict):
        return {key: turned(item) for key, item in reversed(value.items())}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(TREES)
def test_the_order_of_keys_does_not_matter(value: Any) -> None:
    assert fingerprint(value) == fingerprint(turned(value))
    assert len(fingerprint(value)) == 16


@given(TREES, TREES)
def test_different_values_differ(one: Any, two: Any) -> None:
    assert (fingerprint(one) == fingerprint(two)) == (repr(turned(one)) == repr(turned(two)) or _same(one, two))


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_same, one, two))
    return type(one) is type(two) and one == two


def test_the_order_of_a_list_matters() -> None:
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])


@settings(max_examples=5)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=20), min_size=1, max_size=4))
def test_each_secret_counts_and_their_order_does_not(secrets: dict[str, str]) -> None:
    before = secrets_fingerprint("shop", secrets)
    assert before == secrets_fingerprint("shop", dict(reversed(secrets.items())))
    name = next(iter(secrets))
    assert before != secrets_fingerprint("shop", secrets | {name: secrets[name] + "x"})
    assert before != secrets_fingerprint("another", secrets)


def test_a_secret_cannot_be_guessed_by_a_plain_hash() -> None:
    text = '{"PIN":"1234"}'
    found = secrets_fingerprint("shop", {"PIN": "1234"})
    plain = [hashlib.new(name, text.encode()).hexdigest() for name in ("md5", "sha1", "sha256")]
    assert not [digest for digest in plain if found in digest]
    assert secrets_fingerprint("shop", {}) == "none"
