#!/bin/sh
# Prints the path of promtool, with which rules of Prometheus are tested: PROMTOOL where it is set, this machine's own, or that of Debian's package
# prometheus, unpacked once into LOGPIPELINE_CACHE, so that no service starts and nothing is installed.
set -eu

missing() {
    echo "promtool is missing: $1; run: sudo apt-get update && sudo apt-get install -y --no-install-recommends prometheus (or set PROMTOOL to its path)" >&2
    exit 1
}

found() {
    echo "$1"
    exit 0
}

if [ -n "${PROMTOOL:-}" ]; then
    command -v "$PROMTOOL" >/dev/null || missing "PROMTOOL is $PROMTOOL, which is no program"
    found "$(command -v "$PROMTOOL")"
fi
if command -v promtool >/dev/null; then found "$(command -v promtool)"; fi

cache=${LOGPIPELINE_CACHE:-$HOME/.cache/logpipeline}
tool=$cache/promtool/usr/bin/promtool
if [ -x "$tool" ]; then found "$tool"; fi

for tool_of_debian in apt-get dpkg-deb; do
    command -v "$tool_of_debian" >/dev/null || missing "there is no $tool_of_debian to fetch it with"
done
mkdir -p "$cache"
making=$(mktemp -d "$cache/.promtool.XXXXXX")
trap 'rm -rf "$making"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
echo "fetching promtool: Debian's package prometheus" >&2
(
    cd "$making"
    apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }
    mkdir unpacked
    dpkg-deb -x prometheus_*.deb unpacked
    # Of 90 MB, half is the server.
    mkdir -p new/usr/bin
    mv unpacked/usr/bin/promtool new/usr/bin/
    new/usr/bin/promtool --version
) >"$making/log" 2>&1 || {
    tail -n 5 "$making/log" >&2
    missing "Debian's package could not be fetched"
}
# Another may have been faster.
mv -T "$making/new" "$cache/promtool" 2>/dev/null || [ -x "$tool" ] || missing "$cache/promtool is in the way"
echo "$tool"
