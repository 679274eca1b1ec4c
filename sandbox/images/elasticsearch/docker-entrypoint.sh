#!/bin/bash
# bash on purpose: dash drops environment entries whose names have dots (discovery.type=single-node).
set -o errexit
# The official image's command; other commands run as they are.
if [ "${1:-eswrapper}" != eswrapper ] && [ "${1#-E}" = "$1" ]; then
  exec "$@"
fi
[ "${1:-}" = eswrapper ] && shift
# The archive of loaded classes (record-classes.sh) fits this class path alone, in this order.
archive=()
if [ -s "$ES_HOME/classes.jsa" ]; then
  archive=(-XX:SharedArchiveFile="$ES_HOME/classes.jsa" -Xlog:cds=off -Xlog:cds+dynamic=off)
fi
class_path=$(printf '%s:' "$ES_HOME"/lib/*.jar)
# ES_JAVA_OPTS comes last, so that what a person sets there wins.
# shellcheck disable=SC2086
exec java -Xms256m -Xmx256m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
  -Xshare:auto "${archive[@]}" \
  -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true -Dio.netty.noUnsafe=true ${ES_JAVA_OPTS:-} \
  -Des.path.home="$ES_HOME" -cp "${class_path%:}" org.elasticsearch.plugins.ElasticsearchNode "$@"
