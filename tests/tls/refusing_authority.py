"""A stand-in for an ACME authority whose limit is reached: accounts as ever, and 429 for each order (RFC 8555, 6.6)."""

import base64
import http.server
import json
import ssl
import sys

BASE = f"https://{sys.argv[1]}"
# Clients remember a directory: its addresses are those of pebble, in whose place this one stands.
PATHS = {
    "newNonce": "/nonce-plz",
    "newAccount": "/sign-me-up",
    "newOrder": "/order-plz",
    "revokeCert": "/revoke-cert",
    "keyChange": "/rollover-account-key",
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200, {name: f"{BASE}{path}" for name, path in PATHS.items()})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == PATHS["newOrder"]:
            problem = {
                "type": "urn:ietf:params:acme:error:rateLimited",
                "detail": "too many certificates already issued for this set of domains",
                "status": 429,
            }
            self.answer(429, problem, "application/problem+json", **{"Retry-After": "3600"})
        else:
            self.answer(201, {"status": "valid", "orders": f"{BASE}/list-orderz/1"}, Location=f"{BASE}/my-account/1")

    def answer(self, status: int, document: object, kind: str = "application/json", **headers: str) -> None:
        body = b"" if self.command == "HEAD" else json.dumps(document).encode()
        self.send_response(status)
        nonce = base64.urlsafe_b64encode(self.date_time_string().encode()).decode().rstrip("=")
        for name, value in {"Content-Type": kind, "Replay-Nonce": nonce, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("", 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/certificates/chain.pem", "/certificates/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
