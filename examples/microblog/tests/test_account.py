import re

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from conftest import PASSWORD, Visitor
from microblog.extensions import db
from microblog.models import User
from microblog.views.targets import local_target
from servers import free_port


def test_register_log_out_and_log_in(visitor):
    page = visitor.register("somebody")
    assert "Welcome, somebody!" in page
    assert "Log out" in page

    page = visitor.log_out()
    assert "You are logged out." in page
    assert "Log out" not in page

    assert "Log out" in visitor.log_in("somebody")


def test_names_are_not_case_sensitive(visitor):
    visitor.register("Somebody")
    visitor.log_out()
    assert "Log out" in visitor.log_in("SOMEBODY")


def test_wrong_password_and_unknown_name_get_the_same_answer(somebody):
    somebody.log_out()
    for name, password in (("somebody", "wrong password"), ("nobody", PASSWORD)):
        page = somebody.log_in(name, password)
        assert "Name or password is wrong." in page
        assert "Log out" not in page


def test_passwords_are_stored_as_hashes(app, somebody):
    with app.app_context():
        user = db.session.get(User, 1)
        assert user.password_hash.startswith("scrypt:")
        assert PASSWORD not in user.password_hash
        assert user.has_password(PASSWORD)
        assert not user.has_password("wrong password")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"username": "a"}, "3 to 32 letters"),
        ({"username": "two words"}, "3 to 32 letters"),
        ({"username": "<b>bold</b>"}, "3 to 32 letters"),
        ({"email": "nowhere"}, "no e-mail address"),
        ({"password": "short", "repeat": "short"}, "between 10 and 200"),
        ({"repeat": "something else"}, "The passwords differ."),
    ],
)
def test_registration_refuses(visitor, change, message):
    fields = {"username": "somebody", "email": "a@example.org", "password": PASSWORD, "repeat": PASSWORD}
    page = visitor.send("/register", **(fields | change))
    assert message in page
    assert "Log out" not in page


def test_a_name_can_be_had_once(app, somebody):
    other = Visitor(app.test_client())
    page = other.register("somebody")
    assert "is taken" in page
    assert "Log out" not in page


def test_forms_want_a_csrf_token(app):
    app.test_client().get("/")
    answer = app.test_client().post("/register", data={"username": "somebody"})
    assert answer.status_code == 400
    assert "This page has grown old" in answer.get_data(as_text=True)


def test_login_leads_back_to_the_page_that_asked_for_it(somebody):
    somebody.log_out()
    answer = somebody.client.get("/exports")
    assert answer.location == "/login?next=/exports"
    page = somebody.send("/login?next=/exports", username="somebody", password=PASSWORD)
    assert "<h1>Export</h1>" in page


@pytest.mark.parametrize(
    "target", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)", "", None]
)
def test_login_leads_to_no_other_site(target):
    assert local_target(target, "/home") == "/home"


def test_a_path_of_this_site_is_a_target():
    assert local_target("/search?q=a&page=2", "/home") == "/search?q=a&page=2"


def test_the_cookie_is_secure_on_https_alone(app):
    plain = app.test_client().get("/").headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    encrypted = app.test_client().get("/", headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    assert "Secure" in encrypted


class Mailbox(Message):
    """Keeps what the mail server receives."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def handle_message(self, message):
        self.messages.append(message)


@pytest.fixture
def mailbox():
    box = Mailbox()
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def test_a_forgotten_password_is_replaced_by_mail(make_app, mailbox):
    app = make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(mailbox.port), MAIL_SENDER="blog@example.org")
    visitor = Visitor(app.test_client())
    visitor.register("somebody")
    visitor.log_out()
    assert "Forgotten?" in visitor.get("/login")

    assert "a mail is on its way" in visitor.send("/forgotten", email="nobody@example.org")
    assert mailbox.messages == []
    assert "a mail is on its way" in visitor.send("/forgotten", email="somebody@example.org")
    [message] = mailbox.messages
    assert message["To"] == "somebody@example.org"
    assert message["From"] == "blog@example.org"
    path = re.search(r"http://localhost(/reset/\S+)", message.get_payload(decode=True).decode()).group(1)

    new = "another long password"
    assert "Your password is changed." in visitor.send(path, password=new, repeat=new)
    assert "Name or password is wrong." in visitor.log_in("somebody")
    assert "Log out" in visitor.log_in("somebody", new)
    visitor.log_out()
    assert "not valid any more" in visitor.get(path)


def test_a_forged_link_changes_nothing(somebody):
    assert "not valid any more" in somebody.get("/reset/WzEsImFiYyJd.aaaa.bbbb")


def test_without_a_mail_server_no_mail_is_offered(somebody):
    somebody.log_out()
    assert "Forgotten?" not in somebody.get("/login")
    assert somebody.client.get("/forgotten").status_code == 404


def test_a_mail_server_that_is_away_is_told(make_app):
    app = make_app(MAIL_SERVER="127.0.0.1", MAIL_PORT="9")
    visitor = Visitor(app.test_client())
    visitor.register("somebody")
    visitor.log_out()
    assert "No mail can be sent right now" in visitor.send("/forgotten", email="somebody@example.org")
