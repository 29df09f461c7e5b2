#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the Wireshark plugin costs: tshark over a capture of MPTCP only, with the plugin and without, in paired rounds; median of the rounds' ratios of
# processor time.  The aim is 1.15 with the release build: plain tshark, the list of packets, is what Wireshark does fastest and the hardest comparison.
# As a test the limit is generous (MPA_PLUGIN_LIMIT): a test's build runs, and what runs beside it takes the caches that both need; it is to notice when the
# cost doubles.
#
#   plugin.sh [--packets N] [--live N] [--rounds N]
set -euo pipefail
. "$MPA_SOURCE_DIR/tests/support/skip.sh"
LIMIT=${MPA_PLUGIN_LIMIT:-1.15}
PACKETS=200000
LIVE=1000
ROUNDS=5
while [ $# -gt 0 ]; do
    case $1 in
    --packets) PACKETS=$2 && shift ;;
    --live) LIVE=$2 && shift ;;
    --rounds) ROUNDS=$2 && shift ;;
    *) echo "usage: plugin.sh [--packets N] [--live N] [--rounds N]" >&2 && exit 2 ;;
    esac
    shift
done
need tshark
[ "$(id -u)" -ne 0 ] || need setpriv
MODULE=$(find "$MPA_BUILD_DIR/plugins" -name mptcplb.so 2>/dev/null | head -1)
[ -n "$MODULE" ] || skip "the plugin is not built"
BIN=$MPA_BUILD_DIR/bin
TOOLS=${TOOLS:-$BIN}
. "$MPA_SOURCE_DIR/tests/bench/lib.sh"
# Wireshark ignores plugin folders of privileged users, and another user must read what it is given.
WORK=$(mktemp -d /tmp/mpa-bench-XXXXXX)
trap 'rm -rf "$WORK"' EXIT
chmod 755 "$WORK"
mkdir -m 777 "$WORK/home"
mkdir "$WORK/none"
cp -r "$(dirname "$(dirname "$(dirname "$MODULE")")")" "$WORK/plugins"
chmod -R a+rX "$WORK/plugins"
AS=()
[ "$(id -u)" -ne 0 ] || AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# tshark_with none|plugins OPTION...: "wall cpu rss".
tshark_with() {
    local folder=$1
    shift
    took "${AS[@]}" env -u XDG_CONFIG_HOME HOME="$WORK/home" WIRESHARK_PLUGIN_DIR="$WORK/$folder" \
        tshark -n "$@" -r "$WORK/a.pcap"
}

fastest() {
    printf '%s\n' "$@" | sort -g | head -1
}

# rounds TEXT OPTION...: prints the medians; their ratio of processor time is RATIO.  What else the machine does only ever adds to a time: beside them the
# ratio of the fastest ones.
rounds() {
    local text=$1 i wall cpu rss wall0 cpu0 rss0 cpus=() walls=() memory=() stock=() with=()
    shift
    for ((i = 0; i < ROUNDS; i++)); do
        read -r wall0 cpu0 rss0 < <(tshark_with none "$@")
        read -r wall cpu rss < <(tshark_with plugins "$@")
        stock+=("$cpu0")
        with+=("$cpu")
        cpus+=("$(quotient "$cpu" "$cpu0" 3)")
        walls+=("$(quotient "$wall" "$wall0" 3)")
        memory+=("$(quotient "$rss" "$rss0" 3)")
    done
    RATIO=$(median "${cpus[@]}")
    printf '  %-24s stock %.2f s; with the plugin %s times the processor time, %s the wall time, %s the memory; fastest to fastest %s (%s)\n' "$text" \
        "$(median "${stock[@]}")" "$RATIO" "$(median "${walls[@]}")" "$(median "${memory[@]}")" \
        "$(quotient "$(fastest "${with[@]}")" "$(fastest "${stock[@]}")" 3)" "${cpus[*]}"
}

echo "tshark over $PACKETS packets of MPTCP, $LIVE connections at a time, $ROUNDS rounds"
make_capture "$WORK/a.pcap" --packets "$PACKETS" --live "$LIVE" >"$WORK/made"
chmod 644 "$WORK/a.pcap"
tshark_with plugins >/dev/null # Once, for the caches.
rounds "list of packets"
[ -n "${MPA_PLUGIN_LIMIT:-}" ] || {
    FIRST=$RATIO
    rounds "two passes" -2
    rounds "one field" -T fields -e tcp.options.mptcp.subtype
    RATIO=$FIRST
}
awk -v r="$RATIO" -v l="$LIMIT" 'BEGIN { exit !(r <= l) }' || {
    echo "more than $LIMIT"
    exit 1
}
