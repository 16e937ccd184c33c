#!/usr/bin/env bash
# Real Elasticsearch and OpenSearch servers for tests, benches and the demo: one node, on loopback unless told otherwise, from Maven Central.
# They are used here as they were published; nothing of them is committed or redistributed.
set -euo pipefail

usage() {
    cat >&2 <<'TEXT'
usage: dev/search-server.sh up KIND DIR PORT [--wait]   start a node on SEARCH_HOST:PORT with its state in DIR; prints its URL
       dev/search-server.sh down DIR                    stop it; its data stays in DIR
       dev/search-server.sh fetch KIND                  only fill the cache; prints the distribution's folder
       dev/search-server.sh kinds                       list the kinds with their versions and needs

up does nothing where the node runs already, and returns when it answers; with --wait, when the indices it finds in DIR are
searchable too. Under root the node runs as the user SEARCH_UID, who becomes the owner of DIR.

SEARCH_HEAP=512m          the most heap
SEARCH_FAST=1             1 starts quickly, for tests; 0 runs with the settings of production, for benches
SEARCH_SECURITY=0         0 | basic (HTTP with a password) | tls (HTTPS with a password; the CA is DIR/config/certs/ca.pem)
SEARCH_HOST=127.0.0.1     the address to listen on
SEARCH_NAMES=             further names for its certificate, separated by spaces: logs-es-http.shop.svc
SEARCH_USER=admin         the superuser
SEARCH_PASSWORD=changeme  its password, of 6 characters or more
SEARCH_JAVA_HOME=         the Java to use; otherwise a fitting one is searched in JAVA_HOME, on PATH and in /usr/lib/jvm
SEARCH_TIMEOUT=300        seconds to wait for the node
SEARCH_UID=65534          the user under root
LOGPIPELINE_CACHE=~/.cache/logpipeline
TEXT
    exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
parts=$here/search-server
cache=${LOGPIPELINE_CACHE:-$HOME/.cache/logpipeline}/search-servers
heap=${SEARCH_HEAP:-512m}
fast=${SEARCH_FAST:-1}
security=${SEARCH_SECURITY:-0}
host=${SEARCH_HOST:-127.0.0.1}
names=${SEARCH_NAMES:-}
user=${SEARCH_USER:-admin}
password=${SEARCH_PASSWORD:-changeme}
timeout=${SEARCH_TIMEOUT:-300}
uid=${SEARCH_UID:-65534}

# shellcheck source-path=SCRIPTDIR source=search-server/tools.sh
. "$parts/tools.sh"
# shellcheck source-path=SCRIPTDIR source=search-server/kinds.sh
. "$parts/kinds.sh"
# shellcheck source-path=SCRIPTDIR source=search-server/fetch.sh
. "$parts/fetch.sh"
# shellcheck source-path=SCRIPTDIR source=search-server/configure.sh
. "$parts/configure.sh"
# shellcheck source-path=SCRIPTDIR source=search-server/run.sh
. "$parts/run.sh"

case ${1:-}:$# in
    up:4) up "$2" "$3" "$4" '' ;;
    up:5) [ "$5" = --wait ] || usage; up "$2" "$3" "$4" wait ;;
    down:2) down "$2" ;;
    fetch:2) select_kind "$2"; fetch; echo "$home" ;;
    kinds:1) list_kinds ;;
    *) usage ;;
esac
