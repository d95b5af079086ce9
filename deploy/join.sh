#!/usr/bin/env bash
# Makes one cluster of three CouchDB nodes, by CouchDB's own set-up endpoint; harmless to repeat.
set -euo pipefail
setup="http://admin:${COUCHDB_PASSWORD}@couchdb:5984/_cluster_setup"

ask() {
  curl -sS --fail-with-body -H 'Content-Type: application/json' -d "$1" "$setup"
}

if [[ $(curl -fsS "$setup") == *cluster_finished* ]]; then
  exit 0
fi
for node in couchdb2 couchdb3; do
  until curl -fsS "http://$node:5984/_up" >/dev/null; do sleep 1; done
  ask "{\"action\":\"add_node\",\"host\":\"$node\",\"port\":5984,\"username\":\"admin\",\"password\":\"${COUCHDB_PASSWORD}\"}"
done
ask '{"action":"finish_cluster"}'
