# shellcheck shell=bash
# Messages, and the tools that the rest calls.

log() { echo "search-server: $*" >&2; }

die() {
    log "$*"
    exit 1
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# install PACKAGE…: false where that can't be done.
install() {
    can_install || return 1
    log "installing: apt-get install -y --no-install-recommends $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null 2>&1
}

# need COMMAND PACKAGE
need() {
    command -v "$1" >/dev/null || install "$2" || die "$1 is missing: run apt-get install -y $2 (as root), or install it with your package manager"
}

java_major() { "$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1; }

java_homes() {
    local path
    path=$(command -v java || true)
    [ -z "$path" ] || path=$(dirname "$(dirname "$(readlink -f "$path")")")
    printf '%s\n' "${JAVA_HOME:-}" "$path" /usr/lib/jvm/*
}

# fits HOME: whether this Java runs the kind.
fits() {
    local major
    [ -x "$1/bin/java" ] || return 1
    [ -z "$java_tool" ] || [ -x "$1/bin/$java_tool" ] || return 1
    major=$(java_major "$1")
    [ "${major:-0}" -ge "$java_min" ] && [ "$major" -le "$java_max" ]
}

find_java() {
    local candidate
    java=
    if [ -n "${SEARCH_JAVA_HOME:-}" ]; then
        fits "$SEARCH_JAVA_HOME" || die "SEARCH_JAVA_HOME=$SEARCH_JAVA_HOME does not fit: $kind needs $java_words"
        java=$SEARCH_JAVA_HOME
        return
    fi
    while read -r candidate; do
        if [ -n "$candidate" ] && fits "$candidate"; then
            java=$candidate
            return
        fi
    done < <(java_homes)
    return 1
}

need_java() {
    find_java || { install "$java_package" && find_java; } ||
        die "$kind needs $java_words: run apt-get install -y $java_package (as root), or set SEARCH_JAVA_HOME to the home of one"
}

# The servers refuse to run as root, and the other user can't reach the cache in root's home or a folder of root's.
# Where it must, it runs with the one capability that lets it read them, instead of opening them to everybody.
choose_user() {
    as_server=()
    [ "$(id -u)" = 0 ] || return 0
    need setpriv util-linux
    local drop=(setpriv "--reuid=$uid" "--regid=$uid" --clear-groups) capability
    for capability in '' dac_read_search dac_override; do
        as_server=("${drop[@]}")
        # Without this bit access(2), which Java asks first, looks away from capabilities.
        [ -z "$capability" ] || as_server+=(--securebits=+no_setuid_fixup "--inh-caps=-all,+$capability" "--ambient-caps=-all,+$capability")
        # shellcheck disable=SC2016  # They are the inner shell's arguments.
        if "${as_server[@]}" sh -c 'test -r "$1/config" && test -x "$2/bin/java" && test -w "$3"' sh "$home" "$java" "$dir" 2>/dev/null; then
            return
        fi
    done
    die "the user $uid can't reach $home, $java and $dir: put LOGPIPELINE_CACHE, Java and DIR where it can, e.g. below /var/tmp"
}
