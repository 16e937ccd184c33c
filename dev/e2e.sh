#!/usr/bin/env bash
# The whole platform in a real cluster, from helm install to helm uninstall: what e2e/ proves. As root it starts a node of its own, with an Ingress
# controller, and an Elasticsearch and an OpenSearch beside it, and ends them.
#
#   dev/e2e.sh [PROOF…]          only these, in a cluster where what they need is there
#
# E2E_KUBECONFIG=              a cluster to take instead; it has no LogPipelines yet, a default StorageClass, and room for 2 processors
# With that are needed:
# E2E_IMAGE_REGISTRY=          where it pulls the images from, with the tag of this version
# E2E_NEXT_TAG=next            another tag of the same images
# E2E_INGRESS_CLASS=           the class of its Ingress controller
# E2E_INGRESS_ADDRESS=         where that takes HTTPS, as 192.0.2.1:443
# E2E_ELASTICSEARCH_ADDRESS=   an address of this machine that its pods reach: Elasticsearch and OpenSearch listen there
#
# E2E_STATE=                   a folder for the table, screenshots and logs, which stays
# E2E_KEEP=                    where it is set, the cluster and Elasticsearch are left running
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
node_address=172.30.0.1
kubernetes() { "$here/kubernetes.sh" "$@"; }
say() { echo "e2e: $*" >&2; }

export E2E_STATE=${E2E_STATE:-$target/e2e}
mkdir -p "$E2E_STATE"
E2E_STATE=$(realpath "$E2E_STATE")
# Sockets in it have short names only, and pods run as nobody in particular, and reach their volumes.
servers=${E2E_SERVERS:-$(mktemp -d "${TMPDIR:-/tmp}/e2e-XXXXXX")}
chmod 755 "$servers"
mkdir -p "$servers/cluster" "$servers/elasticsearch" "$servers/opensearch"

stop() {
    code=$?
    trap - EXIT
    if [ -n "${E2E_KEEP:-}" ]; then
        say "left running: E2E_KEEP=1 E2E_SERVERS=$servers dev/e2e.sh PROOF… goes on with it, dev/kubernetes.sh down $servers/cluster and dev/search-server.sh down of $servers/elasticsearch and $servers/opensearch end it"
        exit "$code"
    fi
    [ -z "$own" ] || kubernetes down "$servers/cluster" || true
    "$here/search-server.sh" down "$servers/elasticsearch" || true
    "$here/search-server.sh" down "$servers/opensearch" || true
    if [ "$code" = 0 ]; then rm -rf "$servers"; else say "the logs of the servers and pods are in $servers, what was seen in $E2E_STATE"; fi
    exit "$code"
}

own=
[ -n "${E2E_KUBECONFIG:-}" ] || own=yes
if [ -z "$own" ]; then
    for name in E2E_IMAGE_REGISTRY E2E_INGRESS_CLASS E2E_INGRESS_ADDRESS E2E_ELASTICSEARCH_ADDRESS; do
        [ -n "${!name:-}" ] || { say "with E2E_KUBECONFIG, $name must be set: see the head of dev/e2e.sh"; exit 2; }
    done
fi
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

export E2E_NEXT_TAG=${E2E_NEXT_TAG:-next}
if [ -n "$own" ]; then
    E2E_KUBECONFIG=$(kubernetes up "$servers/cluster" --node)
    kubernetes ingress "$servers/cluster"
    kubernetes image "$servers/cluster" "$target"/images/*.tar
    while read -r name _; do
        kubernetes tag "$servers/cluster" "localhost/$name" "localhost/${name%:*}:$E2E_NEXT_TAG"
    done <"$target/images/digests.txt"
    E2E_IMAGE_REGISTRY=localhost E2E_INGRESS_CLASS=traefik E2E_INGRESS_ADDRESS=$node_address:30443 E2E_ELASTICSEARCH_ADDRESS=$node_address
    export E2E_PRESSURE="$here/kubernetes.sh pressure $servers/cluster"
fi
export E2E_KUBECONFIG E2E_IMAGE_REGISTRY E2E_INGRESS_CLASS E2E_INGRESS_ADDRESS E2E_ELASTICSEARCH_ADDRESS

export E2E_ELASTICSEARCH_PORT=${E2E_ELASTICSEARCH_PORT:-9243} E2E_ELASTICSEARCH_PASSWORD=e2e-password
SEARCH_HOST=$E2E_ELASTICSEARCH_ADDRESS SEARCH_NAMES='logs-es-http.prod.svc' SEARCH_SECURITY=tls SEARCH_USER=admin SEARCH_PASSWORD=$E2E_ELASTICSEARCH_PASSWORD \
    "$here/search-server.sh" up elasticsearch-9 "$servers/elasticsearch" "$E2E_ELASTICSEARCH_PORT" >/dev/null
export E2E_OPENSEARCH_PORT=${E2E_OPENSEARCH_PORT:-9244}
SEARCH_HOST=$E2E_ELASTICSEARCH_ADDRESS "$here/search-server.sh" up opensearch-3 "$servers/opensearch" "$E2E_OPENSEARCH_PORT" >/dev/null
export E2E_ELASTICSEARCH_CA=$servers/elasticsearch/config/certs/ca.pem

clients=$(kubernetes clients)
export LOGPIPELINE_HELM=${clients%%$'\n'*} LOGPIPELINE_KUBECTL=${clients##*$'\n'}
cargo run --locked --quiet -p logpipeline-e2e -- "$@"
