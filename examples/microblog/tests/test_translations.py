import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from babel.messages import pofile
from babel.messages.frontend import CommandLineInterface

from conftest import ROOT, Visitor


def test_the_browsers_language_is_spoken(app):
    assert "Anmelden" in Visitor(app.test_client(), "de-DE,de;q=0.9,en;q=0.8").get("/")
    assert "Log in" in Visitor(app.test_client(), "fr,en;q=0.5").get("/")


def test_a_chosen_language_stays(visitor):
    page = visitor.send("/language/de", next="/login")
    assert '<html lang="de">' in page
    assert "<h1>Anmelden</h1>" in page
    assert "Willkommen, somebody!" in visitor.register("somebody")
    assert '<html lang="en">' in visitor.send("/language/en", next="/")


def test_messages_of_forms_are_translated(app):
    visitor = Visitor(app.test_client(), "de")
    page = visitor.send("/register", username="a", email="a@example.org", password="x" * 10, repeat="y" * 10)
    assert "3 bis 32 Buchstaben" in page
    assert "Die Passwörter sind verschieden." in page


def test_numbers_have_their_plural(app):
    from flask_babel import force_locale, ngettext

    with app.test_request_context():
        for language, one, two in (("en", "1 post", "2 posts"), ("de", "1 Beitrag", "2 Beiträge")):
            with force_locale(language):
                assert ngettext("%(num)s post", "%(num)s posts", 1) == one
                assert ngettext("%(num)s post", "%(num)s posts", 2) == two


def test_an_unknown_language_is_not_found(visitor):
    assert visitor.client.post("/language/xx", data={"csrf_token": visitor.token()}).status_code == 404


def test_every_text_is_translated(tmp_path, monkeypatch):
    template = tmp_path / "messages.pot"
    monkeypatch.chdir(ROOT)
    command = ["pybabel", "--quiet", "extract", "--mapping-file", "babel.cfg", "--keywords", "lazy_gettext"]
    CommandLineInterface().run([*command, "--output-file", str(template), "."])
    with template.open("rb") as file:
        wanted = {message.id for message in pofile.read_po(file) if message.id}
    with (ROOT / "microblog/translations/de/LC_MESSAGES/messages.po").open("rb") as file:
        german = {message.id: message for message in pofile.read_po(file, locale="de") if message.id}
    assert wanted == set(german)
    for message in german.values():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        assert not list(message.check()), message.id


class TranslatorStandIn(BaseHTTPRequestHandler):
    """Speaks the part of the Translator's protocol that is used; the real one cannot be had without a subscription."""

    def do_POST(self):
        [document] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Ocp-Apim-Subscription-Key"] != "right key":
            self.send_error(401)
            return
        language = self.path.rpartition("to=")[2]
        answer = json.dumps([{"translations": [{"text": f"{language}: {document['Text']}", "to": language}]}]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def translator_url():
    server = HTTPServer(("127.0.0.1", 0), TranslatorStandIn)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("key", "status"), [("right key", 200), ("wrong key", 503)])
def test_posts_are_translated_on_demand(make_app, translator_url, key, status):
    app = make_app(MS_TRANSLATOR_KEY=key, MS_TRANSLATOR_URL=translator_url)
    visitor = Visitor(app.test_client(), "de")
    visitor.register("somebody")
    assert "Übersetzen" in visitor.post("Good morning")
    headers = {"X-CSRFToken": visitor.token(), "Accept-Language": "de"}
    answer = visitor.client.post("/posts/1/translation", headers=headers)
    assert answer.status_code == status
    expected = {"text": "de: Good morning"} if status == 200 else {"error": "Der Übersetzer antwortet nicht."}
    assert answer.json == expected


def test_without_a_key_no_translation_is_offered(somebody):
    assert "Translate" not in somebody.post("Good morning")
    assert somebody.client.post("/posts/1/translation", headers={"X-CSRFToken": somebody.token()}).status_code == 404
