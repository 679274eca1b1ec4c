"""A person's visit to a running Microblog: register, post, search, export. `python tests/visit.py URL`.

Also of use to other tests, which import `Person`.
"""

import argparse
import secrets
import sys
import time

import requests
from requests.adapters import HTTPAdapter


class Named(HTTPAdapter):
    """Speaks TLS with the server that has a certificate for `host`, whatever address it is asked at."""

    def __init__(self, host: str) -> None:
        self.host = host.partition(":")[0]
        super().__init__()

    def init_poolmanager(self, *arguments, **options) -> None:
        super().init_poolmanager(*arguments, **options, server_hostname=self.host, assert_hostname=self.host)


class Person:
    """Somebody with a browser.

    :param url: where Microblog is, such as `http://localhost:5000`.
    :param address: connect to this `host:port` instead and name the URL's host in the request.
    :param authority: path of the certificates (PEM) that are believed, where those are not the usual ones.
    """

    def __init__(self, url: str, address: str | None = None, authority: str | None = None) -> None:
        scheme, _, host = url.rstrip("/").partition("://")
        self.base = f"{scheme}://{address or host}"
        self.http = requests.Session()
        # Over HTTPS a form is taken from the site's own pages alone.
        self.http.headers["Referer"] = f"{scheme}://{host}/"
        if address:
            self.http.headers["Host"] = host
            self.http.mount("https://", Named(host))
        if authority:
            # Else REQUESTS_CA_BUNDLE would count over `verify`.
            self.http.trust_env = False
            self.http.verify = authority
        self.name = f"person-{secrets.token_hex(4)}"
        self.password = secrets.token_urlsafe(12)

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        answer = self.http.request(method, f"{self.base}{path}", timeout=30, **options)
        answer.raise_for_status()
        return answer

    def token(self) -> str:
        return self.call("GET", "/api/session").json()["csrf_token"]

    def _send(self, path: str, **fields: str) -> str:
        return self.call("POST", path, data={**fields, "csrf_token": self.token()}).text

    def register(self) -> None:
        email = f"{self.name}@example.org"
        self._send("/register", username=self.name, email=email, password=self.password, repeat=self.password)
        self.expect_session()

    def log_in(self) -> None:
        self._send("/login", username=self.name, password=self.password)
        self.expect_session()

    def expect_session(self) -> None:
        """:raises AssertionError: nobody, or somebody else, is logged in."""
        found = self.call("GET", "/api/session").json()["username"]
        assert found == self.name, f"expected to be logged in as {self.name}, found {found}"

    def post(self, body: str) -> int:
        """Write a post; returns its id."""
        document = self.call("POST", "/api/posts", json={"body": body}, headers={"X-CSRFToken": self.token()}).json()
        assert document["body"] == body
        return document["id"]

    def posts(self) -> list[str]:
        """All of this person's posts, the newest first."""
        path, bodies = f"/api/posts?author={self.name}", []
        while path:
            page = self.call("GET", path).json()
            bodies += [post["body"] for post in page["posts"]]
            path = page["next"]
        return bodies

    def find(self, words: str, seconds: float = 10) -> list[str]:
        """Search until something is found: Elasticsearch shows new documents after a second."""
        deadline = time.monotonic() + seconds
        while True:
            posts = self.call("GET", "/api/search", params={"q": words}).json()["posts"]
            if posts or time.monotonic() > deadline:
                return [post["body"] for post in posts]
            time.sleep(0.2)

    def start_export(self) -> dict:
        return self.call("POST", "/api/exports", headers={"X-CSRFToken": self.token()}).json()

    def export(self, seconds: float = 60) -> dict:
        """Export all posts, and return the file's content.

        :raises AssertionError: it failed, or was not finished in time.
        """
        export = self.start_export()
        deadline = time.monotonic() + seconds
        while export["state"] != "finished":
            assert export["state"] != "failed", f"export {export['id']} failed"
            assert time.monotonic() < deadline, f"export {export['id']} is {export['state']} after {seconds} s"
            time.sleep(0.2)
            export = self.call("GET", export["status_url"]).json()
        return self.call("GET", export["download_url"]).json()


def visit(person: Person) -> None:
    """Do what people do, and print how it went."""
    word = f"word{secrets.token_hex(4)}"
    bodies = [f"{word} number {number}" for number in range(1, 4)]
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.2f} s  {what}", flush=True)

    person.register()
    say(f"registered as {person.name}")
    for body in bodies:
        person.post(body)
    assert person.posts() == bodies[::-1], person.posts()
    say(f"posted {len(bodies)} times")
    assert person.find(f"{word} 2") == [bodies[1]], person.find(f"{word} 2")
    say("found a post")
    assert [post["body"] for post in person.export()["posts"]] == bodies
    say("exported all posts")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--address", help="host:port to connect to, where the URL's name does not resolve")
    arguments = parser.parse_args()
    try:
        visit(Person(arguments.url, arguments.address))
    except (AssertionError, requests.RequestException) as error:
        sys.exit(f"the visit failed: {error}")
