# shellcheck shell=bash
# What a node runs: kubelet, kube-proxy, the images of pause and CoreDNS from their published Go modules; containerd, runc and the CNI plugins
# unpacked from Debian's packages, so that no service starts and nothing is installed.

# fetch_node sets node, the folder of all that, besides what fetch does; what is missing is built in one go, since most of it is shared.
fetch_node() {
    use_assets || bin=$cache/$version
    node=$cache/$version-node
    [ ! -d "$node" ] || [ ! -d "$bin" ] || return 0
    "$here/require.sh" flock go node iptables apt-get dpkg-deb
    locked build make_bin_and_node
}

make_bin_and_node() {
    make_bin
    make_node
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
    local packages=(containerd runc containernetworking-plugins) file
    mkdir "$making/debian" && cd "$making/debian" || return
    apt-get download -q "${packages[@]}" || { apt-get update -q && apt-get download -q "${packages[@]}"; } || return
    for file in *.deb; do dpkg-deb -x "$file" "$making/node/debian" || return; done
    [ -x "$making/node/debian/usr/bin/containerd" ] && [ -x "$making/node/debian/usr/sbin/runc" ] && [ -x "$making/node/debian/usr/lib/cni/bridge" ]
}
