# shellcheck shell=bash
# Starts and stops a node.

# up KIND DIR PORT wait|''
up() {
    select_kind "$1"
    check_arguments "$2" "$3"
    need flock util-linux
    need curl curl
    mkdir -p "$2"
    dir=$(cd "$2" && pwd -P)
    port=$3
    url=http://$host:$port
    [ "$security" != tls ] || url=https://$host:$port
    exec 9>"$dir/.lock"
    flock "9"
    if running; then
        [ "$(cat "$dir/node")" = "$kind $url $security" ] || die "another node runs in $dir ($(cat "$dir/node")): stop it with down $dir, or take another DIR"
    else
        start
    fi
    wait_ready "$4"
    log "$kind $version is ready at $url, pid $(cat "$dir/pid")"
    echo "$url"
}

down() {
    [ -d "$1" ] || die "there is no folder $1"
    dir=$(cd "$1" && pwd -P)
    exec 9>"$dir/.lock"
    flock "9"
    if running; then stop; else log "nothing runs in $dir"; fi
    rm -f "$dir/pid"
}

check_arguments() {
    [[ $2 =~ ^[1-9][0-9]*$ && $2 -le 65535 ]] || die "PORT must be a number from 1 to 65535, not $2"
    [[ ! "$(realpath -m "$1")" =~ [[:space:]] ]] || die "DIR must have no white space: $1"
    case $security in
        0) ;;
        basic | tls)
            [ -n "$securable" ] || die "$kind has no security here; the kinds that have it: elasticsearch-9, elasticsearch-8, opensearch-2"
            [ ${#password} -ge 6 ] || die 'SEARCH_PASSWORD must have 6 characters or more'
            ;;
        *) die "SEARCH_SECURITY must be 0, basic or tls, not $security" ;;
    esac
}

# The process is known by this option on its command line, so that no other one that got its number is ever ended.
marker() { echo "-Dlogpipeline.search-server=$dir"; }

running() {
    local pid
    pid=$(cat "$dir/pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "$(marker)"
} 2>/dev/null

start() {
    (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null && die "port $port is taken by another process"
    if [ -f "$dir/kind" ] && [ "$(cat "$dir/kind")" != "$kind" ]; then
        die "$dir holds the data of $(cat "$dir/kind"): take another DIR"
    fi
    fetch
    rm -f "$dir/pid"
    configure
    echo "$kind" >"$dir/kind"
    echo "$kind $url $security" >"$dir/node"
    [ "$(id -u)" != 0 ] || chown -R "$uid:$uid" "$dir"
    choose_user
    [ "$security:$family" = 0:elasticsearch ] || [ "$family" != elasticsearch ] || elasticsearch_user
    log "starting $kind $version with $java"
    trap 'abandon' EXIT
    trap 'exit 130' INT TERM
    server_command "$family" -d -p "$dir/pid" >"$dir/logs/launch.log" 2>&1 || failed 'did not start'
}

# server_command NAME ARGUMENT…: one of the distribution's own commands, as the server's user. It must not keep our locks.
server_command() {
    local prefix=ES name=$1
    [ "$family" != opensearch ] || prefix=OPENSEARCH
    (
        cd "$dir" || exit
        unset JAVA_OPTS JAVA_TOOL_OPTIONS ES_JAVA_OPTS OPENSEARCH_JAVA_OPTS
        exec "${as_server[@]}" env "HOME=$dir" "JAVA_HOME=$java" "${prefix}_JAVA_HOME=$java" "${prefix}_PATH_CONF=$dir/config" "${prefix}_TMPDIR=$dir/tmp" \
            "$home/bin/$name" "${@:2}" 9>&- </dev/null
    )
}

wait_ready() {
    local deadline=$((SECONDS + timeout)) path='/_cluster/health?wait_for_status=yellow&timeout=1s'
    [ -z "$1" ] || path+='&wait_for_no_initializing_shards=true'
    local ask=(curl -ksf --max-time 10 -o /dev/null)
    [ "$security" = 0 ] || ask+=(-u "$user:$password")
    # OpenSearch and Elasticsearch 6 write the pid file only some seconds after their launcher returns.
    until "${ask[@]}" "$url$path"; do
        [ $SECONDS -lt "$deadline" ] || failed "is not ready after $timeout s"
        [ ! -f "$dir/pid" ] || running || failed 'ended while starting'
        sleep 0.3
    done
    running || failed "is not what answers at $url"
    trap - EXIT INT TERM
}

failed() {
    tail -n 20 "$dir/logs/launch.log" >&2
    die "$kind $1; see $dir/logs/"
}

abandon() { if running; then stop; fi; }

stop() {
    local pid deadline=$((SECONDS + 60))
    pid=$(cat "$dir/pid")
    kill "$pid"
    while running; do
        if [ $SECONDS -ge $deadline ]; then
            log "pid $pid does not stop: killing it"
            kill -9 "$pid"
            deadline=$((SECONDS + 60))
        fi
        sleep 0.2
    done
    log "stopped pid $pid"
}
