# shellcheck shell=bash
# One real node beside the control plane: containerd, kubelet, kube-proxy, what enforces NetworkPolicies, and cluster DNS. It needs root, and one
# network namespace holds one such cluster. Its address stands on lo, for pods and this machine; nobody else has a route to it. What pods send
# elsewhere is dropped.

node_name=node1 node_ip=172.30.0.1 pod_range=10.244.0.0/24 pod_gateway=10.244.0.1 dns_ip=10.96.0.10
bridge=logpipeline0
kubelet_port=10250

ctr() { "$node/debian/usr/bin/ctr" -a "$dir/containerd/containerd.sock" -n k8s.io "$@"; }

# Before the API server, which binds the node's address.
prepare_node() {
    [ "$(id -u)" = 0 ] || die 'a node needs root'
    [ -e kubelet.yaml ] || alone
    # Debian's runc and the CNI plugins look for iptables there.
    export PATH=$node:$node/debian/usr/bin:$node/debian/usr/sbin:/usr/sbin:/sbin:$PATH
    local folder
    for folder in /var/lib/kubelet /var/lib/cni; do [ -e "$folder" ] || echo "$folder" >>made; done
    [ -f sysctl.saved ] || sysctl net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables >sysctl.saved 2>/dev/null || true
    ip addr replace "$node_ip/32" dev lo
    sysctl -qw net.ipv4.ip_forward=1
    # From pod to pod of one bridge through a Service.
    sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
}

# What ends a node takes away all of this, whosever it is.
alone() {
    if [ -e "/sys/class/net/$bridge" ] || ip -4 -o addr show dev lo | grep -qF " $node_ip/"; then
        die "another node runs on this machine: end it with dev/kubernetes.sh down and its DIR (or, where that is gone: ip link del $bridge; ip addr del $node_ip/32 dev lo)"
    fi
    if PATH=$PATH:/usr/sbin:/sbin iptables -t nat -S 2>/dev/null | grep -q '^-N KUBE-'; then
        die 'another Kubernetes is on this machine: take that, or a machine of its own'
    fi
}

start_node() {
    configure_containerd
    configure_kubelet
    configure_proxy
    fence -C || fence -I
    kubeconfig kubelet
    kubeconfig kube-proxy
    # What images hold is for any user of a pod.
    umask 022
    start containerd "$node/debian/usr/bin/containerd" --config "$dir/containerd/config.toml"
    wait_for containerd ctr version || failed containerd
    import "$node/pause.tar" "$node/coredns.tar"
    start_kubelet
    start kube-proxy "$node/kube-proxy" "--config=$dir/kube-proxy.yaml"
    wait_for kubelet node_is_ready || failed kubelet
    wait_for kube-proxy curl -fsS --noproxy '*' --max-time 5 "http://$node_ip:10256/healthz" || failed kube-proxy
    start_policies
    fetch_clients
    "$kubectl" --kubeconfig "$dir/admin.kubeconfig" apply -f "$parts/coredns.yaml" >log/coredns.log
    volumes | "$kubectl" --kubeconfig "$dir/admin.kubeconfig" apply -f - >log/volumes.log
    wait_for kubelet "$kubectl" --kubeconfig "$dir/admin.kubeconfig" -n kube-system rollout status deployment/coredns --timeout=1s || failed kubelet
}

start_kubelet() {
    start kubelet "$node/kubelet" "--config=$dir/kubelet.yaml" "--kubeconfig=$dir/kubelet.kubeconfig" "--hostname-override=$node_name" \
        "--node-ip=$node_ip" "--root-dir=$dir/kubelet" "--cert-dir=$dir/kubelet/pki"
}

