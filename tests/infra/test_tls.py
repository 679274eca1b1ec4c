"""Each domain's certificate, and what it is shown over. A release leaves these out: a certificate that was not renewed
is no fault of it.
"""

import pytest
from checks import each, expect, require, show, the_world

WORLD = the_world()
WANTED, FACTS = WORLD.expectation, WORLD.facts
CERTIFICATES = FACTS["certificates"]
NAMES = sorted(CERTIFICATES)

if not NAMES:
    pytest.skip("no certificate is shown here", allow_module_level=True)

HEADERS = WANTED["hardening"]["headers"]
# It is renewed when a third of its life is left; with less, that has failed for a while.
LEAST_SHARE = 0.2


def _shown(name):
    found = CERTIFICATES[name]
    require(not found["error"], "a certificate that visitors trust", found["error"], f"https://{name}")
    return found


@each("name", NAMES)
def test_certificate_is_trusted(name):
    _shown(name)


@each("name", NAMES)
def test_certificate_is_renewed_in_time(name):
    found = _shown(name)
    if found["days"] is None:
        pytest.skip("an authority of the proxy's own")
    share = found["days"] / max(found["lifetime"], 1e-6)
    text = f"{LEAST_SHARE:.0%} of its life left: `docker logs slipway-proxy` tells why it was not renewed"
    left = f"{found['days']:.0f} days" if found["days"] >= 2 else f"{found['days'] * 24:.1f} hours"
    require(share >= LEAST_SHARE, f"at least {text}", f"{left} left, by {found['issuer']}", f"https://{name}")


@each("name", NAMES)
def test_speaks_today_s_tls(name):
    expect(_shown(name)["version"], "TLSv1.3", f"https://{name}")


@each("name", NAMES)
def test_speaks_no_old_tls(name):
    expect(show(_shown(name)["old"]), "none", f"old versions of TLS at https://{name}")


@each("name", NAMES)
def test_speaks_http_2(name):
    expect(_shown(name)["protocol"], "h2", f"https://{name}")


@each("name", NAMES)
def test_tells_of_http_3(name):
    answer = FACTS["answers"][name].get("https") or {"headers": {}}
    found = answer["headers"].get("alt-svc", "")
    require("h3=" in found, "a header Alt-Svc that names h3", show(found), f"https://{name}")


@each("header", sorted(HEADERS))
@each("name", NAMES)
def test_sends_header(name, header):
    answer = FACTS["answers"][name].get("https") or {"headers": {}}
    found = answer["headers"].get(header.lower(), "")
    # The application may know better, and then its own value counts.
    require(bool(found), f"{header}: {HEADERS[header]}", "no such header", f"https://{name}")
