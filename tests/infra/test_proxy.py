"""The application through the proxy, as its users reach it, and each of its web containers by itself."""

import pytest
from checks import each, expect, inspected, require, the_world

WORLD = the_world()
WANTED, FACTS = WORLD.expectation, WORLD.facts

if not WANTED["has_web"]:
    pytest.skip("no web process on this host", allow_module_level=True)

DOMAINS, SENT_ON = WANTED["domains"], WANTED["redirects"]
TLS = WANTED["proxy"]["tls"]
REDIRECTS = (301, 302, 307, 308)


def _said(answer):
    return answer["error"] or f"{answer['status']} {answer['body'][:200]}".strip()


def _serves(answer, what):
    if FACTS["state"]["maintenance"]:
        require(
            answer["status"] == 503 and "retry-after" in answer["headers"],
            "503 with Retry-After, since maintenance is on",
            _said(answer),
            what,
        )
    else:
        require(200 <= answer["status"] < 300, "an answer of 200", _said(answer), what)


@each("domain", DOMAINS)
def test_domain_answers(domain):
    kind = "http" if TLS == "off" else "https"
    _serves(FACTS["answers"][domain][kind], f"{kind}://{domain}{WANTED['health']}")


@each("domain", SENT_ON)
def test_domain_sends_on_to_the_first(domain):
    kind = "http" if TLS == "off" else "https"
    answer = FACTS["answers"][domain][kind]
    there = answer["headers"].get("location", "").startswith(f"{kind}://{DOMAINS[0]}")
    require(answer["status"] in REDIRECTS and there, f"a redirect to {DOMAINS[0]}", _said(answer), f"{kind}://{domain}")


@pytest.mark.skipif(TLS == "off", reason="HTTPS is off")
@each("domain", [*DOMAINS, *SENT_ON])
def test_http_sends_on_to_https(domain):
    answer = FACTS["answers"][domain]["http"]
    there = answer["headers"].get("location", "").startswith("https://")
    require(answer["status"] in REDIRECTS and there, "a redirect to https", _said(answer), f"http://{domain}")


def test_unknown_host_is_not_found():
    answer = next(found["http"] for name, found in FACTS["answers"].items() if name not in (*DOMAINS, *SENT_ON))
    require(answer["status"] == 404, "404", _said(answer), "a host name of no application")


@each("container", WORLD.web)
def test_answers_by_itself(container):
    inspected(container)
    answer = FACTS["direct"].get(container.container) or {"status": 0, "error": "it does not run", "body": ""}
    require(200 <= answer["status"] < 300, "an answer of 200", _said(answer), f"{container.name}{WANTED['health']}")


@pytest.mark.skipif(WORLD.releasing, reason="it is the release that is verified now")
def test_site_is_as_the_inventory_says():
    text = "the stamp of today's domains and proxy settings (playbooks/deploy.yml applies them)"
    require(FACTS["state"]["site"] == WANTED["site"], text, "another" if FACTS["state"]["site"] else "none")


def test_proxy_adds_no_error_of_its_own():
    answers = [found["http"]["status"] for name, found in FACTS["answers"].items() if name in DOMAINS]
    expect([status for status in answers if status in (502, 504)], [])
