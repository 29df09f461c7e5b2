# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of the command line: run it, look at what it said.
set -uo pipefail

here=$MPA_SOURCE_DIR/tests
. "$here/support/skip.sh"

# A real capture, and others that are written here byte by byte.
golden=$MPA_SOURCE_DIR/captures/golden/nat4
capture=$golden/client.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # One test looks at it as another user.

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    for file in out err; do
        if [ -s "$work/$file" ]; then
            printf -- '--- std%s ---\n' "$file" >&2
            head -20 "$work/$file" >&2
        fi
    done
    exit 1
}

# analyze ARG...: standard output to $work/out, standard error to $work/err, status to $status.
analyze() {
    "$MPA_ANALYZE" "$@" >"$work/out" 2>"$work/err"
    status=$?
}

expect_status() {
    [ "$status" -eq "$1" ] || fail "status is $status, not $1"
}

# expect_line REGEX: standard error is this one line.
expect_line() {
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "not one line on standard error"
    expect_error "$1"
}

expect_error() {
    grep -Eq -- "$1" "$work/err" || fail "standard error does not say: $1"
}

expect_silence() {
    [ ! -s "$work/err" ] || fail "there is something on standard error"
}

expect_nothing() {
    [ ! -s "$work/out" ] || fail "there is something on standard output"
}

expect_out() {
    grep -Eq -- "$1" "$work/out" || fail "standard output does not say: $1"
}

# expect_usage REGEX: the line, then the usage line; status 2; no report.
expect_usage() {
    expect_status 2
    expect_nothing
    [ "$(wc -l <"$work/err")" -eq 2 ] || fail "not two lines on standard error"
    sed -n 1p "$work/err" | grep -Eq -- "$1" || fail "the first line does not say: $1"
    sed -n 2p "$work/err" | grep -q '^Usage: mptcp-analyze ' || fail "no usage line"
}

# json PATTERN: how often the extended pattern occurs in the JSON report on standard output.
json() {
    grep -Eo -- "$1" "$work/out" | wc -l
}

# packets [FILE]: the "packets" of the captures in a JSON report, one a line.
packets() {
    grep -Eo '"file":"[^"]*","vantage":"[a-z]*","link_types":[^]]*\],"packets":[0-9]+' "${1:-$work/out}" |
        sed 's/.*"packets"://'
}

le32() {
    printf '%08x' "$1" | sed -E 's/(..)(..)(..)(..)/\\x\4\\x\3\\x\2\\x\1/'
}

# pcap_header LINKTYPE: of a little-endian pcap file.
pcap_header() {
    printf '\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00'
    printf '%b' "$(le32 "$1")"
}

# pcap_packet SECONDS BYTES...: one packet, bytes as two hex digits each.
pcap_packet() {
    local seconds=$1 size
    shift
    size=$#
    printf '%b' "$(le32 "$seconds")$(le32 0)$(le32 "$size")$(le32 "$size")"
    printf '%b' "$(printf '\\x%s' "$@")"
}

# An Ethernet frame that holds ARP (RFC 826): readable, but no TCP.
arp="ff ff ff ff ff ff 02 00 00 00 00 01 08 06 00 01 08 00 06 04 00 01 02 00 00 00 00 01 c0 00 02 01
00 00 00 00 00 00 c0 00 02 02"
# An Ethernet frame that holds a SYN of 192.0.2.1:40000 to 192.0.2.2:80.
syn="02 00 00 00 00 02 02 00 00 00 00 01 08 00 45 00 00 28 00 01 00 00 40 06 00 00 c0 00 02 01 c0 00
02 02 9c 40 00 50 00 00 00 01 00 00 00 00 50 02 ff ff 00 00 00 00"
