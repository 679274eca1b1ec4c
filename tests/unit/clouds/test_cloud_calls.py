"""Calls to an API that asks to wait, fails for a moment, or refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.cloud_calls import Calls, seconds_of
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import (
    MISSING,
    RATE,
    REFUSED,
    RIGHTS,
    TEMPORARY,
    CloudError,
)


class Api:
    """Answers with the given errors, one a call, then with `done`; `pauses` are the waits in between."""

    def __init__(self, *errors: CloudError) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.pauses: list[float] = []
        self.said: list[str] = []
        self.call = Calls(self._translate, self.said.append, self.pauses.append)

    @staticmethod
    def _translate(error: Exception) -> CloudError | None:
        return error if isinstance(error, CloudError) else None

    def ask(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def raises(call: Callable[[], object]) -> CloudError:
    with pytest.raises(CloudError) as caught:
        call()
    return caught.value


def test_a_rate_limit_is_waited_for_as_it_says() -> None:
    api = Api(CloudError("too many requests", RATE, 7.0))
    assert api.call(api.ask) == "done"
    assert api.pauses == [7.0] and api.said == ["too many requests; going on in 7 s"]


def test_a_rate_limit_is_waited_for_where_a_call_must_not_happen_twice() -> None:
    api = Api(CloudError("too many requests", RATE, 2.0))
    assert api.call.once(api.ask) == "done"


def test_what_a_token_may_not_see_it_has_not_made() -> None:
    assert Api().call.if_allowed(lambda: ["volume"], []) == ["volume"]
    api = Api(CloudError("lacks a right", RIGHTS))
    assert api.call.if_allowed(lambda: api.call(api.ask), "none") == "none"
    refused = Api(CloudError("no", REFUSED))
    assert raises(lambda: refused.call.if_allowed(lambda: refused.call(refused.ask), "none")).kind == REFUSED


def test_what_is_gone_already_is_removed() -> None:
    api = Api(CloudError("no such droplet", MISSING))
    api.call.remove(api.ask)
    assert api.calls == 1
    refused = Api(CloudError("is attached", REFUSED))
    assert raises(lambda: refused.call.remove(refused.ask)).message == "is attached"


def test_a_moment_s_failure_is_tried_again() -> None:
    api = Api(*(CloudError("502", TEMPORARY) for _ in range(3)))
    assert api.call(api.ask) == "done" and api.pauses == [1.0, 2.0, 4.0]


def test_a_lost_answer_is_not_asked_for_again() -> None:
    api = Api(CloudError("reset", TEMPORARY))
    assert raises(lambda: api.call.once(api.ask)).kind == TEMPORARY
    assert api.calls == 1


def test_a_refusal_is_told_at_once() -> None:
    api = Api(CloudError("no such size", REFUSED))
    assert raises(lambda: api.call(api.ask)).message == "no such size"
    assert api.calls == 1


def test_it_does_not_go_on_for_ever() -> None:
    api = Api(*(CloudError("502", TEMPORARY) for _ in range(50)))
    raises(lambda: api.call(api.ask))
    assert api.calls == 6
    api = Api(*(CloudError("wait", RATE, 100.0) for _ in range(50)))
    raises(lambda: api.call(api.ask))
    assert sum(api.pauses) <= 300


def test_an_error_of_ours_is_no_answer_of_theirs() -> None:
    api = Api()
    with pytest.raises(ZeroDivisionError):
        api.call(lambda: 1 / 0)


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), (None, 0.0), ("", 0.0), ("Wed, 21 Oct 2026", 0.0)])
def test_retry_after(header: str | None, seconds: float) -> None:
    assert seconds_of(header) == seconds
