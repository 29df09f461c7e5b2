#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Records a scenario and makes a golden capture of it:
#
#   captures/lab/publish.sh SCENARIO [GOLDEN_FOLDER]
#
# The text of the scenario's .md is notes/SCENARIO.md followed by numbers taken from the truth
# files only, never from our analyzer.
set -eu
LAB_DIR=$(cd "$(dirname "$0")" && pwd)
GOLDEN=${2:-$LAB_DIR/../golden}
name=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$LAB_DIR/run.sh" "$name" "$work"
for pcap in "$work"/*.pcap; do
    [ "$(stat -c %s "$pcap")" -lt 300000 ] || { echo "$pcap is too large" >&2; exit 1; }
done
if ! awk -F, 'NR > 1 && $4 != 0 { bad = 1 } END { exit bad }' "$work/truth/tcpdump.csv"; then
    echo "the kernel dropped captured packets: record again" >&2
    exit 1
fi
# Many scenarios keep only the client's capture and the router's or balancer's, so that the
# repository stays small. The truth of all hosts stays.
case $name in
nat6 | dsr6 | cable-delay6 | remove-addr* | mp-prio* | mp-fail-nat4 | mp-fail[46] | fastclose*) ;;
*-nat4 | *6 | mp-fail-single* | anycast-mptcp-backup | anycast-demo | split-handshake | anycast-no-add-addr | cable-rate | cable-loss | drop-* | flip-* | ptb-mptcp* | add-addr-port6-ts)
    rm -f "$work"/server*.pcap
    ;;
esac
rm -rf "${GOLDEN:?}/$name"
mkdir -p "$GOLDEN/$name"
cp -r "$work"/*.pcap "$work/truth" "$GOLDEN/$name/"
"$LAB_DIR/describe.sh" "$GOLDEN/$name"
