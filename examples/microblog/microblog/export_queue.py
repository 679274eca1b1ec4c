"""The RQ queue of exports in Redis; without REDIS_URL it is off."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from microblog.models import Export

if TYPE_CHECKING:
    from redis import Redis
    from rq import Queue

QUEUE = "microblog-tasks"
JOB_SECONDS = 3600
KEEP_SECONDS = 24 * 3600


class QueueUnavailable(RuntimeError):
    """Redis did not answer in time."""


@dataclass(frozen=True)
class Progress:
    """How far an export is."""

    state: str
    """`waiting`, `running`, `finished`, `failed` or `unknown` (Redis does not answer)."""
    done: int = 0
    total: int = 0


class ExportQueue:
    """Hands exports to the workers and tells how far they are.

    :param url: Redis' address; empty switches exports off.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def enabled(self) -> bool:
        return bool(self.url)

    @cached_property
    def _redis(self) -> "Redis":
        # Redis and RQ take a fifth of a second to import: the first export pays it, not the start.
        from redis import Redis

        return Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=2)

    @cached_property
    def _queue(self) -> "Queue":
        from rq import Queue

        return Queue(QUEUE, connection=self._redis)

    def ping(self, timeout: float) -> None:
        """Return when Redis answers within `timeout` seconds.

        :raises QueueUnavailable: it does not.
        """
        from redis import Redis, RedisError

        try:
            with Redis.from_url(self.url, socket_connect_timeout=timeout, socket_timeout=timeout) as redis:
                redis.ping()
        except RedisError as error:
            raise QueueUnavailable(type(error).__name__) from error

    def enqueue(self, export: Export) -> None:
        """Hand an export to the workers; a job whose worker died is tried again, up to three times.

        :raises QueueUnavailable: Redis does not answer.
        """
        from redis import RedisError
        from rq import Retry

        try:
            self._queue.enqueue(
                "microblog.tasks.export_posts",
                export.id,
                job_id=export.id,
                job_timeout=JOB_SECONDS,
                result_ttl=KEEP_SECONDS,
                failure_ttl=KEEP_SECONDS,
                retry=Retry(max=3),
                description=f"export {export.id}",
            )
        except RedisError as error:
            raise QueueUnavailable(type(error).__name__) from error

    def progress(self, export: Export) -> Progress:
        """Tell how far an export is: the database knows of finished ones, Redis of all others."""
        if export.finished_at is not None:
            return Progress("finished", export.post_count or 0, export.post_count or 0)
        if not self.enabled:
            return Progress("unknown")

        from redis import RedisError
        from rq.exceptions import NoSuchJobError
        from rq.job import Job

        try:
            job = Job.fetch(export.id, connection=self._redis)
            status = str(job.get_status(refresh=False).value)
        except NoSuchJobError:
            return Progress("failed")
        except RedisError:
            return Progress("unknown")
        if status in ("failed", "stopped", "canceled"):
            return Progress("failed")
        state = "running" if status == "started" else "waiting"
        return Progress(state, job.meta.get("done", 0), job.meta.get("total", 0))
