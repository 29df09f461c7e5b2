#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Speed and memory of mptcp-analyze: see usage().
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/bench/lib.sh

PACKETS=2000000
PEER_PACKETS=1000000
LIVE=10000
ROUNDS=5
MEMORY=yes
BUILD=${BUILD:-build}

usage() {
    cat <<'END'
usage: tests/bench/run.sh [--packets N] [--rounds N] [--live N] [--build FOLDER] [--no-memory] [--no-peers]

Captures of N packets (2000000; 10000000 is what the aim is stated for) with snap length 128 and 10000 live connections. In each
of five paired rounds: an empty pcap_loop (the floor), the text report, the JSON report; then on one million packets the report, tshark and,
where they are installed, tcptrace and mptcptrace. Medians of the rounds' ratios. Then memory.
END
}

PEERS=yes
while [ $# -gt 0 ]; do
    case $1 in
    --packets) PACKETS=$2 && shift ;;
    --rounds) ROUNDS=$2 && shift ;;
    --live) LIVE=$2 && shift ;;
    --build) BUILD=$2 && shift ;;
    --no-memory) MEMORY= ;;
    --no-peers) PEERS= ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done
BIN=$PWD/$BUILD/bin
for program in mptcp-analyze mpa-synth; do
    [ -x "$BIN/$program" ] || die "$BIN/$program is missing: build first (./build.sh bench does)"
done
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# A build without tests has them not.
TOOLS=$WORK
for program in floor measure; do
    ${CC:-cc} -std=gnu11 -O2 -o "$WORK/bench_$program" tests/bench/$program.c -lpcap ||
        die "$program.c does not compile"
done

declare -A WALLS RATIOS
# note NAME WALL BASE: one round's time and its ratio to the round's base.
note() {
    WALLS[$1]+=" $2"
    RATIOS[$1]+=" $(quotient "$2" "$3" 4)"
}

# line NAME TEXT PACKETS DIVISOR: medians of one measured command; the ratio is inverted for peers.
line() {
    local wall ratio
    # shellcheck disable=SC2086
    wall=$(median ${WALLS[$1]})
    # shellcheck disable=SC2086
    ratio=$(median ${RATIOS[$1]})
    printf '  %-36s %9.3f s %12s packets/s   %s %s\n' "$2" "$wall" "$(quotient "$3" "$wall" 0)" \
        "$(quotient "$ratio" 1 2)" "$4"
}

speed() {
    local file=$WORK/main.pcap floor wall i
    printf 'Speed: '
    make_capture "$file" --packets "$PACKETS" --live "$LIVE"
    printf '%s, snap length 128, %d paired rounds, %d processors\n' "$(du -h --apparent-size "$file" | cut -f1)" \
        "$ROUNDS" "$(nproc)"
    for ((i = 0; i < ROUNDS; i++)); do
        floor=$(wall_of "$TOOLS/bench_floor" "$file")
        note floor "$floor" "$floor"
        wall=$(wall_of "$BIN/mptcp-analyze" "$file")
        note text "$wall" "$floor"
        wall=$(wall_of "$BIN/mptcp-analyze" --report=json "$file")
        note json "$wall" "$floor"
    done
    line floor "floor: empty pcap_loop" "$PACKETS" ""
    line text "mptcp-analyze, text report" "$PACKETS" "times the floor (median of the rounds)"
    line json "mptcp-analyze, JSON report" "$PACKETS" "times the floor"
    rm -f "$file"
}

# Commands of the peers, on a file. There is no one command of tshark for the questions of the report: those who answer them with it export
# the packets' fields and go on from there. Its list of TCP conversations is what it does fastest with every packet.
FIELDS=(frame.number frame.time_epoch eth.dst ip.src ip.dst ip.ttl ip.id tcp.srcport tcp.dstport tcp.flags tcp.seq_raw tcp.ack_raw
    tcp.window_size_value tcp.len tcp.options.timestamp.tsval tcp.options.mptcp.subtype tcp.options.mptcp.sendkey
    tcp.options.mptcp.recvtok tcp.options.mptcp.addrid tcp.options.mptcp.echo tcp.options.mptcp.ipv4
    tcp.options.mptcp.rawdataseqno tcp.options.mptcp.rawdataack tcp.options.mptcp.datalvllen mptcp.stream)
