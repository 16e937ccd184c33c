#!/usr/bin/env bash
# Runs a command with a real VictoriaLogs to import from.
#
#   dev/with-victorialogs.sh cargo test -p logpipeline-generator --test it -- --ignored
#
# Its published Go modules are built once, in about a minute; only the finished binary is kept, in LOGPIPELINE_CACHE. Where VICTORIALOGS_URL is set
# already, that server is used.
set -euo pipefail

[ -z "${VICTORIALOGS_URL:-}" ] || exec "$@"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=v1.51.1-0.20260624061259-dc94972a8708 library=v1.148.0
cache=${LOGPIPELINE_CACHE:-$HOME/.cache/logpipeline}/victorialogs
bin=$cache/$version/victoria-logs

build() (
    cd "$1"
    export GOPATH=$1/go GOMODCACHE=$1/go/pkg/mod GOCACHE=$1/build GOFLAGS='-mod=mod -modcacherw -buildvcs=false' GOWORK=off CGO_ENABLED=0
    printf '%s\n' 'module servers' "go $(go env GOVERSION | sed 's/^go//; s/ .*//')" "require github.com/VictoriaMetrics/VictoriaLogs $version" \
        "require github.com/VictoriaMetrics/VictoriaMetrics $library" >go.mod
    printf '%s\n' '//go:build tools' '' 'package tools' '' 'import _ "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs"' >tools.go
    nice -n 19 go build -trimpath -ldflags '-s -w' -o victoria-logs github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs
)

state=$(mktemp -d "${TMPDIR:-/tmp}/logpipeline-victorialogs-XXXXXX")
server=
stop() {
    code=$?
    trap - EXIT
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
    rm -rf "$state"
    exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -x "$bin" ]; then
    "$here/require.sh" go flock
    mkdir -p "$cache"
    exec 8>"$cache/.lock"
    flock 8
    if [ ! -x "$bin" ]; then
        echo "building VictoriaLogs $version, once: about a minute" >&2
        mkdir "$state/making"
        build "$state/making" >"$state/log" 2>&1 || {
            grep -v '^go: downloading' "$state/log" | tail -n 20 >&2
            echo 'failed to build VictoriaLogs' >&2
            exit 1
        }
        mkdir -p "${bin%/*}"
        mv "$state/making/victoria-logs" "$bin"
        rm -rf "$state/making"
    fi
    exec 8>&-
fi

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
"$bin" -storageDataPath="$state/data" -httpListenAddr="127.0.0.1:$port" -retentionPeriod=100y >"$state/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    curl --silent --fail --output /dev/null "http://127.0.0.1:$port/health" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
curl --silent --fail --output /dev/null "http://127.0.0.1:$port/health" || {
    tail -n 20 "$state/log" >&2
    echo 'VictoriaLogs did not start' >&2
    exit 1
}
export VICTORIALOGS_URL=http://127.0.0.1:$port
"$@"
