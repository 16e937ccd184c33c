#!/usr/bin/env bash
# The whole platform in a real cluster, from helm install to helm uninstall: what e2e/ proves. As root it starts a node of its own, with an Ingress
# controller, and an Elasticsearch and an OpenSearch beside it, and ends them.
#
#   dev/e2e.sh [PROOF…]          only these, in a cluster where what they need is there
#   dev/e2e.sh check             whether what it needs is here, before anything is built
#   dev/e2e.sh clean             remove from E2E_KUBECONFIG what an earlier run left
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
# E2E_KEEP=                    where it is set, the servers are left running, and
# E2E_SERVERS=                 their folder is one to go on with
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}
node_address=172.30.0.1
kubernetes() { "$here/kubernetes.sh" "$@"; }
say() { echo "e2e: $*" >&2; }

own=
[ -n "${E2E_KUBECONFIG:-}" ] || own=yes

case ${1:-} in
    check)
        if [ -n "$own" ]; then
            [ "$(id -u)" = 0 ] || { say 'a node of its own needs root; E2E_KUBECONFIG names a cluster to take instead'; exit 1; }
            "$here/require.sh" flock setsid openssl curl go cargo node npm iptables apt-get dpkg-deb
        else
            for name in E2E_IMAGE_REGISTRY E2E_INGRESS_CLASS E2E_INGRESS_ADDRESS E2E_ELASTICSEARCH_ADDRESS; do
                [ -n "${!name:-}" ] || { say "with E2E_KUBECONFIG, $name must be set: see the head of dev/e2e.sh"; exit 2; }
            done
            "$here/require.sh" openssl curl cargo node npm chromium
        fi
        # They say which Java is missing.
        "$here/search-server.sh" fetch elasticsearch-9 >/dev/null
        "$here/search-server.sh" fetch opensearch-3 >/dev/null
        exit
        ;;
    clean)
        [ -z "$own" ] || { say 'a cluster of its own ends with the run'; exit 2; }
        export KUBECONFIG=$E2E_KUBECONFIG
        clients=$(kubernetes clients)
        mark=logpipeline.dev/e2e=true
        helm=${clients%%$'\n'*} kubectl=${clients##*$'\n'}
        "$helm" uninstall logpipeline -n logpipeline --ignore-not-found
        # The suite's Elasticsearch is gone, for which a deletion would wait.
        for namespace in $("$kubectl" get namespaces -l "$mark" -o name); do
            for pipeline in $("$kubectl" get logpipelines -n "${namespace#*/}" -o name); do
                "$kubectl" patch "$pipeline" -n "${namespace#*/}" --type merge -p '{"metadata":{"finalizers":null}}'
                "$kubectl" delete "$pipeline" -n "${namespace#*/}" --ignore-not-found
            done
        done
        "$kubectl" delete namespaces,customresourcedefinitions -l "$mark"
        exit
        ;;
esac
"$here/e2e.sh" check

export E2E_STATE=${E2E_STATE:-$target/e2e}
mkdir -p "$E2E_STATE"
E2E_STATE=$(realpath "$E2E_STATE")
# Sockets in it have short names only, and pods run as nobody in particular, and reach their volumes.
made='' suite=
[ -n "${E2E_SERVERS:-}" ] || made=$(mktemp -d "${TMPDIR:-/tmp}/e2e-XXXXXX")
servers=${E2E_SERVERS:-$made}
rm -f "$E2E_STATE"/*.txt
chmod 755 "$servers"
mkdir -p "$servers/cluster" "$servers/elasticsearch" "$servers/opensearch"

stop() {
    code=$?
    trap - EXIT
    [ -z "$suite" ] || kill "$suite" 2>/dev/null || true
    if [ -n "${E2E_KEEP:-}" ]; then
        say "left running: E2E_KEEP=1 E2E_SERVERS=$servers dev/e2e.sh PROOF… goes on with it, dev/kubernetes.sh down $servers/cluster and dev/search-server.sh down of $servers/elasticsearch and $servers/opensearch end it"
        exit "$code"
    fi
    [ -z "$own" ] || kubernetes down "$servers/cluster" || true
    "$here/search-server.sh" down "$servers/elasticsearch" || true
    "$here/search-server.sh" down "$servers/opensearch" || true
    if [ "$code" = 0 ]; then rm -rf "$made"; else say "the logs of the servers and pods are in $servers, what was seen in $E2E_STATE"; fi
    exit "$code"
}

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
    export E2E_PRESSURE="$here/kubernetes.sh pressure $servers/cluster" E2E_KILL="$here/kubernetes.sh kill $servers/cluster"
fi
export E2E_KUBECONFIG E2E_IMAGE_REGISTRY E2E_INGRESS_CLASS E2E_INGRESS_ADDRESS E2E_ELASTICSEARCH_ADDRESS

export E2E_ELASTICSEARCH_PORT=${E2E_ELASTICSEARCH_PORT:-9200} E2E_ELASTICSEARCH_PASSWORD=e2e-password
SEARCH_HOST=$E2E_ELASTICSEARCH_ADDRESS SEARCH_NAMES='logs-es-http.prod.svc' SEARCH_SECURITY=tls SEARCH_USER=admin SEARCH_PASSWORD=$E2E_ELASTICSEARCH_PASSWORD \
    "$here/search-server.sh" up elasticsearch-9 "$servers/elasticsearch" "$E2E_ELASTICSEARCH_PORT" >/dev/null
export E2E_OPENSEARCH_PORT=${E2E_OPENSEARCH_PORT:-9244}
SEARCH_HOST=$E2E_ELASTICSEARCH_ADDRESS "$here/search-server.sh" up opensearch-3 "$servers/opensearch" "$E2E_OPENSEARCH_PORT" >/dev/null
export E2E_ELASTICSEARCH_CA=$servers/elasticsearch/config/certs/ca.pem

clients=$(kubernetes clients)
export LOGPIPELINE_HELM=${clients%%$'\n'*} LOGPIPELINE_KUBECTL=${clients##*$'\n'}
cargo build --locked --quiet -p logpipeline-e2e
# In the background, so that a signal to this script ends it at once.
"$target/debug/logpipeline-e2e" "$@" &
suite=$!
wait "$suite"
