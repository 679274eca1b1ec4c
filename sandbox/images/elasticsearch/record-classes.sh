#!/bin/bash
# Records the classes of one start, up to the first answer and the first document.
set -o errexit -o nounset
ES_JAVA_OPTS="-XX:ArchiveClassesAtExit=$ES_HOME/classes.jsa" docker-entrypoint.sh -Ediscovery.type=single-node \
  -Ehttp.host=127.0.0.1 -Etransport.host=127.0.0.1 > /tmp/start.log 2>&1 &
server=$!

request() {
  # A condition turns errexit off: say failure outright.
  { exec 3<> /dev/tcp/127.0.0.1/9200; } || return 1
  printf '%s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "$1" "${#2}" "$2" >&3
  cat <&3
  exec 3<&-
}

for attempt in {1..240}; do
  if (request 'GET /' '') > /dev/null 2>&1; then break; fi
  if ! kill -0 "$server"; then
    cat /tmp/start.log
    exit 1
  fi
  sleep 0.5
done
[ "$attempt" -lt 240 ]
request 'PUT /recorded/_doc/1?refresh=true' '{"text": "a document"}' > /dev/null
request 'POST /recorded/_search' '{"query": {"match": {"text": "document"}}}' > /dev/null
kill "$server"
wait "$server" || true
[ -s "$ES_HOME/classes.jsa" ]
rm -rf "$ES_HOME"/data/* "$ES_HOME"/logs/* /tmp/start.log
