import pytest
from sqlalchemy import select

from conftest import Visitor, posts_on
from microblog.extensions import db
from microblog.models import Post
from microblog.search import INDEX
from servers import free_port


def test_without_elasticsearch_search_says_that_it_is_off(somebody):
    somebody.post("something to find")
    page = somebody.get("/search?q=something")
    assert "Search is switched off on this server." in page
    assert somebody.client.get("/api/search?q=something").status_code == 404


def test_elasticsearch_away_keeps_nobody_from_posting(make_app):
    app = make_app(ELASTICSEARCH_URL=f"http://127.0.0.1:{free_port()}")
    visitor = Visitor(app.test_client())
    visitor.register("somebody")
    assert posts_on(visitor.post("still here")) == ["still here"]
    answer = visitor.client.get("/search?q=still")
    assert answer.status_code == 503
    assert "Search does not answer right now" in answer.get_data(as_text=True)
    assert visitor.client.get("/api/search?q=still").status_code == 503
    assert "The post is deleted." in visitor.send("/posts/1/delete")


def test_rebuild_needs_elasticsearch(app):
    result = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert result.exit_code == 1
    assert "search is off" in result.output


@pytest.fixture
def searching(make_app, elasticsearch_url):
    """An application with an empty index."""
    app = make_app(ELASTICSEARCH_URL=elasticsearch_url)
    client = app.extensions["post_index"]._client
    client.options(ignore_status=404).indices.delete(index=INDEX)
    return app


def refresh(app):
    app.extensions["post_index"]._client.indices.refresh(index=INDEX)


def test_posts_are_found_by_all_of_their_words(searching):
    visitor = Visitor(searching.test_client())
    assert "0 posts" in visitor.get("/search?q=nothing")
    visitor.register("somebody")
    visitor.post("The quick brown fox")
    visitor.post("A quick answer")
    visitor.post("Grüße aus Köln")
    refresh(searching)
    assert sorted(posts_on(visitor.get("/search?q=QUICK"))) == ["A quick answer", "The quick brown fox"]
    assert posts_on(visitor.get("/search?q=quick+fox")) == ["The quick brown fox"]
    assert posts_on(visitor.get("/search?q=köln")) == ["Grüße aus Köln"]
    assert posts_on(visitor.get("/search?q=wolf")) == []
    assert "1 post<" in visitor.get("/search?q=fox")
    assert visitor.client.get("/api/search?q=fox").json["posts"][0]["body"] == "The quick brown fox"
    assert visitor.client.get("/api/search").status_code == 400


def test_what_looks_like_a_query_is_text(searching):
    visitor = Visitor(searching.test_client())
    visitor.register("somebody")
    visitor.post("plain words")
    refresh(searching)
    for words in ("body:plain", '"plain', "plain AND (", "*", "<b>plain</b>", "%7B%22match_all%22%3A%7B%7D%7D"):
        answer = visitor.client.get("/search", query_string={"q": words})
        assert answer.status_code == 200
        assert "<b>plain</b>" not in answer.get_data(as_text=True)


def test_a_deleted_post_is_found_no_more(searching):
    visitor = Visitor(searching.test_client())
    visitor.register("somebody")
    visitor.post("to be deleted")
    refresh(searching)
    visitor.send("/posts/1/delete")
    refresh(searching)
    assert searching.extensions["post_index"].find("deleted", 0, 10) == ([], 0)


def test_pages_of_hits(searching):
    visitor = Visitor(searching.test_client())
    visitor.register("somebody")
    for number in range(12):
        visitor.post(f"number {number}")
    refresh(searching)
    seen = []
    for number in (1, 2, 3):
        page = visitor.get(f"/search?q=number&page={number}")
        seen += posts_on(page)
        assert ('rel="next"' in page) == (number < 3)
    assert sorted(seen) == sorted(f"number {number}" for number in range(12))


def test_rebuild_makes_up_for_what_was_missed(searching):
    visitor = Visitor(searching.test_client())
    visitor.register("somebody")
    for number in range(3):
        visitor.post(f"found again {number}")
    index = searching.extensions["post_index"]
    index._client.indices.delete(index=INDEX)
    result = searching.test_cli_runner().invoke(args=["search", "rebuild"])
    assert result.output == "3 posts indexed\n"
    assert len(posts_on(visitor.get("/search?q=again"))) == 3


def test_health_with_elasticsearch(searching):
    assert searching.test_client().get("/health").json["dependencies"]["elasticsearch"]["state"] == "up"


def test_a_row_that_is_gone_is_left_out(searching):
    visitor = Visitor(searching.test_client())
    visitor.register("somebody")
    visitor.post("in the index alone")
    refresh(searching)
    with searching.app_context():
        db.session.delete(db.session.scalar(select(Post)))
        db.session.commit()
    assert posts_on(visitor.get("/search?q=index")) == []
