#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Damaged and cut captures: tshark with the plugin neither crashes nor reports a dissector bug that stock does not report on the same file.
#
#   bad.sh sample|full [PRELOAD]    PRELOAD: libraries of sanitizers that the module was built with
#
# Variants of one capture are concatenated, so that tshark starts few times.  Everything is deterministic.
set -euo pipefail
. "$MPA_SOURCE_DIR/tests/support/skip.sh"
MODE=$1
PRELOAD=${2:-}
GOLDEN=$MPA_SOURCE_DIR/captures/golden

need tshark editcap mergecap
[ "$(id -u)" -ne 0 ] || need setpriv
MODULE=$(find "$MPA_BUILD_DIR/plugins" -name mptcplb.so 2>/dev/null | head -1)
[ -n "$MODULE" ] || skip "the plugin is not built"
WORK=$(mktemp -d /tmp/mpa-bad-XXXXXX)
trap 'rm -rf "$WORK"' EXIT
# Wireshark ignores plugin folders of privileged users, and another user must read what it is given.
chmod 755 "$WORK"
mkdir -m 777 "$WORK/home"
mkdir "$WORK/none" "$WORK/parts"
cp -r "$(dirname "$(dirname "$(dirname "$MODULE")")")" "$WORK/plugins"
chmod -R a+rX "$WORK/plugins"
AS=()
[ "$(id -u)" -ne 0 ] || AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# decode stock|plugin FILE: everything of every frame; what it says of bugs goes to standard output, sorted, and the count of frames at last.
decode() {
    local with=(WIRESHARK_PLUGIN_DIR="$WORK/none") status=0
    if [ "$1" = plugin ]; then
        with=(WIRESHARK_PLUGIN_DIR="$WORK/plugins")
        [ -z "$PRELOAD" ] || with+=(LD_PRELOAD="$PRELOAD" ASAN_OPTIONS=detect_leaks=0:exitcode=99
            WIRESHARK_DEBUG_WMEM_OVERRIDE=strict)
    fi
    "${AS[@]}" env -u XDG_CONFIG_HOME HOME="$WORK/home" "${with[@]}" tshark -2 -n -V -x -r "$2" \
        >"$WORK/out" 2>"$WORK/err" || status=$?
    if [ "$status" -ne 0 ]; then
        echo "tshark, $1, $2: exit status $status" >&2
        grep -vF 'Dissector bug' "$WORK/err" | tail -30 >&2
        return 1
    fi
    if grep -aE 'runtime error|AddressSanitizer|mptcplb|CRITICAL' "$WORK/err" >&2; then
        echo "tshark, $1, $2: see above" >&2
        return 1
    fi
    sed -nE 's/.*(Dissector bug, protocol .*)/\1/p' "$WORK/err" | sort
    grep -acE '^Frame [0-9]+: ' "$WORK/out"
    grep -acF 'MPTCP load balancing' "$WORK/out" >"$WORK/items" || true
}

# compare NAME: the parts as one file, with and without the plugin.
failed=0
compare() {
    mergecap -a -F pcapng -w "$WORK/all.pcapng" "$WORK"/parts/*
    rm -f "$WORK"/parts/*
    if ! decode stock "$WORK/all.pcapng" >"$WORK/stock" || ! decode plugin "$WORK/all.pcapng" >"$WORK/plugin"; then
        failed=1
        keep "$1"
    elif ! cmp -s "$WORK/stock" "$WORK/plugin"; then
        echo "$1: frames or dissector bugs differ (<: stock)"
        diff "$WORK/stock" "$WORK/plugin" | head -20 || true
        failed=1
        keep "$1"
    fi
    if [ "$(cat "$WORK/items")" = 0 ]; then
        echo "$1: the plugin showed nothing"
        failed=1
    fi
    echo "$1: $(tail -1 "$WORK/stock") frames, $(cat "$WORK/items") items of the plugin," \
        "$(grep -c bug "$WORK/stock" || true) bugs in stock"
}

# A file that fails is kept where one can look at it.
keep() {
    local dir=$MPA_BUILD_DIR/bad-input
    mkdir -p "$dir"
    cp "$WORK/all.pcapng" "$dir/$1.pcapng"
    echo "kept: $dir/$1.pcapng"
}

# damage FILE NAME PROBABILITY SEED
damage() {
    editcap -E "$3" --seed "$4" -F nsecpcap "$1" "$WORK/parts/$2-e$3-$4" 2>"$WORK/editcap" ||
        { cat "$WORK/editcap" && exit 1; }
}

# shorten FILE NAME LENGTH
shorten() {
    editcap -s "$3" -F nsecpcap "$1" "$WORK/parts/$2-s$3"
}

synth() {
    "$MPA_SYNTH" "$@" -o "$WORK/synth.pcap"
}

sample() {
    local file name n=0 scenario

    for file in anycast-demo/router nat4/balancer bad-join-hmac6/client vxlan4/client tunnel-gre6/client; do
        n=$((n + 1))
        name=${file//\//-}
        damage "$GOLDEN/$file.pcap" "$name" 0.02 $n
        for length in 14 $((30 + n)) $((54 + 3 * n)) $((66 + 5 * n)) $((90 + n)); do
            shorten "$GOLDEN/$file.pcap" "$name" $length
        done
    done
    compare golden
    for scenario in icnp resets odd-options dss-mixed copies-sll2 "rule FMT-01 breaks" "rule AA-02 breaks"; do
        n=$((n + 1))
        # shellcheck disable=SC2086
        synth $scenario
        for seed in 1 2 3 4; do
            damage "$WORK/synth.pcap" "${scenario// /-}" 0.0$seed $((n * seed))
        done
        shorten "$WORK/synth.pcap" "${scenario// /-}" $((50 + 7 * n))
    done
    compare synth
}

full() {
    local file name length step p seed scenario

    for file in "$GOLDEN"/*/*.pcap; do
        name=$(basename "$(dirname "$file")")-$(basename "$file" .pcap)
        step=8
        [ "$(basename "$file")" != client.pcap ] || step=1
        for ((length = 14; length <= 128; length += step)); do
            shorten "$file" "$name" $length
        done
        for p in 0.005 0.02 0.05; do
            for seed in 1 2 3; do
                damage "$file" "$name" $p $seed
            done
        done
        compare "$name"
    done
    while read -r scenario _; do
        synth "$scenario"
        for p in 0.01 0.02 0.05; do
            for seed in 1 2 3 4 5 6; do
                damage "$WORK/synth.pcap" "$scenario" $p $seed
            done
        done
        compare "$scenario"
    done < <("$MPA_SYNTH" --list)
}

case $MODE in
sample) sample ;;
full) full ;;
*) echo "usage: bad.sh sample|full [PRELOAD]" >&2 && exit 2 ;;
esac
exit $failed
