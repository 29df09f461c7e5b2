#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Statistics of the plugin (tshark -z) against the report of mptcp-analyze on the same capture.
#
#   stats.sh preload=LIBRARIES CAPTURE...
set -euo pipefail
. "$MPA_SOURCE_DIR/tests/plugin/common.sh"
preload=${1#preload=}
shift

# tshark's tables as lines "table|cell|cell"; cells without the spaces around them.  Trees hold single-precision numbers.
tables() {
    awk -F' *[|] *' '
        /^Filter for statistics/ { header = 2; next }
        /^MPTCP ADD_ADDR acknowledgement:/ { table = "add_addr" }
        /^MPTCP ADD_ADDR acknowledgement, tree:/ { table = "tree" }
        /^MPTCP connections:/ { table = "connections" }
        /^MPTCP resets:/ { table = "resets" }
        /^===|^---/ { next }
        table == "tree" && /^Topic/ { tree = 1; next }
        table == "tree" && tree {
            line = $0
            name = line
            sub(/   *.*/, "", name)
            sub(/^ */, "", name)
            n = split(substr(line, length(name) + 1), cell, / +/)
            if (/\(us\) /)
                kind = name
            if (/^[^ ]/ && name != "")
                top = name
            if (top != "ADD_ADDR" && name == top) {
                # Behind a name that holds spaces there are always two.
                printf "tree|%s|%d|%.2f|%.1f|%.1f\n", name, cell[2], cell[3], cell[4], cell[5]
            } else if (top == "ADD_ADDR" && line ~ /^ ?[^ ]/) {
                printf "tree|%s|%d\n", name, cell[2]
            }
            next
        }
        header > 0 { header--; next }
        /[|]/ {
            sub(/^ */, "")
            sub(/ *[|] *$/, "")
            out = table
            for (i = 1; i <= NF; i++)
                out = out "|" $i
            print out
        }'
}

# The report's tables and totals in the same form.
expected() {
    awk '
        function endpoint(addr, port) { return addr ~ /:/ ? "[" addr "]:" port : addr ":" port }
        function ms(ns, digits) { return ns == "" ? "-" : sprintf("%.*f", digits, ns / 1e6) }
        # Nearest rank of the times of "key", which are sorted.
        function rank(key, percent,    exact, at) {
            exact = percent * times[key] / 100
            at = int(exact)
            if (at < exact || at < 1)
                at++
            return times[key] ? time[key, at] : ""
        }
        function add_time(key, ns,    i) {
            for (i = ++times[key]; i > 1 && time[key, i - 1] > ns; i--)
                time[key, i] = time[key, i - 1]
            time[key, i] = ns
            sum[key] += ns
        }
        function number(text, name) {
            if (!match(text, "\"" name "\":[0-9]+"))
                return ""
            return substr(text, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
        }
        function kind_of(vantage) {
            return vantage == "receiver" ? "turnaround" : vantage == "unknown" ? "time" : "latency"
        }
        FILENAME ~ /report.json$/ {
            if (/^"add_addr":/)
                total = $0
            if (/^"resets":/)
                resets = $0
            next
        }
        {
            sub(/^"/, "")
            sub(/"\r?$/, "")
            n = split($0, cell, /","/)
        }
        FNR == 1 {
            delete column
            for (i = 1; i <= n; i++)
                column[cell[i]] = i
            next
        }
        FILENAME ~ /add_addr.csv$/ {
            from = cell[column["from"]]
            port = cell[column["port"]]
            addr = cell[column["addr"]]
            key = from "|" (port == "" ? addr : endpoint(addr, port)) "|" kind_of(cell[column["vantage"]])
            if (cell[column["transmissions"]] == 0)
                next
            advertised[key]++
            packets[key] += cell[column["transmissions"]]
            answered[key] += cell[column["echoes"]] > 0
            unanswered[key] += cell[column["echoes"]] == 0
            if (from == "server" && !((cell[column["connection"]], addr) in told)) {
                told[cell[column["connection"]], addr] = 1
                unique[cell[column["connection"]]] = unique[cell[column["connection"]]] " " addr
            }
            if (cell[column["echo_ns"]] != "") {
                ns = cell[column["echo_ns"]] - cell[column["first_ns"]]
                kind = kind_of(cell[column["vantage"]])
                add_time(key, ns)
                key = (from == "server" ? "Client" : "Server") "\047s echo, " kind " (us)"
                trees[key] = 1
                add_time(key, ns)
            }
        }
        FILENAME ~ /subflows.csv$/ && cell[column["id"]] == 0 {
            vip[cell[column["connection"]]] = cell[column["on_vip"]]
        }
        FILENAME ~ /resets.csv$/ {
            class = cell[column["class"]]
            conn = cell[column["connection"]]
            conn_resets[conn]++
            class_packets[class] += cell[column["packets"]]
            if (!((conn, class) in hit)) {
                hit[conn, class] = 1
                class_conns[class]++
            }
            if (!(conn in any)) {
                any[conn] = 1
                conns_reset++
            }
        }
        FILENAME ~ /connections.csv$/ {
            id = cell[column["id"]]
            mptcp = cell[column["protocol"]] == "mptcp"
            judged = cell[column["migration.judged"]]
            direct = cell[column["migration.first_direct_ns." judged]]
            share = cell[column["migration.vip_share_after." judged]]
            start = cell[column["established_ns"]]
            left = cell[column["migration.left_by"]]
            state = cell[column["migration.state"]]
            printf "connections|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%d|%s\n", id,
                endpoint(cell[column["client.addr"]], cell[column["client.port"]]),
                endpoint(cell[column["server.addr"]], cell[column["server.port"]]),
                vip[id] == "true" ? "yes" : vip[id] == "false" ? "no" : "?",
                mptcp ? cell[column["dialect"]] : cell[column["protocol"]], substr(unique[id], 2),
                mptcp ? state : "-",
                mptcp && state == "migrated" && direct != "" ? ms(direct - start, 3) : "-",
                mptcp && left != "" ? left : "-",
                mptcp && share != "" ? sprintf("%.2f", 100 * share) : "-", conn_resets[id],
                cell[column["outcome"]]
        }
        END {
            kind = ""
            if (number(total, "advertised") > 0)
                kind = kind_of(total ~ /"vantage":"unknown"/ ? "unknown" : total ~ /"kind":"turnaround"/ ? "receiver" : "")
            if (kind != "") {
                printf "add_addr|all|(times: servers\047)|%s|%s|%s|%s|%s|%s|%s|%s|%s\n",
                    number(total, "advertised"), number(total, "transmissions"),
                    number(total, "answered"), number(total, "unanswered"),
                    ms(number(total, "min_ns"), 6), ms(number(total, "p50_ns"), 6),
                    ms(number(total, "p95_ns"), 6), ms(number(total, "max_ns"), 6), kind
                printf "tree|ADD_ADDR|%d\n", number(total, "advertised")
                printf "tree|answered|%d\ntree|unanswered|%d\n", number(total, "answered"),
                    number(total, "unanswered")
            } else {
                print "tree|ADD_ADDR|0"
            }
            for (key in trees)
                printf "tree|%s|%d|%.2f|%.1f|%.1f\n", key, times[key], sum[key] / times[key] / 1e3,
                    time[key, 1] / 1e3, time[key, times[key]] / 1e3
            for (key in advertised) {
                split(key, part, "|")
                printf "add_addr|%s|%s|%d|%d|%d|%d|%s|%s|%s|%s|%s\n", part[1], part[2],
                    advertised[key], packets[key], answered[key], unanswered[key],
                    ms(rank(key, 0), 6), ms(rank(key, 50), 6), ms(rank(key, 95), 6),
                    ms(rank(key, 100), 6), part[3]
                printf "tree|%s of the %s|%d\n", part[2], part[1], advertised[key]
            }
            words = "late misrouted_join prohibited refused victim redirect idle application middlebox unexplained"
            n = split(words, word, " ")
            for (i = 1; i <= n; i++)
                printf "resets|%s|%s|%d|%d\n", word[i], number(resets, word[i]),
                    class_packets[word[i]], class_conns[word[i]]
            printf "resets|all|%s|%s|%d\n", number(resets, "events"), number(resets, "packets"),
                conns_reset
        }' "$work/csv/report.json" "$work/csv/add_addr.csv" "$work/csv/subflows.csv" "$work/csv/resets.csv" \
        "$work/csv/connections.csv"
}

# The meaning of a class is a text for people.
without_meaning() {
    sed -E 's/^(resets([|][^|]*){4})[|].*/\1/'
}

for capture in "$@"; do
    rm -rf "$work/csv"
    # 1: findings; not asked for here.
    "$MPA_ANALYZE" "$capture" --csv "$work/csv" --report=json -o "$work/csv.json"
    mv "$work/csv.json" "$work/csv/report.json"
    expected | LC_ALL=C sort >"$work/expected"
    run_tshark -2 -q -r "$capture" -z mptcplb,tree -z mptcplb,add_addr -z mptcplb,connections \
        -z mptcplb,resets >"$work/out"
    tables <"$work/out" | without_meaning | LC_ALL=C sort >"$work/actual"
    [ -s "$work/expected" ] || fail "$capture: nothing is expected"
    diff "$work/expected" "$work/actual" || fail "$capture: tshark (>) differs from the report (<)"
    printf '%s: %d lines agree\n' "$capture" "$(wc -l <"$work/expected")"
done

# A filter selects connections: all of one counts when a packet of it passes.
run_tshark -2 -q -r "$1" -z "mptcplb,connections,mptcplb.connection == 1 && tcp.flags.syn == 1" \
    >"$work/out"
tables <"$work/out" | grep '^connections' >"$work/actual"
grep '^connections|1|' "$work/expected" >/dev/null || fail "$1 has no connection 1"
[ "$(wc -l <"$work/actual")" -eq 1 ] || fail "$1: a filter on connection 1 gives $(cat "$work/actual")"

# Expert information lists what --check finds, also where no tree is asked for.
run_tshark -2 -q -r "$golden/flip-echo-id/balancer.pcap" -z expert >"$work/out"
grep -Eq '^ +8 +Protocol +MPTCP-LB +AA-02: ' "$work/out" ||
    fail "-z expert does not list AA-02 eight times: $(cat "$work/out")"
