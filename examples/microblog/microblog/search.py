"""Full-text search of posts in Elasticsearch; without ELASTICSEARCH_URL it is off."""

import logging
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from microblog.models import Post

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

log = logging.getLogger(__name__)

INDEX = "posts"
MAPPINGS = {
    "dynamic": "strict",
    "properties": {
        "body": {"type": "text", "analyzer": "standard"},
        "author": {"type": "keyword"},
        "created_at": {"type": "date"},
    },
}
# One node or several: a copy is kept as soon as there is a second node.
INDEX_SETTINGS = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}


class SearchUnavailable(RuntimeError):
    """Elasticsearch did not answer in time, or could not serve the request."""


def _document(post: Post) -> dict[str, Any]:
    return {"body": post.body, "author": post.author.username, "created_at": post.created_at.isoformat() + "Z"}


class PostIndex:
    """The index of all posts.

    :param url: Elasticsearch's address; empty switches search off.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._exists = False

    @property
    def enabled(self) -> bool:
        return bool(self.url)

    @cached_property
    def _client(self) -> "Elasticsearch":
        # The client takes a fifth of a second to import: the first search pays it, not the start.
        from elasticsearch import Elasticsearch

        return Elasticsearch(self.url, request_timeout=2, max_retries=0)

    def ping(self, timeout: float) -> None:
        """Return when Elasticsearch answers within `timeout` seconds.

        :raises SearchUnavailable: it does not.
        """
        self._call(lambda: self._client.options(request_timeout=timeout).info())

    def add(self, post: Post) -> bool:
        """Index a post; a failure is logged and must not keep anyone from posting.

        :returns: whether the post can be found now (`flask search rebuild` makes up for it later).
        """
        if not self.enabled:
            return False
        try:
            self._ensure_index()
            self._call(lambda: self._client.index(index=INDEX, id=str(post.id), document=_document(post)))
        except SearchUnavailable as error:
            log.warning("post %s was not indexed (%s); `flask search rebuild` makes up for it", post.id, error)
            return False
        return True

    def remove(self, post_id: int) -> None:
        """Take a post out of the index, if it is there."""
        if not self.enabled:
            return
        try:
            self._call(lambda: self._client.options(ignore_status=404).delete(index=INDEX, id=str(post_id)))
        except SearchUnavailable as error:
            log.warning("post %s is still in the index (%s); search leaves it out all the same", post_id, error)

    def find(self, words: str, first: int, count: int) -> tuple[list[int], int]:
        """Find the posts that hold all of the words, the best first.

        :param first: how many hits to pass over.
        :param count: how many hits to return at most.
        :returns: the posts' ids, and the number of hits in all.
        :raises SearchUnavailable: Elasticsearch does not answer.
        """
        answer = self._call(
            lambda: self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"match": {"body": {"query": words, "operator": "and"}}},
                sort=["_score", {"created_at": {"order": "desc", "unmapped_type": "date"}}],
                from_=first,
                size=count,
                source=False,
            )
        )
        hits = answer["hits"]
        return [int(hit["_id"]) for hit in hits["hits"]], hits["total"]["value"]

    def rebuild(self, posts: Iterable[Post]) -> int:
        """Index all the posts anew.

        :returns: how many were indexed.
        :raises SearchUnavailable: Elasticsearch does not answer.
        """
        from elasticsearch.helpers import streaming_bulk

        def actions() -> Iterator[dict[str, Any]]:
            for post in posts:
                yield {"_index": INDEX, "_id": str(post.id), "_source": _document(post)}

        patient = self._client.options(request_timeout=30)
        self._call(lambda: patient.options(ignore_status=404).indices.delete(index=INDEX))
        self._exists = False
        self._ensure_index()
        return self._call(lambda: sum(1 for _ in streaming_bulk(patient, actions(), chunk_size=500, refresh=True)))

    def _ensure_index(self) -> None:
        if self._exists:
            return
        create = self._client.options(ignore_status=400, request_timeout=10).indices.create
        # Status 400 is "it exists already", which another process may have seen to a moment ago.
        self._call(lambda: create(index=INDEX, mappings=MAPPINGS, settings=INDEX_SETTINGS))
        self._exists = True

    @staticmethod
    def _call(request: Any) -> Any:
        from elasticsearch import ApiError, TransportError

        try:
            return request()
        except (ApiError, TransportError) as error:
            raise SearchUnavailable(type(error).__name__) from error