peer_fields() {
    # shellcheck disable=SC2046
    wall_of tshark -n -r "$1" -T fields $(printf -- '-e %s ' "${FIELDS[@]}")
}
peer_tshark() { wall_of tshark -n -q -r "$1" -z conv,tcp; }
peer_tcptrace() { wall_of tcptrace -n "$1"; }
peer_mptcptrace() { (cd "$WORK" && wall_of mptcptrace -f "$1" -s); }

peers() {
    local file=$WORK/peer.pcap i own wall present=() peer
    local -A text=([fields]="tshark, the fields the report needs" [tshark]="tshark, TCP conversations only"
        [tcptrace]=tcptrace [mptcptrace]=mptcptrace)
    for peer in tshark tcptrace mptcptrace; do
        if command -v $peer >/dev/null; then
            [ $peer != tshark ] || present+=(fields)
            present+=($peer)
        else
            echo "  $peer is not installed: not compared"
        fi
    done
    printf 'Peers: '
    make_capture "$file" --packets "$PEER_PACKETS" --live "$LIVE"
    for ((i = 0; i < ROUNDS; i++)); do
        own=$(wall_of "$BIN/mptcp-analyze" "$file")
        note own "$own" "$own"
        for peer in "${present[@]}"; do
            wall=$("peer_$peer" "$file")
            note "$peer" "$wall" "$own"
        done
    done
    line own "mptcp-analyze, text report" "$PEER_PACKETS" ""
    for peer in "${present[@]}"; do
        line "$peer" "${text[$peer]}" "$PEER_PACKETS" "times the time of mptcp-analyze"
    done
    rm -f "$file"
}

# resident NAME OPTION...: largest resident set over a capture, KiB.
resident() {
    local file=$WORK/memory.pcap rss
    make_capture "$file" "$@" >"$WORK/made"
    rss=$(rss_of "$BIN/mptcp-analyze" "$file")
    rm -f "$file"
    echo "$rss"
}

memory() {
    local zero n rss few many
    echo "Memory: largest resident set; every connection has two subflows and none ends"
    zero=$(resident --packets 3 --live 1)
    printf '  %-44s %9d KiB\n' "no connection" "$zero"
    for n in 10000 50000 100000; do
        rss=$(resident --packets $((n * 20)) --live $n --never-close)
        printf '  %-44s %9d KiB   %s bytes a live connection\n' "$n live connections" "$rss" \
            "$(quotient $(((rss - zero) * 1024)) $n 0)"
    done
    few=$(resident --packets 500000 --live 10000 --never-close)
    many=$(resident --packets 4000000 --live 10000 --never-close)
    printf '  %-44s %9d KiB   %d KiB with eight times the packets\n' "10000 live, 500000 packets" "$few" "$many"
    few=$(resident --packets 500000 --live 1000 --connections 10000)
    many=$(resident --packets 4000000 --live 1000 --connections 80000)
    printf '  %-44s %9d KiB   %d KiB with eight times the connections\n' "1000 live of 10000 that ended" "$few" "$many"
}

# The plugin against stock tshark; a build without Wireshark's development files has none.
plugin() {
    if [ -d "$BUILD/plugins" ] && command -v tshark >/dev/null; then
        MPA_SOURCE_DIR=$PWD MPA_BUILD_DIR=$PWD/$BUILD TOOLS=$TOOLS tests/bench/plugin.sh --rounds "$ROUNDS" || true
    else
        echo "The plugin: not built, or no tshark"
    fi
}

speed
[ -z "$PEERS" ] || peers
[ -z "$PEERS" ] || plugin
[ -z "$MEMORY" ] || memory
