"""A web server that tells who it is: what load and failure tests of releases shoot at. Standard library only.

/            {"version", "host", "started"}; the header X-Version says the same
/health      200
/slow        answers after ?seconds= (at most 60)
/upload      reads the body over ?seconds= (at most 60), answers with its size and SHA-256
/pid         {"pid", "host", "started", "requests"}
/page        HTML that is worth compressing
/events      a stream of ten events over ?seconds= (at most 60)

VERSION is what it calls itself, PORT where it listens, START_SECONDS how long it takes to listen.
FAULT makes it a bad version:

exit             ends at once, with code 3
never-healthy    /health answers 503
health-404       /health answers 404
health-redirect  /health answers 302
health-hangs     /health never answers
wrong-page       is healthy, and / is another page
deaf             does not listen at all
ignores-sigterm  has to be killed
late-exit        is healthy, and ends after three seconds with code 4
"""

import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FAULTS = (
    "exit", "never-healthy", "health-404", "health-redirect", "health-hangs", "wrong-page", "deaf", "ignores-sigterm",
    "late-exit",
)  # fmt: skip
MAXIMUM_SECONDS = 60.0
MAXIMUM_BYTES = 64 * 1024 * 1024
PIECE = 64 * 1024
DRAIN_SECONDS = 65.0

VERSION = os.environ.get("VERSION", "development")
FAULT = os.environ.get("FAULT", "")
HOST = socket.gethostname()
STARTED = time.time()


class Requests:
    """Counts requests, so that the server can end when the last one is answered."""

    def __init__(self) -> None:
        self.total = 0
        self.open = 0
        self.change = threading.Condition()

    def __enter__(self) -> None:
        with self.change:
            self.total += 1
            self.open += 1

    def __exit__(self, *_: object) -> None:
        with self.change:
            self.open -= 1
            self.change.notify_all()

    def wait_for_none(self, seconds: float) -> bool:
        with self.change:
            return self.change.wait_for(lambda: self.open == 0, seconds)


requests = Requests()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Whoever is in front keeps connections open for the next request, and is to be the one who closes them.
    timeout = 75

    def do_GET(self) -> None:
        with requests:
            url = urlsplit(self.path)
            pages = {
                "/": self.home,
                "/health": self.health,
                "/slow": self.slow,
                "/upload": self.upload,
                "/pid": self.pid,
                "/page": self.page,
                "/events": self.events,
            }
            page = pages.get(url.path)
            if page is None:
                self.answer(404, {"error": "no such page"})
                return
            try:
                page(self.seconds(url.query))
            except ValueError as error:
                self.close_connection = True
                self.answer(400, {"error": str(error)})

    do_POST = do_PUT = do_HEAD = do_GET

    @staticmethod
    def seconds(query: str) -> float:
        text = parse_qs(query).get("seconds", ["0"])[0]
        number = float(text)
        if not 0 <= number <= MAXIMUM_SECONDS:
            raise ValueError(f"seconds: {text} is not between 0 and {MAXIMUM_SECONDS:.0f}")
        return number

    def answer(self, status: int, document: object, **headers: str) -> None:
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Version", VERSION)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.command != "HEAD":
            # Head and body in one packet.
            self._headers_buffer.append(b"\r\n" + body)
            self.flush_headers()
        else:
            self.end_headers()

    def home(self, _: float) -> None:
        if FAULT == "wrong-page":
            self.answer(200, {"message": "It works!"})
        else:
            self.answer(200, {"version": VERSION, "host": HOST, "started": STARTED})

    def health(self, _: float) -> None:
        if FAULT == "health-hangs":
            time.sleep(MAXIMUM_SECONDS)
        statuses = {"never-healthy": 503, "health-404": 404, "health-redirect": 302}
        status = statuses.get(FAULT, 200)
        headers = {"Location": "/login"} if status == 302 else {}
        self.answer(status, {"status": "ok" if status == 200 else FAULT, "version": VERSION}, **headers)

    def slow(self, seconds: float) -> None:
        time.sleep(seconds)
        self.answer(200, {"version": VERSION, "seconds": seconds})

    def pid(self, _: float) -> None:
        self.answer(200, {"pid": os.getpid(), "host": HOST, "started": STARTED, "requests": requests.total})

    def page(self, _: float) -> None:
        body = b"<!doctype html><title>Beacon</title>" + b"<p>Nothing but light.</p>" * 200
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self, seconds: float) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(10):
            self.wfile.write(f"data: {number}\n\n".encode())
            self.wfile.flush()
            time.sleep(seconds / 10)

    def upload(self, seconds: float) -> None:
        began = time.monotonic()
        digest, size = hashlib.sha256(), 0
        expected = int(self.headers.get("Content-Length") or 0)
        for piece in self.pieces(expected):
            digest.update(piece)
            size += len(piece)
            if size > MAXIMUM_BYTES:
                raise ValueError(f"the body is larger than {MAXIMUM_BYTES} bytes")
            if expected:
                time.sleep(max(0.0, began + seconds * size / expected - time.monotonic()))
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        self.answer(200, {"version": VERSION, "bytes": size, "sha256": digest.hexdigest()})

    def pieces(self, expected: int):  # type: ignore[no-untyped-def]
        """The body's pieces, whether its length is known beforehand or it comes in chunks (RFC 9112, section 7.1)."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline(20).split(b";")[0], 16):
                yield self.whole(size)
                self.rfile.readline(4)
            while self.rfile.readline(1000).strip():
                pass
            return
        while expected > 0:
            piece = self.whole(min(PIECE, expected))
            expected -= len(piece)
            yield piece

    def whole(self, size: int) -> bytes:
        if size > MAXIMUM_BYTES:
            raise ValueError(f"the body is larger than {MAXIMUM_BYTES} bytes")
        piece = self.rfile.read(size)
        if len(piece) < size:
            raise ValueError("the body ended early")
        return piece

    def log_message(self, form: str, *arguments: object) -> None:
        """Nothing: under load, the log would be what is measured."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def main() -> None:
    if FAULT and FAULT not in FAULTS:
        sys.exit(f"FAULT is {FAULT!r}: expected one of {', '.join(FAULTS)}")
    if FAULT == "exit":
        print("beacon: this version is made to end at once", file=sys.stderr, flush=True)
        sys.exit(3)

    stop = threading.Event()
    # As process 1 of a container, a program ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN if FAULT == "ignores-sigterm" else lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    time.sleep(float(os.environ.get("START_SECONDS", "0")))
    if FAULT == "deaf":
        print("beacon: this version is made not to listen", file=sys.stderr, flush=True)
        stop.wait()
        return

    server = Server(("0.0.0.0", int(os.environ.get("PORT", "8000"))), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(f"beacon {VERSION} listens on port {server.server_port}", flush=True)
    if FAULT == "late-exit" and not stop.wait(3):
        print("beacon: this version is made to end after three seconds", file=sys.stderr, flush=True)
        os._exit(4)
    stop.wait()

    server.shutdown()
    server.server_close()
    requests.wait_for_none(DRAIN_SECONDS)
    print(f"beacon {VERSION} answered {requests.total} requests", flush=True)


if __name__ == "__main__":
    main()
