#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "Analyze > Expert Information" (tshark -z expert) lists what --check lists: each finding once, no tree asked for.
#   expert.sh [PRELOAD]
. "$MPA_SOURCE_DIR/tests/plugin/common.sh"
# shellcheck disable=SC2034 # For common.sh.
preload=${1:-}

for capture in bad-join-hmac4 forbidden-join4 drop-echo-all anycast-handshake; do
    cp "$golden/$capture/client.pcap" "$work/a.pcap"
    chmod 644 "$work/a.pcap"
    "$MPA_ANALYZE" --check --fail-on never --report=json "$work/a.pcap" >"$work/report"
    grep -oE '"rule": ?"[^"]*"' "$work/report" | cut -d'"' -f4 >"$work/rules" || true
    want=$(wc -l <"$work/rules")
    run_tshark -2 -n -q -z expert -r "$work/a.pcap" >"$work/expert" 2>"$work/err"
    got=$(awk '$3 == "MPTCP-LB" { n += $1 } END { print n + 0 }' "$work/expert")
    [ "$want" -gt 0 ] || fail "$capture: no findings in the report"
    [ "$got" -eq "$want" ] || fail "$capture: $got expert items, $want findings"
    while read -r rule; do
        grep -q "MPTCP-LB  $rule: " "$work/expert" || fail "$capture: no item of $rule"
    done < <(sort -u "$work/rules")
    echo "$capture: $got expert items"
done
