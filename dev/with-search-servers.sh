#!/usr/bin/env bash
# Runs a command with real servers to test against: an Elasticsearch without and one with security, and an OpenSearch.
#
#   dev/with-search-servers.sh cargo test -p logpipeline-store
#
# SEARCH_ELASTICSEARCH=elasticsearch-8 and SEARCH_OPENSEARCH=opensearch-2 take other kinds of dev/search-server.sh.
# A server whose address is set already (ELASTICSEARCH_URL, ELASTICSEARCH_TLS_URL, OPENSEARCH_URL) is not started. An address
# may hold a user and password, https://elastic:secret@localhost:9200; with https, ELASTICSEARCH_CA or OPENSEARCH_CA is the PEM
# file of the authority to trust.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(mktemp -d "${TMPDIR:-/tmp}/logpipeline-search-XXXXXX")
chmod 755 "$state"
export SEARCH_ELASTICSEARCH=${SEARCH_ELASTICSEARCH:-elasticsearch-9} SEARCH_OPENSEARCH=${SEARCH_OPENSEARCH:-opensearch-3}
export SEARCH_USER=${SEARCH_USER:-admin} SEARCH_PASSWORD=${SEARCH_PASSWORD:-changeme}

stop() {
    code=$?
    trap - EXIT
    for dir in "$state"/*/; do
        [ -d "$dir" ] && "$here/search-server.sh" down "$dir" 2>/dev/null || true
    done
    # A node that was ended may write a last file.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$state" 2>/dev/null && break
        sleep 1
    done
    exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

# start NAME KIND SECURITY VARIABLE
start() {
    if [ -n "${!4:-}" ]; then return; fi
    # One after the other: what they share is fetched once.
    "$here/search-server.sh" fetch "$2" >/dev/null
    SEARCH_SECURITY=$3 "$here/search-server.sh" up "$2" "$state/$1" "$(free_port)" >"$state/$1.url" &
}
start elasticsearch "$SEARCH_ELASTICSEARCH" 0 ELASTICSEARCH_URL
first=${!:-}
start elasticsearch-tls "$SEARCH_ELASTICSEARCH" tls ELASTICSEARCH_TLS_URL
second=${!:-}
start opensearch "$SEARCH_OPENSEARCH" 0 OPENSEARCH_URL
third=${!:-}
for job in $first $second $third; do wait "$job"; done

url() { tail -1 "$state/$1.url" 2>/dev/null; }
export ELASTICSEARCH_URL=${ELASTICSEARCH_URL:-$(url elasticsearch)}
export OPENSEARCH_URL=${OPENSEARCH_URL:-$(url opensearch)}
if [ -z "${ELASTICSEARCH_TLS_URL:-}" ]; then
    ELASTICSEARCH_TLS_URL=$(url elasticsearch-tls)
    export ELASTICSEARCH_TLS_URL ELASTICSEARCH_TLS_CA=$state/elasticsearch-tls/config/certs/ca.pem
fi
export ELASTICSEARCH_TLS_USER=$SEARCH_USER ELASTICSEARCH_TLS_PASSWORD=$SEARCH_PASSWORD

"$@"
