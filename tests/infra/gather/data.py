"""Writes something into each data service, reads it back, and takes it away again."""

from __future__ import annotations

import http.client
import json
import secrets as random
import socket

from gather import engine, system

# A small server that is busy takes seconds to make an index.
SECONDS = 15
TEXT = "Slipway verifies: äöü ✓"


def address_of(container, network):
    return container["NetworkSettings"]["Networks"].get(network, {}).get("IPAddress", "")


def check(service, container, application):
    """{check: {found, error}} for one service; a preset without a check of its own gives {}."""
    checks = {"mariadb": sql, "mysql": sql, "postgres": postgres, "redis": redis, "elasticsearch": elasticsearch}
    wanted = checks.get(service["preset"])
    if wanted is None:
        return {}
    try:
        return wanted(service, container, application)
    except TimeoutError:
        return {"error": f"no answer within {SECONDS} s"}
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def sql(service, container, _application):
    """A row by the service's own client.

    The password goes from its file into the client's environment, inside the container.
    """
    brand = "MYSQL" if service["preset"] == "mysql" else "MARIADB"
    client = "mysql" if brand == "MYSQL" else "mariadb"
    script = (
        f'export MYSQL_PWD="$(cat /run/secrets/{service["name"]}-password)"; exec {client} --batch --skip-column-names'
        f' --default-character-set=utf8mb4 --user="${brand}_USER" "${brand}_DATABASE"'
    )
    table = f"slipway_verify_{random.token_hex(4)}"
    text = (
        "SELECT 'charset', @@character_set_server;\n"
        f"CREATE TABLE {table} (id INT PRIMARY KEY, text VARCHAR(100));\n"
        f"INSERT INTO {table} VALUES (1, '{TEXT}');\n"
        f"SELECT 'row', text FROM {table} WHERE id = 1;\n"
        f"DROP TABLE {table};\n"
        f"SELECT 'left', COUNT(*) FROM information_schema.tables WHERE table_name = '{table}';\n"
    )
    return _rows(container, ["sh", "-c", script], text, table)


def postgres(service, container, _application):
    script = (
        f'export PGPASSWORD="$(cat /run/secrets/{service["name"]}-password)"; exec psql --no-psqlrc --quiet'
        ' --tuples-only --no-align --field-separator="$(printf "\\t")" --set=ON_ERROR_STOP=1 --host=127.0.0.1'
        ' --username="$POSTGRES_USER" --dbname="$POSTGRES_DB"'
    )
    table = f"slipway_verify_{random.token_hex(4)}"
    text = (
        "SELECT 'charset', current_setting('server_encoding');\n"
        f"CREATE TABLE {table} (id INT PRIMARY KEY, text VARCHAR(100));\n"
        f"INSERT INTO {table} VALUES (1, '{TEXT}');\n"
        f"SELECT 'row', text FROM {table} WHERE id = 1;\n"
        f"DROP TABLE {table};\n"
        f"SELECT 'left', COUNT(*) FROM information_schema.tables WHERE table_name = '{table}';\n"
    )
    return _rows(container, ["sh", "-c", script], text, table)


def _rows(container, command, text, table):
    code, output = engine.execute(container["Id"], command, text)
    if code != 0:
        # The client stopped at the first error, maybe with the table made.
        engine.execute(container["Id"], command, f"DROP TABLE IF EXISTS {table};\n")
    rows = dict(line.partition("\t")[::2] for line in output.splitlines() if "\t" in line)
    error = "" if code == 0 else output[-500:]
    facts = {"found": rows.get("row", ""), "left": rows.get("left", ""), "charset": rows.get("charset", "")}
    return {"error": error, "wanted": TEXT, **facts}


def elasticsearch(service, container, application):
    """A document in an index of its own."""
    server = (address_of(container, application), service["port"])
    index = f"slipway-verify-{random.token_hex(4)}"
    token = random.token_hex(8)
    # With its mapping given, the first document needs no second change of the cluster's state.
    mapping = {"dynamic": False, "properties": {"text": {"type": "text"}}}
    settings = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}, "mappings": mapping}
    health = _elastic(server, "GET", "/_cluster/health")
    try:
        _elastic(server, "PUT", f"/{index}?wait_for_active_shards=0", settings)
        _elastic(server, "PUT", f"/{index}/_doc/1?refresh=true", {"text": f"slipway {token}"})
        found = _elastic(server, "GET", f"/{index}/_search", {"query": {"match": {"text": token}}})
    finally:
        left = _elastic(server, "DELETE", f"/{index}?ignore_unavailable=true")
    hits = [hit["_source"]["text"] for hit in found["hits"]["hits"]]
    keys = ("status", "number_of_nodes")
    cluster = {key: health.get(key) for key in keys}
    removed = "0" if left.get("acknowledged") else "1"
    return {"error": "", "wanted": f"slipway {token}", "found": ", ".join(hits), "left": removed, **cluster}


def _elastic(server, method, path, body=None):
    connection = http.client.HTTPConnection(*server, timeout=SECONDS)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status >= 400:
        raise OSError(f"{method} {path}: {response.status} {json.dumps(answer)[:300]}")
    return answer


def redis(service, container, application):
    """A key that would go by itself after a minute, over the Redis protocol (RESP)."""
    password = system.read_text(system.ROOT / application / "services" / "secrets" / f"{service['name']}-password")
    key, token = f"slipway:verify:{random.token_hex(4)}", random.token_hex(8)
    commands = [["AUTH", password]] if password else []
    commands += [["SET", key, token, "EX", "60"], ["GET", key], ["DEL", key], ["EXISTS", key], ["INFO", "persistence"]]
    address = address_of(container, application), service["port"]
    with socket.create_connection(address, timeout=SECONDS) as client, client.makefile("rb") as answers:
        client.sendall(b"".join(_resp(command) for command in commands))
        replies = [_reply(answers) for _command in commands]
    errors = [reply for reply in replies if reply.startswith("-")]
    _set, found, _deleted, left, info = replies[-5:]
    facts = dict(line.partition(":")[::2] for line in info.splitlines() if ":" in line)
    error = "; ".join(errors)
    kept = {"append_only": facts.get("aof_enabled", ""), "append_status": facts.get("aof_last_write_status", "")}
    return {"error": error, "wanted": token, "found": found, "left": left, **kept}


def _resp(words):
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        raw = word.encode()
        parts.append(f"${len(raw)}\r\n".encode() + raw + b"\r\n")
    return b"".join(parts)


def _reply(stream):
    """One reply as text; an error keeps its leading minus sign."""
    line = stream.readline().decode(errors="replace").rstrip("\r\n")
    if not line:
        raise OSError("the connection was closed")
    if line[0] == "$":
        length = int(line[1:])
        return "" if length < 0 else stream.read(length + 2)[:-2].decode(errors="replace")
    return line if line[0] == "-" else line[1:]
