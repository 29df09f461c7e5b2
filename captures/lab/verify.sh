#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Recounts with tshark what each end host of the golden captures sent and received, and compares
# it with the counters of that host's kernel. Run by hand after recording; not part of the tests,
# which make the same comparison with mptcp-analyze.
#
#   captures/lab/verify.sh [-q] [GOLDEN_FOLDER...]
#
# Prints every pair that differs, then in how many captures each counter is not zero. Each
# difference has its explanation in the capture's .md. -q leaves the second table out.
set -u
LAB_DIR=$(cd "$(dirname "$0")" && pwd)
quiet=
[ "${1:-}" != -q ] || { quiet=1; shift; }
[ $# -gt 0 ] || set -- "$LAB_DIR"/../golden/*/
command -v tshark >/dev/null || { echo "tshark is missing" >&2; exit 1; }

# The addresses of a host, as a regular expression.
own_addresses() {
    case $1 in
    client) echo '^(192\.0\.2\.|2001:db8:c::)' ;;
    server*) echo "^(203\\.0\\.113\\.80\$|2001:db8:80::80\$|198\\.51\\.100\\.[12]${1#server}\$|10\\.0\\.0\\.1${1#server}\$|2001:db8:[5b]::1${1#server}\$)" ;;
    esac
}

# recount PCAP HOST: "Counter value" of what a kernel would have counted.
recount() {
    tshark -r "$1" -o tcp.relative_sequence_numbers:FALSE -Y tcp -T fields -E separator='|' \
        -e ip.src -e ipv6.src -e tcp.srcport -e tcp.dstport -e tcp.seq -e tcp.flags.syn \
        -e tcp.flags.ack -e tcp.flags.reset \
        -e tcp.options.mptcp.subtype -e tcp.options.mptcp.echo -e tcp.options.mptcp.port 2>/dev/null |
        awk -F'|' -v own="$(own_addresses "$2")" '
            function once(name, key) { if (!((name, key) in seen)) { seen[name, key] = 1; n[name]++ } }
            {
                src = $1 != "" ? $1 : $2
                out = src ~ own
                flow = $3 "-" $4 "-" $5
                syn = $6 == 1; ack = $7 == 1; rst = $8 == 1
                if (rst && out) n["TcpOutRsts"]++
                k = split($9, s, ",")
                for (i = 1; i <= k; i++) {
                    t = s[i]
                    if (t == 0 && syn && !ack) once(out ? "MPTcpExtMPCapableSYNTX" : "MPTcpExtMPCapableSYNRX", flow)
                    if (t == 0 && syn && ack && !out) once("MPTcpExtMPCapableSYNACKRX", flow)
                    if (t == 0 && !syn && !out) once("MPTcpExtMPCapableACKRX", flow)
                    if (t == 1 && syn && !ack) once(out ? "MPTcpExtMPJoinSynTx" : "MPTcpExtMPJoinSynRx", flow)
                    if (t == 1 && syn && ack && !out) once("MPTcpExtMPJoinSynAckRx", flow)
                    if (t == 1 && !syn && !out) once("MPTcpExtMPJoinAckRx", flow)
                    if (t == 3 && $10 ~ /^(1|True)/) n[out ? "MPTcpExtEchoAddTx" : "MPTcpExtEchoAdd"]++
                    else if (t == 3) n[out ? "MPTcpExtAddAddrTx" : "MPTcpExtAddAddr"]++
                    if (t == 3 && $11 != "" && !out) n["MPTcpExtPortAdd"]++
                    if (t == 4) n[out ? "MPTcpExtRmAddrTx" : "MPTcpExtRmAddr"]++
                    if (t == 5) n[out ? "MPTcpExtMPPrioTx" : "MPTcpExtMPPrioRx"]++
                    if (t == 6) n[out ? "MPTcpExtMPFailTx" : "MPTcpExtMPFailRx"]++
                    if (t == 7) n[out ? "MPTcpExtMPFastcloseTx" : "MPTcpExtMPFastcloseRx"]++
                    if (t == 8) n[out ? "MPTcpExtMPRstTx" : "MPTcpExtMPRstRx"]++
                }
            }
            END { for (c in n) print c, n[c] }'
}

COMPARED="MPTcpExtMPCapableSYNTX MPTcpExtMPCapableSYNRX MPTcpExtMPCapableSYNACKRX
MPTcpExtMPCapableACKRX MPTcpExtMPJoinSynTx MPTcpExtMPJoinSynRx MPTcpExtMPJoinSynAckRx
MPTcpExtMPJoinAckRx MPTcpExtAddAddr MPTcpExtAddAddrTx MPTcpExtEchoAdd MPTcpExtEchoAddTx
MPTcpExtPortAdd MPTcpExtRmAddr MPTcpExtRmAddrTx MPTcpExtMPPrioTx MPTcpExtMPPrioRx MPTcpExtMPFailTx
MPTcpExtMPFailRx MPTcpExtMPFastcloseTx MPTcpExtMPFastcloseRx MPTcpExtMPRstTx MPTcpExtMPRstRx
TcpOutRsts"

compared=0 differ=0
for folder in "$@"; do
    folder=${folder%/}
    for truth in "$folder"/truth/nstat-client.txt "$folder"/truth/nstat-server*.txt; do
        host=${truth##*/nstat-}
        host=${host%.txt}
        [ -f "$folder/$host.pcap" ] || continue
        counted=$(recount "$folder/$host.pcap" "$host")
        for counter in $COMPARED; do
            kernel=$(awk -v c="$counter" '$1 == c { print $2 }' "$truth")
            capture=$(awk -v c="$counter" '$1 == c { print $2 }' <<<"$counted")
            compared=$((compared + 1))
            if [ "${kernel:-0}" != "${capture:-0}" ]; then
                differ=$((differ + 1))
                printf '%-22s %-8s %-28s kernel %4d  capture %4d\n' "$(basename "$folder")" "$host" \
                    "$counter" "${kernel:-0}" "${capture:-0}"
            fi
        done
    done
done
echo "$compared pairs compared, $differ differ"

[ -z "$quiet" ] || exit 0
echo
echo "counter: captures in which it is not zero at the client, at a server"
cat "$LAB_DIR"/../golden/*/truth/nstat-client.txt "$LAB_DIR"/../golden/*/truth/nstat-server1.txt |
    awk '/^(MPTcpExt|TcpOutRsts)/ { print $1 }' | sort -u |
    while read -r counter; do
        c=$(grep -l "^$counter [1-9]" "$LAB_DIR"/../golden/*/truth/nstat-client.txt | wc -l)
        s=$(grep -l "^$counter [1-9]" "$LAB_DIR"/../golden/*/truth/nstat-server*.txt | xargs -r -n1 dirname | sort -u | wc -l)
        [ "$c$s" = 00 ] || printf '%-34s %3d %3d\n' "$counter" "$c" "$s"
    done
