# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# --expect and --nstat: what is equal, what is not, and what is no comparison.

case_expect() {
    cat >"$work/e.json" <<'END'
{"schema": "mptcp-analyze/1",
 "captures": [{"packets": {"min": 10}, "error": null}],
 "options": {"mp_capable_syn": {"to_server": {"min": 1, "max": 1000}, "to_client": 0}},
 "connections": [{"id": 0, "protocol": "mptcp", "subflows": [{"role": "initial"}, {}]}]}
END
    analyze --expect "$work/e.json" "$capture"
    expect_status 0
    expect_silence
    expect_out connection
    analyze --report=json --expect "$work/e.json" -o "$work/r.json" "$capture"
    expect_status 0
    expect_silence
    # The report expects itself, whole.
    analyze --expect "$work/r.json" "$capture"
    expect_status 0
}

case_expect_differs() {
    echo '{"connections": [{"id": 7, "outcome": "failed", "no_such_key": 1}], "options": {"dss": {"to_client": {"max": 1}}}}' \
        >"$work/e.json"
    analyze --expect "$work/e.json" "$capture"
    expect_status 1
    expect_error 'connections\[0\]\.id is 0, expected 7'
    expect_error 'connections\[0\]\.outcome is "closed", expected "failed"'
    expect_error 'connections\[0\]\.no_such_key is nothing, expected 1'
    expect_error 'options\.dss\.to_client is [0-9]+, expected \{"max":1\}'
    [ "$(wc -l <"$work/err")" -eq 4 ] || fail "not four differences"
    expect_out connection # The report is there nevertheless.
}

case_expect_separate() {
    cp "$capture" "$work/a.pcap"
    cp "$golden/balancer.pcap" "$work/b.pcap"
    analyze --separate --report=json -o "$work/both.json" "$work/a.pcap" "$work/b.pcap"
    expect_status 0
    analyze --separate --expect "$work/both.json" "$work/a.pcap" "$work/b.pcap"
    expect_status 0
    analyze --separate --expect "$work/both.json" "$work/b.pcap" "$work/a.pcap"
    expect_status 1
    expect_error 'b\.pcap: captures\[0\]'
    echo '{"schema": "mptcp-analyze/1"}' >"$work/e.json"
    analyze --separate --expect "$work/e.json" "$work/a.pcap" "$work/b.pcap"
    expect_status 0
    echo '[{"schema": "mptcp-analyze/1"}]' >"$work/e.json"
    analyze --separate --expect "$work/e.json" "$work/a.pcap" "$work/b.pcap"
    expect_status 1
    expect_line 'e\.json has 1 item for 2 captures'
    echo '[{}, {}, {}]' >"$work/e.json"
    analyze --separate --expect "$work/e.json" "$work/a.pcap" "$work/b.pcap"
    expect_status 1
    expect_line 'e\.json has 3 items for 2 captures'
}

case_expect_bad_file() {
    analyze --expect "$work/none.json" "$capture"
    expect_usage 'none\.json'
    echo '{"a": ' >"$work/e.json"
    analyze --expect "$work/e.json" "$capture"
    expect_usage 'e\.json: line 2'
    # What nothing can meet.
    local wrong
    for wrong in '{"min":"99999"}' '{"max":null}' '{"min":3,"max":2}' '{"min":[1]}'; do
        echo "{\"captures\":[{},{\"packets\":$wrong}]}" >"$work/e.json"
        analyze --expect "$work/e.json" "$capture"
        expect_usage 'e\.json: captures\[1\]\.packets: "(min|max)" is '
    done
}

case_nstat() {
    analyze --nstat "192.0.2.10=$golden/truth/nstat-client.txt" "$capture"
    expect_status 0
    expect_out 'Kernel counters of 192\.0\.2\.10: 27 of the 76 MPTCP counters in the file can be compared, all agree'
    # Before and after, in the form that nstat -az has.
    {
        echo '#kernel'
        awk '/^MPTcpExt/ { printf "%-32s %-16d 0.0\n", $1, 5 }' "$golden/truth/nstat-client.txt"
    } >"$work/before"
    awk '/^MPTcpExt/ { printf "%-32s %-16d 0.0\n", $1, $2 + 5 }' "$golden/truth/nstat-client.txt" >"$work/after"
    analyze --nstat "192.0.2.10=$work/before,$work/after" "$capture"
    expect_status 0
    # The form of nstat -j.
    awk 'BEGIN { printf "{\"kernel\":{" } /^MPTcpExt/ { printf "%s\"%s\":%d", sep, $1, $2; sep = "," } END { print "}}" }' \
        "$golden/truth/nstat-client.txt" >"$work/json"
    analyze --nstat "192.0.2.10=$work/json" "$capture"
    expect_status 0
}

case_nstat_differs() {
    awk '$1 == "MPTcpExtEchoAddTx" { $2++ } 1' "$golden/truth/nstat-client.txt" >"$work/counters"
    analyze --nstat "192.0.2.10=$work/counters" "$capture"
    expect_status 1
    expect_out 'Kernel counters of 192\.0\.2\.10: 27 of the 76 MPTCP counters in the file can be compared, 1 of'
    expect_out '^ *MPTcpExtEchoAddTx +[0-9]+ +[0-9]+ '
    analyze --nstat "192.0.2.99=$golden/truth/nstat-client.txt" "$capture"
    expect_status 1
    expect_out 'no packet of it is captured'
}

case_nstat_bad_value() {
    analyze --nstat 192.0.2.10 "$capture"
    expect_usage "ADDR"
    analyze --nstat "nobody=$golden/truth/nstat-client.txt" "$capture"
    expect_usage "'nobody' is no address"
    analyze --nstat "192.0.2.10=$work/none" "$capture"
    expect_usage "none: No such file"
    echo 'IpInReceives 4' >"$work/other"
    analyze --nstat "192.0.2.10=$work/other" "$capture"
    expect_usage "holds no counter of MPTCP"
    echo '???' >"$work/other"
    analyze --nstat "192.0.2.10=$work/other" "$capture"
    expect_usage "is not what nstat writes"
    analyze --nstat "192.0.2.10=$golden/truth/nstat-client.txt,$work/small" "$capture"
    expect_usage "small: No such file"
    sed 's/ [0-9]*$/ 0/' "$golden/truth/nstat-client.txt" >"$work/small"
    analyze --nstat "192.0.2.10=$golden/truth/nstat-client.txt,$work/small" "$capture"
    expect_usage "is smaller than in"
}