with_ipset() {
    local libraries
    libraries=$(echo "$policies"/debian/usr/lib/*-linux-gnu)
    PATH=$policies/debian/usr/sbin:$PATH LD_LIBRARY_PATH=$libraries "$@"
}

start_policies() {
    with_ipset start policies "$policies/policies" "$dir/admin.kubeconfig" "$node_name" "$service_range"
    wait_for policies iptables -S KUBE-ROUTER-FORWARD || failed policies
}

# Folders that claims get, as nothing provisions any here.
volumes() {
    local number
    cat <<'YAML'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
YAML
    for number in {1..20}; do
        # A pod's user is nobody in particular.
        mkdir -p -m 777 "volumes/$number"
        chmod 777 "volumes/$number"
        cat <<YAML
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local-$number}
spec:
  capacity: {storage: 100Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: local
  hostPath: {path: "$dir/volumes/$number"}
YAML
    done
}

node_is_ready() {
    ask kube-apiserver "/api/v1/nodes/$node_name" | node -e '
        const node = JSON.parse(require("fs").readFileSync(0, "utf8"));
        process.exit(node.status.conditions.some(({ type, status }) => type === "Ready" && status === "True") ? 0 : 1);'
}

# in_node DIR
in_node() {
    node_folders
    enter "$1"
    [ -e kubelet.yaml ] || die "$dir has no node"
}

import_to() {
    local file files=()
    for file in "${@:2}"; do files+=("$(realpath "$file")"); done
    in_node "$1"
    import "${files[@]}"
}

tag_in() {
    in_node "$1"
    ctr images tag --force "$2" "$3" >/dev/null
}

ingress_in() {
    fetch_ingress
    fetch_clients
    in_node "$1"
    import "$ingress"
    "$kubectl" --kubeconfig "$dir/admin.kubeconfig" apply -f "$parts/traefik.yaml" >log/ingress.log
    "$kubectl" --kubeconfig "$dir/admin.kubeconfig" -n ingress rollout status deployment/traefik "--timeout=${timeout}s" >>log/ingress.log
}

pressure_in() {
    local evict=
    case $2 in
        # For lack of disk the kubelet would remove images too. It evicts by itself only what it has admitted, so that it must begin without.
        on) evict=$'evictionSoft: {pid.available: 1G}\nevictionSoftGracePeriod: {pid.available: 5s}\nevictionMaxPodGracePeriod: 10' ;;
        off) ;;
        *) die "pressure is on or off, not $2" ;;
    esac
    in_node "$1"
    export PATH=$node:$node/debian/usr/bin:$node/debian/usr/sbin:/usr/sbin:/sbin:$PATH
    umask 022
    stop kubelet
    configure_kubelet "$evict"
    start_kubelet
    wait_for kubelet curl -sko /dev/null --noproxy '*' --max-time 5 "https://$node_ip:$kubelet_port/" || failed kubelet
}

# kill_in DIR NAMESPACE POD
kill_in() {
    local id killed=
    in_node "$1"
    for id in $(ctr containers ls -q "labels.\"io.kubernetes.pod.namespace\"==$2,labels.\"io.kubernetes.pod.name\"==$3"); do
        ! ctr tasks kill -s KILL "$id" 2>/dev/null || killed=yes
    done
    [ -n "$killed" ] || die "no process of the pod $2/$3 runs"
}

# import FILE…: image archives
import() {
    local file
    for file; do ctr images import "$file" >>"$dir/log/images.log"; done
}

configure_containerd() {
    mkdir -p containerd cni kubelet pod-logs
    cat >containerd/config.toml <<TOML
version = 2
root = "$dir/containerd/root"
state = "$dir/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$dir/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  # Without CAP_SYS_RESOURCE nobody may lower an oom_score_adj.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$node/debian/usr/lib/cni"
    conf_dir = "$dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$node/debian/usr/sbin/runc"
        Root = "$dir/containerd/runc"
        SystemdCgroup = false
TOML
    cat >cni/10-bridge.conflist <<JSON
{"cniVersion": "0.4.0", "name": "logpipeline", "plugins": [
  {"type": "bridge", "bridge": "$bridge", "isDefaultGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$dir/cni-ipam", "ranges": [[{"subnet": "$pod_range", "gateway": "$pod_gateway"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
JSON
}

# configure_kubelet [SETTINGS]
configure_kubelet() {
    : >resolv.conf
    cat >kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$dir/containerd/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
address: $node_ip
port: $kubelet_port
healthzPort: 0
tlsCertFile: $dir/pki/kubelet-server.crt
tlsPrivateKeyFile: $dir/pki/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
authorization: {mode: Webhook}
clusterDomain: cluster.local
clusterDNS: [$dns_ip]
resolvConf: $dir/resolv.conf
podLogsDir: $dir/pod-logs
enforceNodeAllocatable: []
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}
${1:-}
evictionPressureTransitionPeriod: 1s
imageGCHighThresholdPercent: 99
imageGCLowThresholdPercent: 98
syncFrequency: 5s
nodeStatusUpdateFrequency: 5s
YAML
}

configure_proxy() {
    cat >kube-proxy.yaml <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: {kubeconfig: $dir/kube-proxy.kubeconfig}
hostnameOverride: $node_name
clusterCIDR: $pod_range
bindAddress: $node_ip
healthzBindAddress: $node_ip:10256
metricsBindAddress: $node_ip:10249
nodePortAddresses: [$node_ip/32]
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 0s, syncPeriod: 30s}
YAML
}

# What the bridge forwards to anywhere but itself or lo is dropped.
fence() { iptables -t mangle "$1" FORWARD -i "$bridge" ! -o "$bridge" -m comment --comment "$bridge stays here" -j DROP 2>/dev/null; }

# Goes on where a step finds nothing to take away.
stop_node() {
    local id mount netns folder
    set +e
    export PATH=$node:$node/debian/usr/bin:$node/debian/usr/sbin:/usr/sbin:/sbin:$PATH
    # First, or it would start the containers again.
    stop kubelet
    stop kube-proxy
    stop policies
    if alive containerd; then
        for id in $(ctr tasks ls -q); do ctr tasks kill -s KILL "$id" 2>/dev/null; done
        for id in $(ctr containers ls -q); do
            ctr tasks delete -f "$id" >/dev/null 2>&1
            ctr containers delete "$id" 2>/dev/null
        done
    fi
    stop containerd
    # Where containerd ended before, its containers still run.
    find /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -KILL 2>/dev/null
    pkill -KILL -f "containerd-shim-runc-v2 .*-address $dir/containerd/containerd.sock"
    "$node/kube-proxy" --cleanup >/dev/null 2>&1
    while fence -D; do :; done
    clean_iptables
    clean_sets
    for mount in $(awk -v at="$dir/" 'index($2, at) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount"; done
    for netns in $(ls /run/netns 2>/dev/null | grep '^cni-'); do
        ip netns exec "$netns" ip -4 -o addr show dev eth0 2>/dev/null | grep -q "${pod_gateway%.*}\." && ip netns del "$netns"
    done
    ip link del "$bridge" 2>/dev/null
    ip addr del "$node_ip/32" dev lo 2>/dev/null
    for folder in /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods; do
        [ -d "$folder" ] && find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    [ -f sysctl.saved ] && sysctl -q -p sysctl.saved 2>/dev/null
    [ -f made ] && xargs rm -rf <made
    rm -rf log/pods
    mv pod-logs log/pods 2>/dev/null
    rm -rf sysctl.saved made volumes containerd cni cni-ipam kubelet pod-logs kubelet.yaml kube-proxy.yaml resolv.conf
    set -e
}

clean_sets() {
    local set
    for set in $(with_ipset ipset list -n 2>/dev/null | grep -E '^(inet6:)?KUBE-|^kube-router-'); do with_ipset ipset destroy "$set"; done
}

# What kube-proxy leaves: every chain of it and of the kubelet.
clean_iptables() {
    local command table chain
    for command in iptables ip6tables; do
        for table in filter nat mangle raw; do
            "$command" -t $table -S 2>/dev/null | grep -E '^-A .*(KUBE-|CNI-HOSTPORT|CNI-DN-)' | sed "s/^-A/-t $table -D/" |
                while read -r rule; do xargs "$command" <<<"$rule" 2>/dev/null; done
            for chain in $("$command" -t $table -S 2>/dev/null | awk '/^-N (KUBE-|CNI-HOSTPORT|CNI-DN-)/ {print $2}'); do "$command" -t $table -F "$chain"; done
            for chain in $("$command" -t $table -S 2>/dev/null | awk '/^-N (KUBE-|CNI-HOSTPORT|CNI-DN-)/ {print $2}'); do "$command" -t $table -X "$chain"; done
        done
    done
}
