"""What `fab certificates` shows of a certificate."""

from __future__ import annotations

import datetime

from cryptography.hazmat.primitives import serialization

from day_two.certificates import served
from tests.unit.tls.authority import DAY, NOW, issue


def answer(**certificates: str) -> dict[str, object]:
    return {"tls": "automatic", "certificates": certificates}


def hexadecimal(ends: float) -> str:
    leaf = issue("shop", "shop.example.com", by=issue("Test root"), begins=-90, ends=ends).certificate
    return leaf.public_bytes(serialization.Encoding.DER).hex()


def test_days_that_are_left() -> None:
    (found,) = served(answer(shop=hexadecimal(ends=30)))
    domain, issuer, ends, days, digest = found.row(NOW)
    assert (domain, issuer, days) == ("shop", "Test root", "30")
    assert ends == f"{NOW + 30 * DAY:%Y-%m-%d %H:%M}"
    assert len(digest) == 16


def test_expired() -> None:
    (found,) = served(answer(shop=hexadecimal(ends=-1)))
    assert found.row(datetime.datetime.now(datetime.UTC))[3] == "expired"


def test_none_yet() -> None:
    (found,) = served(answer(shop=""))
    assert found.row(NOW)[:2] == ("shop", "none yet")
