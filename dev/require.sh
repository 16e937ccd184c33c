#!/bin/sh
# Checks that the named tools are here; says in one line how to install one that is not.
set -eu

missing() {
    echo "$1 is missing: $2" >&2
    exit 1
}

# debian NAME PACKAGE HINT: installs a package where this may be done without asking.
debian() {
    install="apt-get install -y --no-install-recommends $2"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $1: $install" >&2
        { apt-get update -qq && $install -qq; } >/dev/null 2>&1 || missing "$1" "run: apt-get update && $install"
    else
        missing "$1" "run: sudo apt-get update && sudo $install $3"
    fi
}

node_hint='install Node.js 20.19 or newer from https://nodejs.org'
go_hint='install Go 1.24 or newer from https://go.dev/dl'

for tool; do
    case $tool in
        cargo) command -v cargo >/dev/null || missing cargo 'install Rust from https://rustup.rs' ;;
        cc) command -v cc >/dev/null || missing cc 'install a C compiler, e.g. apt-get install -y build-essential' ;;
        go)
            command -v go >/dev/null || missing go "$go_hint"
            case $(go env GOVERSION) in
                go1.[0-9] | go1.[0-9].* | go1.1[0-9]* | go1.2[0-3]*) missing 'Go 1.24 or newer' "this is $(go env GOVERSION); $go_hint" ;;
            esac
            ;;
        openssl | curl | unzip) command -v "$tool" >/dev/null || missing "$tool" "install it, e.g. apt-get install -y $tool" ;;
        flock | setsid) command -v "$tool" >/dev/null || missing "$tool" 'install util-linux, e.g. apt-get install -y util-linux' ;;
        npm) command -v npm >/dev/null || missing npm "$node_hint" ;;
        node)
            command -v node >/dev/null || missing node "$node_hint"
            node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
                missing 'Node.js 20.19 or newer' "this is $(node --version); $node_hint"
            ;;
        chromium) command -v "${CHROMIUM:-chromium}" >/dev/null || debian Chromium chromium '(or set CHROMIUM to its path)' ;;
        iptables) command -v iptables >/dev/null || [ -x /usr/sbin/iptables ] || debian iptables iptables '' ;;
        *) command -v "$tool" >/dev/null || missing "$tool" 'install it with your package manager' ;;
    esac
done
