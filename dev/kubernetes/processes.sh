# shellcheck shell=bash
# Processes in the current folder, each with NAME.pid: its number, and when it started, which tells it from a later one with that number.

started=()

start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
    read -ra stat <<<"${stat##*) }"
    [ "${stat[0]}" != Z ] && echo "${stat[19]}"
}

alive() {
    local pid since
    [ -f "$1.pid" ] && read -r pid since <"$1.pid" && [ -n "$since" ] && [ "$(start_time "$pid")" = "$since" ]
}

# start NAME COMMAND…: where it does not run already. It must not keep our lock.
start() {
    if alive "$1"; then return; fi
    mkdir -p log
    setsid "${@:2}" >>"log/$1.log" 2>&1 </dev/null 9<&- &
    echo "$! $(start_time $!)" >"$1.pid"
    started+=("$1")
    disown
}

# Nothing of a cluster is kept, so nothing has to end in order.
stop() {
    local pid
    if alive "$1"; then
        read -r pid _ <"$1.pid"
        while alive "$1"; do
            kill -KILL -- "-$pid" 2>/dev/null || true
            sleep 0.05
        done
    fi
    rm -f "$1.pid"
}

# wait_for NAME COMMAND…: until the command succeeds; fails where NAME ended before, or after $timeout seconds.
wait_for() {
    local deadline=$((SECONDS + timeout))
    until "${@:2}" >/dev/null 2>&1; do
        alive "$1" && [ $SECONDS -lt "$deadline" ] || return 1
        sleep 0.1
    done
}
