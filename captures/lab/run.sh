#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Records one scenario of the lab: captures and the truth beside them.
#
#   captures/lab/run.sh --list
#   captures/lab/run.sh SCENARIO OUTDIR
#
# Needs root, a kernel with MPTCP, iproute2, nftables, ethtool, tcpdump and a C compiler.
set -u
LAB_DIR=$(cd "$(dirname "$0")" && pwd)
FAMILY=4
. "$LAB_DIR/lib.sh"
for file in "$LAB_DIR"/scenarios/*.sh; do
    . "$file"
done

list() {
    sed -n 's/^scenario_\([a-z0-9_]*\)() *{.*# */\1 /p' "$LAB_DIR"/scenarios/*.sh | sort |
        while read -r name text; do printf '%-22s %s\n' "${name//_/-}" "$text"; done
}

case ${1:-} in
--list) list; exit 0 ;;
'' | -*) echo "usage: run.sh --list | run.sh SCENARIO OUTDIR" >&2; exit 2 ;;
esac
[ $# = 2 ] || { echo "usage: run.sh --list | run.sh SCENARIO OUTDIR" >&2; exit 2; }
SCENARIO=scenario_${1//-/_}
declare -F "$SCENARIO" >/dev/null || fail "no such scenario: $1 (see --list)"
[ "$(id -u)" = 0 ] || fail "needs root"
[ -e /proc/sys/net/mptcp/enabled ] || fail "this kernel has no MPTCP"
for tool in ip nft ethtool tcpdump nstat timeout; do
    command -v $tool >/dev/null || fail "$tool is missing"
done

# Whatever happens, a run ends, and everything it began with it.
[ -n "${LAB_INNER:-}" ] || LAB_INNER=1 exec timeout -k 10 180 "$0" "$@"

mkdir -p "$2/truth" || exit 1
OUT=$(cd "$2" && pwd)
rm -f "$OUT"/*.pcap "$OUT"/truth/*
WORK=$(mktemp -d)
trap lab_cleanup EXIT
trap 'exit 130' INT TERM
lab_build
uname -r | sed "s/-.*//" >"$OUT/truth/kernel.txt"
"$SCENARIO"
say "$1: done, see $OUT"
