#!/usr/bin/env bash
# Runs a command with a real Kubernetes control plane to test against, and with helm and kubectl.
#
#   dev/with-kubernetes.sh cargo test -p logpipeline-operator
#
# It finds the cluster in KUBECONFIG and LOGPIPELINE_TEST_KUBECONFIG, the tools' paths in LOGPIPELINE_HELM and LOGPIPELINE_KUBECTL.
# Where LOGPIPELINE_TEST_KUBECONFIG is set already, that cluster is used; where KUBEBUILDER_ASSETS is, that folder's servers and kubectl.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(mktemp -d "${TMPDIR:-/tmp}/logpipeline-kubernetes-XXXXXX")

stop() {
    code=$?
    trap - EXIT
    "$here/kubernetes.sh" down "$state" || true
    rm -rf "$state"
    exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${LOGPIPELINE_HELM:-}" ] || [ -z "${LOGPIPELINE_KUBECTL:-}" ]; then
    clients=$("$here/kubernetes.sh" clients)
fi
export LOGPIPELINE_HELM=${LOGPIPELINE_HELM:-${clients%%$'\n'*}} LOGPIPELINE_KUBECTL=${LOGPIPELINE_KUBECTL:-${clients##*$'\n'}}

if [ -n "${LOGPIPELINE_TEST_KUBECONFIG:-}" ]; then
    kubeconfig=$(realpath "$LOGPIPELINE_TEST_KUBECONFIG")
elif [ -z "${KUBEBUILDER_ASSETS:-}" ] || [ -x "$KUBEBUILDER_ASSETS/kube-controller-manager" ]; then
    kubeconfig=$("$here/kubernetes.sh" up "$state")
else
    echo "$KUBEBUILDER_ASSETS has no kube-controller-manager: the cluster is an API server only" >&2
    kubeconfig=$("$here/kubernetes.sh" up "$state" --only-api)
fi
# Clients keep what they learnt of an API by its address; a port may have been another cluster's before.
export KUBECONFIG=$kubeconfig LOGPIPELINE_TEST_KUBECONFIG=$kubeconfig KUBECACHEDIR=$state/cache

"$@"
