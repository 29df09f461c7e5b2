#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guard against a large loss of speed: median of five paired rounds on two million packets.  The aim of 3 times the floor is for the
# release build on a machine with nothing else to do, and run.sh prints it; here a test's build runs, and where the two threads must
# share one processor that alone costs a factor of two.  MPA_BENCH_LIMIT sets another limit.
set -euo pipefail
LIMIT=${MPA_BENCH_LIMIT:-8}
BIN=$MPA_BUILD_DIR/bin
TOOLS=$BIN
. "$MPA_SOURCE_DIR/tests/bench/lib.sh"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

make_capture "$WORK/a.pcap" --packets 2000000 --live 10000
wall_of "$BIN/mptcp-analyze" "$WORK/a.pcap" >/dev/null # Once, for the caches.
for ((series = 1; series <= 3; series++)); do
    ratios=()
    for ((i = 0; i < 5; i++)); do
        floor=$(wall_of "$TOOLS/bench_floor" "$WORK/a.pcap")
        ratios+=("$(quotient "$(wall_of "$BIN/mptcp-analyze" "$WORK/a.pcap")" "$floor" 3)")
    done
    ratio=$(median "${ratios[@]}")
    echo "series $series: ${ratios[*]}: median $ratio times the floor, at most $LIMIT"
    if awk -v r="$ratio" -v l="$LIMIT" 'BEGIN { exit !(r <= l) }'; then
        exit 0
    fi
done
exit 1
