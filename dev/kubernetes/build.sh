# shellcheck shell=bash
# Builds the servers from their published Go modules. Only the finished binaries are kept.

# fetch sets bin, the folder of the servers.
fetch() {
    bin=$cache/$version
    [ ! -d "$bin" ] || return 0
    "$here/require.sh" flock go
    locked build make_bin
}

make_bin() {
    [ ! -d "$bin" ] || return 0
    log "building Kubernetes $version, once: 8 to 25 minutes on two cores, and 7 GB of disk meanwhile"
    build >"$making/log" 2>&1 || failed_build Kubernetes
    mv "$making/servers" "$bin"
    log "built $bin"
}

failed_build() {
    grep -v '^go: downloading' "$making/log" | tail -n 20 >&2
    die "failed to build $1"
}

# For a subshell: the settings end with it.
go_settings() {
    export GOPATH=$making/go GOMODCACHE=$making/go/pkg/mod GOCACHE=$making/build GOTMPDIR=$making/tmp
    export GOFLAGS='-mod=mod -buildvcs=false' GOWORK=off CGO_ENABLED=0
    local info=k8s.io/component-base/version minor=${version#v1.}
    flags="-s -w -X $info.gitVersion=$version -X $info.gitMajor=1 -X $info.gitMinor=${minor%%.*} -X $info.gitTreeState=clean"
    mkdir -p "$making/tmp"
}

build() (
    go_settings
    mkdir "$making/servers" && write_module && cd "$making/source" &&
        # etcd comes in the version that this Kubernetes was tested with: its go.mod names it.
        nice -n 19 go build -trimpath -ldflags "$flags" -o "$making/servers/" \
            go.etcd.io/etcd/server/v3 k8s.io/kubernetes/cmd/kube-{apiserver,controller-manager,scheduler} &&
        mv "$making/servers/server" "$making/servers/etcd"
)

# Kubernetes' own go.mod finds its staging modules in a folder beside it by replace directives, which count for nobody
# who requires it: here they are the published ones of the same release.
write_module() (
    from=$making/go/pkg/mod/k8s.io/kubernetes@$version staging=v0.${version#v1.}
    # A node's parts are built of the same.
    mkdir "$making/source" 2>/dev/null || exit 0
    cd "$making/source" || exit
    echo 'module servers' >go.mod
    go mod download "k8s.io/kubernetes@$version" || exit
    {
        echo 'module servers'
        sed -E "/^module /d; /^replace \(/,/^\)/d; s#(k8s\.io/[a-z-]+) v0\.0\.0( |\$)#\1 $staging\2#" "$from/go.mod"
        echo "require k8s.io/kubernetes $version"
        sed -nE "s#^[[:space:]]+([^ ]+) => \./staging/.*#replace \1 => \1 $staging#p" "$from/go.mod"
    } >go.mod
    install -m 644 "$from/go.sum" go.sum
)
