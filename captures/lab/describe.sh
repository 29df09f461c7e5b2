#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Writes the .md of one golden folder: notes/SCENARIO.md, then numbers from its truth, and what a
# recount of its captures gives otherwise, with notes/differences/SCENARIO.md.
#
#   captures/lab/describe.sh captures/golden/SCENARIO
set -eu
LAB_DIR=$(cd "$(dirname "$0")" && pwd)
cd "$1"
name=$(basename "$PWD")

outcomes() { # outcomes LOG
    awk -F, 'NR > 1 { n[$7 ($8 == "" ? "" : " (" $8 ")")]++; bytes += $5; total++ }
        NR > 1 && $10 == "mptcp" { mptcp++ }
        NR > 1 && $11 == 1 { fallback++ }
        END {
            printf "%d downloads, %d bytes received", total, bytes
            for (o in n) list[++k] = o
            for (i = 1; i <= k; i++) printf ", %d %s", n[list[i]], list[i]
            printf "; at the end %d were still MPTCP for the socket", mptcp
            if (fallback) printf ", %d of them in fallback", fallback
            print "."
        }' "$1"
}

counters_table() {
    local f host hosts=()
    for f in truth/nstat-*.txt; do
        host=${f#truth/nstat-}
        hosts+=("${host%.txt}")
    done
    printf '| counter |'
    printf ' %s |' "${hosts[@]}"
    printf '\n|---|'
    for f in "${hosts[@]}"; do printf -- '---:|'; done
    printf '\n'
    awk '
        FNR == 1 { files++ }
        /^(MPTcpExt|TcpActiveOpens|TcpPassiveOpens|TcpEstabResets|TcpRetransSegs|TcpOutRsts|TcpInErrs|TcpInCsumErrors)/ {
            v[$1, files] = $2
            if (!($1 in seen)) { seen[$1] = ++n; order[n] = $1 }
            if ($2 != 0) used[$1] = 1
        }
        END {
            for (i = 1; i <= n; i++) {
                if (!(order[i] in used)) continue
                printf "| %s |", order[i]
                for (k = 1; k <= files; k++) printf " %d |", v[order[i], k]
                print ""
            }
        }' truth/nstat-*.txt
}

# The scenario's family: the file of notes that speaks of it.
family_of() { # KIND OF NOTES
    local family
    for family in "$name" "${name%-nat4}" "${name%[46]}" tunnel; do
        [ ! -f "$LAB_DIR/$1/$family.md" ] || { echo "$LAB_DIR/$1/$family.md"; return; }
        [ "$family" = "${name%[46]}" ] && [ "${name#tunnel-}" = "$name" ] && break
    done
    echo "no notes in $1 for $name" >&2
    exit 1
}

# The text of the scenario, or of its family with what this variant is.
notes() {
    local file
    file=$(family_of notes)
    cat "$file"
    [ "$(basename "$file" .md)" != "$name" ] || return 0
    echo
    echo "This variant: $("$LAB_DIR/run.sh" --list | awk -v n="$name" '$1 == n { $1 = ""; print substr($0, 2) }')."
    case $name in
    *-nat4) echo "Two servers behind a translating balancer, as in \`nat4\`; VIP 203.0.113.80." ;;
    tunnel-* | vxlan* | dsr* | nat* | cable* | ptb* | anycast*) ;;
    *4) echo "Two servers at the anycast address 203.0.113.80 without churn, unique addresses 198.51.100.11 and .12, client 192.0.2.10." ;;
    *6) echo "Two servers at the anycast address 2001:db8:80::80 without churn, unique addresses 2001:db8:5::11 and ::12, client 2001:db8:c::10." ;;
    esac
}

# What a recount of the captures with tshark gives otherwise than the kernels, and why.
differences() {
    local lines
    lines=$("$LAB_DIR/verify.sh" -q "$PWD" | grep -v ' pairs compared' || true)
    echo
    if [ -z "$lines" ]; then
        echo "A recount of the end hosts' captures with tshark (\`captures/lab/verify.sh\`) equals these counters."
        return
    fi
    echo "A recount of the end hosts' captures with tshark (\`captures/lab/verify.sh\`) equals these counters but for:"
    echo
    sed "s/^[^ ]* */    /" <<<"$lines"
    echo
    cat "$(family_of notes/differences)"
}

{
    echo "# $name"
    echo
    notes
    echo
    echo "Recorded with \`captures/lab/run.sh $name OUTDIR\`, Linux $(cat truth/kernel.txt)."
    echo
    echo "## What the truth says"
    echo
    for log in truth/app-client*.csv; do
        echo "- \`$log\`: $(outcomes "$log")"
    done
    if [ -f truth/churn.csv ]; then
        echo "- \`truth/churn.csv\`: $(awk -F, 'NR > 1 { printf "%s%s %s", s, $2, $3; s = ", " }' truth/churn.csv)."
    fi
    if [ -f truth/cable.csv ]; then
        awk -F, 'NR > 1 { n[$4 " " $5]++ } END { for (k in n) print k "," n[k] }' truth/cable.csv | sort |
            awk -F, '{ printf "%s%s %s", s, $2, $1; s = ", " } END { print "." }' |
            sed 's/^/- `truth\/cable.csv`: /'
    fi
    if [ -f truth/latency.csv ]; then
        echo "- \`truth/latency.csv\`: ADD_ADDR to echo at the cable's far end, $(awk -F, 'NR > 1 { print $NF }' truth/latency.csv |
            sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%d pairs, minimum %.3f ms, median %.3f ms, maximum %.3f ms.", NR, v[1] / 1e6, v[int((NR + 1) / 2)] / 1e6, v[NR] / 1e6; else print "no pairs." }')"
    fi
    echo "- \`truth/tcpdump.csv\`: $(awk -F, 'NR > 1 { n += $2; d += $4 } END { printf "%d packets in all captures, %d dropped by the kernel", n, d }' truth/tcpdump.csv)."
    echo
    echo "Counters of the kernel in each host's namespace, fresh for the run (those not zero):"
    echo
    counters_table
    differences
} >"$name.md"
