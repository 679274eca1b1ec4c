import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import insert

from conftest import ROOT, Visitor
from microblog.extensions import db
from microblog.models import Post, User
from servers import free_port, wait_until


def test_without_redis_exports_say_that_they_are_off(somebody):
    page = somebody.get("/exports")
    assert "Exports are switched off on this server." in page
    assert "Start an export" not in page
    assert somebody.client.post("/exports", data={"csrf_token": somebody.token()}).status_code == 404


def test_redis_away_is_told_and_leaves_nothing_behind(make_app):
    app = make_app(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    visitor = Visitor(app.test_client())
    visitor.register("somebody")
    page = visitor.send("/exports")
    assert "Exports cannot be started right now" in page
    assert 'class="card export"' not in page


@pytest.fixture
def settings(tmp_path, redis):
    """Settings for an application and a worker that are processes of their own."""
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/microblog.db", "REDIS_URL": redis.url}


@pytest.fixture
def exporting(make_app, settings):
    return make_app(**settings)


@pytest.fixture
def work(settings):
    """A starter of workers: the very command that a server runs, in a process of its own."""
    workers = []

    def start(*options, **environment):
        code = "from rq.cli import main; main()"
        command = [sys.executable, "-c", code, "worker", "--url", settings["REDIS_URL"], *options, "microblog-tasks"]
        surroundings = {**os.environ, **settings, "SECRET_KEY": "tests", **environment}
        worker = subprocess.Popen(command, cwd=ROOT, env=surroundings, stderr=subprocess.DEVNULL)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait(10)


def write_posts(app, count):
    with app.app_context():
        db.session.execute(insert(Post), [{"author_id": 1, "body": f"Beitrag {n} 🙂"} for n in range(count)])
        db.session.commit()


def status(visitor, export):
    return visitor.client.get(export["status_url"]).json


def request_export(visitor):
    answer = visitor.client.post("/api/exports", headers={"X-CSRFToken": visitor.token()})
    assert answer.status_code == 202
    return answer.json


@pytest.fixture
def author(exporting):
    visitor = Visitor(exporting.test_client())
    visitor.register("author")
    return visitor


def test_an_export_from_the_button_to_the_file(exporting, author, work):
    write_posts(exporting, 250)
    page = author.send("/exports")
    assert 'data-state="waiting"' in page
    url = page.split('data-url="')[1].split('"')[0]
    assert author.client.get(url.replace("status", "download")).status_code == 404

    work("--burst").wait(30)
    found = author.client.get(url).json
    assert (found["state"], found["done"], found["total"], found["attempts"]) == ("finished", 250, 250, 1)
    assert found["download_url"] in author.get("/exports")

    answer = author.client.get(found["download_url"])
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="microblog-author-')
    document = json.loads(answer.data)
    assert document["username"] == "author"
    assert [post["body"] for post in document["posts"]] == [f"Beitrag {n} 🙂" for n in range(250)]


def test_progress_is_visible_while_a_worker_is_at_it(exporting, author, work):
    write_posts(exporting, 30)
    export = request_export(author)
    work(EXPORT_POSTS_PER_SECOND="20")
    seen = set()

    def finished():
        now = status(author, export)
        seen.add((now["state"], now["done"]))
        return now["state"] == "finished"

    wait_until(finished, 20, "the export is finished")
    running = [done for state, done in sorted(seen) if state == "running"]
    assert len(running) >= 3
    assert all(0 <= done <= 30 for done in running)


def test_a_worker_that_is_told_to_stop_finishes_its_job(exporting, author, work):
    write_posts(exporting, 20)
    export = request_export(author)
    worker = work(EXPORT_POSTS_PER_SECOND="10")
    wait_until(lambda: status(author, export)["done"] > 0, 20, "the export is running")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert status(author, export)["state"] == "finished"
    assert status(author, export)["attempts"] == 1


def test_an_export_whose_worker_was_killed_begins_anew(exporting, author, work, redis):
    from redis import Redis

    write_posts(exporting, 20)
    export = request_export(author)
    worker = work(EXPORT_POSTS_PER_SECOND="5")
    wait_until(lambda: status(author, export)["done"] > 0, 20, "the export is running")
    horses = subprocess.run(["ps", "-o", "pid=", "--ppid", str(worker.pid)], capture_output=True, text=True)
    worker.kill()
    for horse in horses.stdout.split():
        os.kill(int(horse), signal.SIGKILL)

    # RQ gives a job up when its worker has been silent for 90 s; the test does not wait that long.
    connection = Redis.from_url(redis.url)
    [(member, _)] = connection.zrange("rq:wip:microblog-tasks", 0, -1, withscores=True)
    connection.zadd("rq:wip:microblog-tasks", {member: time.time() - 1})
    work("--burst").wait(30)
    found = status(author, export)
    assert (found["state"], found["done"], found["attempts"]) == ("finished", 20, 2)


def test_nobody_else_sees_an_export(exporting, author):
    export = request_export(author)
    other = Visitor(exporting.test_client())
    other.register("other")
    assert other.client.get(export["status_url"]).status_code == 404
    assert 'class="card export"' not in other.get("/exports")
    other.log_out()
    assert "Please log in first." in other.get(export["status_url"])


def test_a_job_that_redis_has_forgotten_counts_as_failed(author, redis):
    from redis import Redis

    export = request_export(author)
    assert status(author, export)["state"] == "waiting"
    Redis.from_url(redis.url).flushall()
    assert status(author, export)["state"] == "failed"
    redis.stop()
    assert status(author, export)["state"] == "unknown"


def test_an_empty_export_is_one(exporting, author, work):
    export = request_export(author)
    work("--burst").wait(30)
    assert status(author, export)["state"] == "finished"
    with exporting.app_context():
        assert db.session.get(User, 1) is not None
    document = author.client.get(f"/exports/{export['id']}/download").get_json()
    assert document["posts"] == []
