#!/usr/bin/env bash
# Runs each fuzz target RUNS times, one after the other: dev/fuzz.sh RUNS [TARGET …]. A panic, more than 64 MiB held at once, or an input
# that takes 10 s ends it with an error and leaves the input in model/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/../model/fuzz"

if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2
  exit 1
fi
if ! command -v c++ >/dev/null; then
  echo "fuzzing needs a C++ compiler, e.g. apt-get install -y g++" >&2
  exit 1
fi
runs=$1
shift
fuzz=${CACHE:-$HOME/.cache/logpipeline}/tools/bin/cargo-fuzz
# The address sanitizer would find nothing in safe code, and with the tracing of comparisons it takes most of the time; what
# comparisons would show is in the dictionaries.
build=(--sanitizer none --no-trace-compares)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <("$fuzz" list)
log=$(mktemp)
lines=$(mktemp -d)
trap 'rm -rf "$log" "$lines"' EXIT
# Lines of real software, a file each.
cat ../tests/fixtures/lines/*/*.log | awk -v folder="$lines" 'length { file = folder "/" NR; printf "%s", $0 > file; close(file) }'

# A target that is built while it runs would count the time.
(cd .. && PATH="$(dirname "$fuzz"):$PATH" cargo +nightly fuzz build "${build[@]}")

failed=0
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target"
  inputs=("corpus/$target")
  [ ! -d "seeds/$target" ] || inputs+=("seeds/$target")
  case $target in line | text) inputs+=("$lines") ;; esac
  begun=$SECONDS
  if PATH="$(dirname "$fuzz"):$PATH" cargo +nightly fuzz run "${build[@]}" "$target" "${inputs[@]}" -- \
    -dict="dictionaries/$target" -runs="$runs" -max_len=1024 -rss_limit_mb=128 -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    resident=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
    held=$(sed -n 's/^held: //p' "$log" | tail -n 1)
    edges=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2)
    echo "$target: $executions executions in $((SECONDS - begun)) s, $edges edges, held at most ${held:-1 MiB}, resident with the fuzzer $resident MiB"
  else
    tail -n 40 "$log" >&2
    echo "$target failed" >&2
    failed=1
  fi
done
exit $failed
