import pytest

from conftest import Visitor, posts_on
from microblog.models import POST_LENGTH


def test_a_post_appears_for_everyone(app, somebody):
    somebody.post("Good morning, world")
    stranger = Visitor(app.test_client())
    for path in ("/", "/people/somebody"):
        assert posts_on(stranger.get(path)) == ["Good morning, world"]


def test_html_in_a_post_is_text(somebody):
    page = somebody.post("<script>alert('x')</script> & <b>bold</b>")
    assert "<script>alert" not in page
    assert posts_on(page) == ["&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;"]


def test_pages_run_no_scripts_but_our_own(visitor):
    policy = visitor.client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("body", ["", "   \n ", "x" * (POST_LENGTH + 1)])
def test_empty_and_overlong_posts_are_refused(somebody, body):
    page = somebody.post(body)
    assert '<span class="error">' in page
    assert posts_on(somebody.get("/")) == []


def test_the_longest_post_fits_with_its_line_ends(somebody):
    body = "ü\r\n" * (POST_LENGTH // 2 - 1) + "🙂🙂"
    assert posts_on(somebody.post(body)) == [body.replace("\r\n", "\n")]


def test_posting_wants_a_login(visitor):
    page = visitor.post("Hello")
    assert "Please log in first." in page
    assert posts_on(visitor.get("/")) == []


def test_pages_of_posts(somebody):
    for number in range(1, 13):
        somebody.post(f"post {number}")
    seen = []
    path = "/"
    pages = 0
    while path:
        page = somebody.get(path)
        seen += posts_on(page)
        pages += 1
        path = page.split('<a rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else None
        assert ('rel="first"' in page) == (pages > 1)
    assert pages == 3
    assert seen == [f"post {number}" for number in range(12, 0, -1)]


def test_a_full_last_page_leads_no_further(somebody):
    for number in range(5):
        somebody.post(f"post {number}")
    assert 'rel="next"' not in somebody.get("/")


def test_new_posts_shift_no_page(somebody):
    for number in range(1, 8):
        somebody.post(f"post {number}")
    older = somebody.get("/").split('<a rel="next" href="')[1].split('"')[0]
    before = posts_on(somebody.get(older))
    somebody.post("one more")
    assert posts_on(somebody.get(older)) == before == ["post 2", "post 1"]


def test_a_persons_page_has_their_posts_alone(app, somebody):
    somebody.post("mine")
    other = Visitor(app.test_client())
    other.register("other")
    other.post("theirs")
    assert posts_on(somebody.get("/people/somebody")) == ["mine"]
    assert posts_on(somebody.get("/")) == ["theirs", "mine"]
    assert somebody.client.get("/people/nobody").status_code == 404


def test_deleting_ones_own_post_but_no_other(app, somebody):
    somebody.post("to be kept")
    somebody.post("to be deleted")
    other = Visitor(app.test_client())
    other.register("other")
    assert "Delete" not in other.get("/")
    assert "somebody else" in other.send("/posts/2/delete")
    assert "The post is deleted." in somebody.send("/posts/2/delete", next="/people/somebody")
    assert posts_on(somebody.get("/")) == ["to be kept"]


def test_api_lists_and_adds_posts(somebody):
    client = somebody.client
    for number in range(1, 8):
        answer = client.post("/api/posts", json={"body": f"post {number}"}, headers={"X-CSRFToken": somebody.token()})
        assert answer.status_code == 201
        assert answer.json["author"] == "somebody"
    first = client.get("/api/posts").json
    assert [post["body"] for post in first["posts"]] == ["post 7", "post 6", "post 5", "post 4", "post 3"]
    second = client.get(first["next"]).json
    assert [post["body"] for post in second["posts"]] == ["post 2", "post 1"]
    assert second["next"] is None
    assert client.get("/api/posts?author=nobody").status_code == 404


@pytest.mark.parametrize("document", [{}, {"body": ""}, {"body": 7}, ["body"], {"body": "x" * 501}])
def test_api_refuses_what_is_no_post(somebody, document):
    answer = somebody.client.post("/api/posts", json=document, headers={"X-CSRFToken": somebody.token()})
    assert answer.status_code == 400
    assert answer.json == {"error": "body: expected a text of 1 to 500 characters"}


def test_api_wants_a_login_and_a_token(app, somebody):
    stranger = Visitor(app.test_client())
    answer = stranger.client.post("/api/posts", json={"body": "x"}, headers={"X-CSRFToken": stranger.token()})
    assert (answer.status_code, answer.json) == (401, {"error": "log in first"})
    answer = somebody.client.post("/api/posts", json={"body": "x"})
    assert answer.status_code == 400
    assert "CSRF" in answer.json["error"]
