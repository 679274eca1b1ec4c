"""The table of docs/security.md counts what a container lacks apart, and no more than that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audits.page import lynis_of_a_machine

FIGURES: dict[str, Any] = {
    "lynis_points": [200, 250],
    "lynis_missing": {"MACF-6290 a MAC framework": 1, "ACCT-9628 auditd": 1, "KRNL-6000 sysctl": 9},
    # Two of the role's that are the host's, one of the role's that is the container's own, two that nobody sets.
    "lynis_sysctl": [
        "kernel.sysrq",
        "kernel.kptr_restrict",
        "net.ipv4.conf.all.rp_filter",
        "kernel.modules_disabled",
        "net.ipv4.conf.all.forwarding",
    ],
}


@pytest.mark.parametrize(("label", "left_out"), [("bare", 1), ("now", 3), ("strict", 4)])
def test_what_a_container_lacks_is_left_out_of_the_index(label: str, left_out: int) -> None:
    assert lynis_of_a_machine(label, FIGURES) == 200 * 100 // (250 - left_out)
