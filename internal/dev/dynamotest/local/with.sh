#!/bin/sh
# Runs a command beside a DynamoDB Local of its own, whose address it finds in DYNAMODB_ENDPOINT.
# Usage: with.sh FOLDER-OF-JARS COMMAND...
set -eu
jars=$1
shift
log=$(mktemp)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
for attempt in 1 2 3 4 5; do
  port=$(awk -v seed="$$$attempt" 'BEGIN { srand(seed); print 20000 + int(rand() * 10000) }')
  java -Djava.library.path="$jars" -cp "$jars/*" com.amazonaws.services.dynamodbv2.local.main.ServerRunner \
    -inMemory -sharedDb -disableTelemetry -port "$port" >"$log" 2>&1 &
  server=$!
  sleep 2 # a port that is taken ends it at once
  if kill -0 "$server" 2>/dev/null; then
    DYNAMODB_ENDPOINT=http://127.0.0.1:$port "$@"
    exit
  fi
done
cat "$log" >&2
echo "DynamoDB Local does not start" >&2
exit 1
