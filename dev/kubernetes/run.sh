# shellcheck shell=bash
# Starts and ends a cluster.

service_range=10.96.0.0/16
service_ip=10.96.0.1

# Where the API server listens.
api_ip=127.0.0.1

# up DIR api|all|node
up() {
    if [ "$2" = node ]; then
        fetch_node
        api_ip=$node_ip
    else
        use_assets || fetch
    fi
    "$here/require.sh" flock setsid openssl curl node
    check_servers "$2"
    local since=$SECONDS
    enter "$1" create
    trap abandon EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    umask 077
    make_pki
    [ "$2" != node ] || prepare_node
    start_etcd
    start_api "$2"
    [ "$2" = api ] || start_controllers
    [ "$2" != node ] || start_node
    trap - EXIT INT TERM
    log "Kubernetes is ready at $(address kube-apiserver) after $((SECONDS - since)) s"
    echo "$dir/admin.kubeconfig"
}

down() {
    local name
    "$here/require.sh" flock
    [ -d "$1" ] || die "there is no folder $1"
    enter "$1"
    if [ -e kubelet.yaml ]; then
        node_folders
        stop_node
    fi
    for name in kube-scheduler kube-controller-manager kube-apiserver etcd; do stop "$name"; done
    rm -rf etcd etcd:0 etcd:1 pki ./*.kubeconfig ./*.port
}

use_assets() {
    [ -n "${KUBEBUILDER_ASSETS:-}" ] || return
    bin=$(realpath -m "$KUBEBUILDER_ASSETS")
}

check_servers() {
    local name names=(etcd kube-apiserver)
    [ "$1" = api ] || names+=(kube-controller-manager kube-scheduler)
    for name in "${names[@]}"; do
        [ -x "$bin/$name" ] || die "$bin has no $name"
    done
}

# enter DIR [create]: all paths below are relative to DIR; a socket's may have 107 bytes only.
enter() {
    [ -z "${2:-}" ] || mkdir -p "$1"
    cd "$1"
    dir=$(pwd -P)
    exec 9<.
    flock 9
}

# On sockets, whose names must look like a host and a port.
start_etcd() {
    start etcd "$bin/etcd" --data-dir=etcd --unsafe-no-fsync --listen-client-urls=unix://etcd:0 --advertise-client-urls=unix://etcd:0 \
        --listen-peer-urls=unix://etcd:1
    wait_for etcd curl -fsS --noproxy '*' --max-time 5 --unix-socket etcd:0 http://etcd/health || failed etcd
}

start_api() {
    local flags=()
    # A loopback address can be no endpoint of the service "kubernetes", hence no reconciler of it.
    local reconciler=none
    case $1 in
        # As envtest does: without a controller that makes service accounts no pod would be admitted.
        api) flags=(--disable-admission-plugins=ServiceAccount) ;;
        node)
            reconciler=lease
            flags=(--enable-admission-plugins=NodeRestriction --kubelet-preferred-address-types=InternalIP --kubelet-certificate-authority=pki/ca.crt
                --kubelet-client-certificate=pki/kubelet-client.crt --kubelet-client-key=pki/kubelet-client.key)
            ;;
    esac
    if [ -n "${KUBERNETES_AUDIT:-}" ]; then
        printf '%s\n' 'apiVersion: audit.k8s.io/v1' 'kind: Policy' 'omitStages: [RequestReceived]' 'rules: [{ level: Metadata }]' >audit.yaml
        mkdir -p log
        flags+=(--audit-policy-file=audit.yaml --audit-log-path=log/audit.log)
    fi
    serve kube-apiserver --etcd-servers=unix://etcd:0 "--advertise-address=$api_ip" "--endpoint-reconciler-type=$reconciler" \
        "--service-cluster-ip-range=$service_range" --authorization-mode=Node,RBAC --allow-privileged=true --client-ca-file=pki/ca.crt \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file=pki/service-accounts.pub --service-account-signing-key-file=pki/service-accounts.key \
        --requestheader-client-ca-file=pki/front-proxy-ca.crt --requestheader-allowed-names=front-proxy-client \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file=pki/front-proxy-client.crt --proxy-client-key-file=pki/front-proxy-client.key \
        --enable-aggregator-routing=true --profiling=false "${flags[@]}"
    kubeconfig admin
    kubeconfig controller-manager
    kubeconfig scheduler
}

start_controllers() {
    start kube-controller-manager "$bin/kube-controller-manager" --secure-port=0 --kubeconfig=controller-manager.kubeconfig --leader-elect=false \
        --use-service-account-credentials=true --root-ca-file=pki/ca.crt --service-account-private-key-file=pki/service-accounts.key \
        --cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key --kube-api-qps=200 --kube-api-burst=400
    serve kube-scheduler --kubeconfig=scheduler.kubeconfig --authentication-kubeconfig=scheduler.kubeconfig \
        --authorization-kubeconfig=scheduler.kubeconfig --leader-elect=false
    wait_for kube-controller-manager ask kube-apiserver /api/v1/namespaces/default/serviceaccounts/default || failed kube-controller-manager
}

# serve NAME FLAG…: on a free port, which it keeps. One that another process takes meanwhile is changed for another.
serve() {
    local name=$1 _
    for _ in 1 2 3; do
        [ -s "$name.port" ] || free_port >"$name.port"
        start "$name" "$bin/$name" "--bind-address=$api_ip" "--secure-port=$(cat "$name.port")" \
            --tls-cert-file=pki/server.crt --tls-private-key-file=pki/server.key "${@:2}"
        if wait_for "$name" ask "$name" /readyz; then return; fi
        grep -q 'address already in use' "log/$name.log" || break
        rm "$name.port"
    done
    failed "$name"
}

free_port() { node -e 'const s = require("net").createServer().listen(0, "'"$api_ip"'", () => { console.log(s.address().port); s.close(); })'; }

address() { echo "https://$api_ip:$(cat "$1.port")"; }

# ask NAME PATH: only a server with this cluster's certificate can answer.
ask() { curl -fsS --noproxy '*' --max-time 5 --cacert pki/ca.crt --cert pki/admin.crt --key pki/admin.key "$(address "$1")$2"; }

failed() {
    tail -n 20 "log/$1.log" >&2
    if alive "$1"; then die "$1 is not ready after $timeout s; see $dir/log/"; else die "$1 ended while starting; see $dir/log/"; fi
}

abandon() {
    local name
    for name in "${started[@]}"; do stop "$name"; done
}
