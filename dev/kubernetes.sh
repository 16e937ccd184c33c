#!/usr/bin/env bash
# A real Kubernetes for tests: etcd, API server, controller manager and scheduler on loopback, and if wanted one node.
set -euo pipefail

usage() {
    cat >&2 <<'TEXT'
usage: dev/kubernetes.sh up DIR [--only-api|--node]   start a cluster with all it writes in DIR; prints its kubeconfig's path
       dev/kubernetes.sh image DIR FILE…       give the node of a cluster images, as `make images` makes them
       dev/kubernetes.sh tag DIR IMAGE NEW     give an image of the node another name too
       dev/kubernetes.sh ingress DIR           run an Ingress controller there, class traefik, on ports 30080 and 30443 of 172.30.0.1
       dev/kubernetes.sh pressure DIR on|off   let the node's kubelet find that process ids run out: it evicts pods
       dev/kubernetes.sh kill DIR NAMESPACE POD   end a pod's processes at once, as a node does that loses its power
       dev/kubernetes.sh down DIR              end it and remove its state; DIR/log stays
       dev/kubernetes.sh fetch [--node]        only fill the cache, with helm and kubectl too; prints the servers' folder
       dev/kubernetes.sh clients               print the paths of helm and kubectl, one a line

up returns when the cluster answers, and starts only what does not run already. With --only-api there are etcd and the API
server: nothing makes pods for a Deployment then, collects garbage or empties a namespace that is deleted. With --node there is a real node
too, as root: containerd, kubelet, kube-proxy, NetworkPolicies and cluster DNS; pods run, and reach nothing outside of this machine.

KUBEBUILDER_ASSETS=      a folder with etcd, kube-apiserver and perhaps the others, to use instead of those built here
KUBERNETES_AUDIT=        where it is set, DIR/log/audit.log gets a line for each request
KUBERNETES_TIMEOUT=180   seconds to wait for each server
LOGPIPELINE_CACHE=~/.cache/logpipeline
TEXT
    exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
parts=$here/kubernetes
cache=$(realpath -m "${LOGPIPELINE_CACHE:-$HOME/.cache/logpipeline}/kubernetes")
timeout=${KUBERNETES_TIMEOUT:-180}
version=v1.33.13

# shellcheck source-path=SCRIPTDIR source=kubernetes/tools.sh
. "$parts/tools.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/build.sh
. "$parts/build.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/node-build.sh
. "$parts/node-build.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/ingress-build.sh
. "$parts/ingress-build.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/clients.sh
. "$parts/clients.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/node.sh
. "$parts/node.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/pki.sh
. "$parts/pki.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/processes.sh
. "$parts/processes.sh"
# shellcheck source-path=SCRIPTDIR source=kubernetes/run.sh
. "$parts/run.sh"

case ${1:-}:$# in
    up:2) up "$2" all ;;
    up:3)
        case $3 in
            --only-api) up "$2" api ;;
            --node) up "$2" node ;;
            *) usage ;;
        esac
        ;;
    image:*) import_to "$2" "${@:3}" ;;
    tag:4) tag_in "$2" "$3" "$4" ;;
    ingress:2) ingress_in "$2" ;;
    pressure:3) pressure_in "$2" "$3" ;;
    kill:4) kill_in "$2" "$3" "$4" ;;
    down:2) down "$2" ;;
    fetch:1) fetch_clients; fetch; echo "$bin" ;;
    fetch:2) [ "$2" = --node ] || usage; fetch_clients; fetch_node; fetch_ingress; echo "$node" ;;
    clients:1) fetch_clients; printf '%s\n' "$helm" "$kubectl" ;;
    *) usage ;;
esac
