"""A web server for rows and jobs in Redis.

/health                                200 when Redis answers
/          GET                         {"version"}
/rows      POST {"number"}             notes a row; 200 when Redis has it
/jobs      POST {"number", "seconds"}  enqueues a job; 200 when Redis has it
/counts    GET                         {"rows": [...], "begun": {...}, "done": {...}, "migrations"}
/tidy      POST {}                     lets the workers look for abandoned jobs now; RQ does so every 15 minutes
"""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import redis
from store import connection, enqueue, queue

VERSION = os.environ.get("VERSION", "development")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        try:
            if path == "/":
                self.answer(200, {"version": VERSION})
            elif path == "/health":
                self.answer(200, {"status": "ok", "redis": connection.ping()})
            elif path == "/counts":
                self.answer(200, self.counts())
            else:
                self.answer(404, {"error": "no such page"})
        except redis.RedisError as error:
            self.answer(503, {"error": str(error)})

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        try:
            if self.path == "/rows":
                connection.rpush("rows", data["number"])
            elif self.path == "/jobs":
                enqueue(data["number"], float(data["seconds"]))
            elif self.path == "/tidy":
                connection.delete(queue.registry_cleaning_key)
            else:
                self.answer(404, {"error": "no such page"})
                return
            self.answer(200, {"version": VERSION, "number": data.get("number", "")})
        except redis.RedisError as error:
            self.answer(503, {"error": str(error)})

    @staticmethod
    def counts() -> dict:
        numbers = {name: connection.hgetall(name) for name in ("begun", "done")}
        return {
            "rows": [row.decode() for row in connection.lrange("rows", 0, -1)],
            **{name: {key.decode(): int(value) for key, value in found.items()} for name, found in numbers.items()},
            "migrations": int(connection.get("migrations") or 0),
        }

    def answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n" + body)
        self.flush_headers()

    def log_message(self, form: str, *arguments: object) -> None:
        pass


def main() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ThreadingHTTPServer.request_queue_size = 1024
    ThreadingHTTPServer.daemon_threads = False
    server = ThreadingHTTPServer(("0.0.0.0", 8000), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(f"courier {VERSION} listens", flush=True)
    stop.wait()
    server.shutdown()


if __name__ == "__main__":
    main()
