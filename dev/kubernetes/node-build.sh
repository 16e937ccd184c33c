# shellcheck shell=bash
# What a node runs: kubelet, kube-proxy, the images of pause and CoreDNS, and what enforces NetworkPolicies from their published Go modules;
# containerd, runc, the CNI plugins and ipset unpacked from Debian's packages, so that no service starts and nothing is installed.

# node_folders sets node and policies, the folders of all that.
node_folders() {
    node=$cache/$version-node
    policies=$cache/policies-v2.1.0
}

# fetch_node fills them, besides what fetch does; what is missing is built in one go, since most of it is shared.
fetch_node() {
    use_assets || bin=$cache/$version
    node_folders
    [ ! -d "$node" ] || [ ! -d "$policies" ] || [ ! -d "$bin" ] || return 0
    "$here/require.sh" flock go node iptables apt-get dpkg-deb
    locked build make_bin_and_node
}

make_bin_and_node() {
    make_bin
    make_node
    make_policies
}

make_node() {
    [ ! -d "$node" ] || return 0
    log "building a node's parts of Kubernetes $version, once: 5 to 15 minutes on two cores"
    mkdir "$making/node" "$making/programs"
    { build_node && build_images && unpack_debian; } >"$making/log" 2>&1 || failed_build "a node's parts"
    mv "$making/node" "$node"
    log "built $node"
}

build_node() (
    go_settings
    write_module && cd "$making/source" &&
        nice -n 19 go build -trimpath -ldflags "$flags" -o "$making/node/" k8s.io/kubernetes/cmd/{kubelet,kube-proxy}
)

build_images() (
    go_settings
    for image in pause coredns; do
        cp -r "$parts/images/$image" "$making/$image" && cd "$making/$image" &&
            GOFLAGS=-buildvcs=false nice -n 19 go build -trimpath -ldflags '-s -w' -o "$making/programs/$image" . &&
            node "$here/kubernetes/image.mjs" "localhost/$image:1" "$making/programs/$image" "$making/node/$image.tar" || return
    done
)

unpack_debian() {
    unpack "$making/node/debian" containerd runc containernetworking-plugins &&
        [ -x "$making/node/debian/usr/bin/containerd" ] && [ -x "$making/node/debian/usr/sbin/runc" ] && [ -x "$making/node/debian/usr/lib/cni/bridge" ]
}

make_policies() {
    [ ! -d "$policies" ] || return 0
    log "building what enforces NetworkPolicies, once: 1 to 5 minutes on two cores"
    mkdir "$making/policies"
    { build_policies && unpack "$making/policies/debian" ipset libipset13; } >"$making/log" 2>&1 || failed_build "what enforces NetworkPolicies"
    mv "$making/policies" "$policies"
    log "built $policies"
}

build_policies() (
    go_settings
    cp -r "$parts/policies" "$making/policies-source" && cd "$making/policies-source" &&
        GOFLAGS=-buildvcs=false nice -n 19 go build -trimpath -ldflags '-s -w' -o "$making/policies/policies" .
)

# unpack FOLDER PACKAGE…: of Debian's
unpack() (
    mkdir -p "$making/debian/$1" && cd "$making/debian/$1" || exit
    apt-get download -q "${@:2}" || { apt-get update -q && apt-get download -q "${@:2}"; } || exit
    for file in *.deb; do dpkg-deb -x "$file" "$1" || exit; done
)
