# shellcheck shell=bash
# Messages, and what the other parts share.

log() { echo "kubernetes: $*" >&2; }

die() {
    log "$*"
    exit 1
}

# locked MESSAGE COMMAND…: one process at a time fills the cache. What a killed one left there is removed first.
locked() {
    mkdir -p "$cache"
    exec 8>"$cache/.lock"
    flock -n 8 || { log "waiting for another $1"; flock 8; }
    remove "$cache"/.making.*
    making=$(mktemp -d "$cache/.making.XXXXXX")
    trap 'remove "$making"' EXIT
    "${@:2}"
    remove "$making"
    trap - EXIT
    exec 8>&-
}

# Go makes the folders of its modules read-only.
remove() {
    chmod -R u+w "$@" 2>/dev/null || true
    rm -rf "$@"
}
