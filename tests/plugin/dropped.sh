#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With a read filter (-R) Wireshark numbers the frames that it keeps, and gives a dropped one the number of the next: what the plugin says
# of a packet is the same as without, and nothing is made up.  And resets that are seen behind NAT only belong to the right direction.
. "${MPA_SOURCE_DIR:?is not set: run ctest}/tests/plugin/common.sh"
preload=${1:-}

"$MPA_SYNTH" resets -o "$work/resets.pcap"
fields=(-T fields -e frame.time_epoch -e mptcplb.connection -e mptcplb.subflow -e mptcplb.reset.class -e mptcplb.finding.rule)
run_tshark -n -2 -r "$work/resets.pcap" -Y 'tcp.flags.reset == 1' "${fields[@]}" >"$work/all"
run_tshark -n -2 -r "$work/resets.pcap" -R 'tcp.flags.reset == 1' "${fields[@]}" >"$work/kept"
[ "$(wc -l <"$work/all")" -gt 10 ] || fail "there are hardly any resets"
cmp "$work/all" "$work/kept" || fail "a read filter changes what is said of a packet"

nat=$golden/fastclose-nat4
run_tshark -n -r "$nat/client.pcap" -Y 'tcp.flags.reset == 0' -w - >"$work/client.pcapng" 2>/dev/null
mergecap -w "$work/both.pcapng" "$work/client.pcapng" "$nat/server1.pcap"
chmod a+r "$work"/*.pcapng
run_tshark -n -2 -r "$work/both.pcapng" -Y 'tcp.flags.reset == 1 && ip.dst == 10.0.0.11' -T fields -e mptcplb.reset.class >"$work/classes"
[ -s "$work/classes" ] || fail "no reset behind NAT"
if grep -qv '^application$' "$work/classes"; then
    fail "a reset behind NAT has another class: $(sort -u "$work/classes" | tr '\n' ' ')"
fi
echo "ok: read filter, NAT"
