# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086
# What is read, and what is taken of it.

# The report of a file whatever its compression, but for the name.
same_report() {
    sed 's/"file":"[^"]*"//' "$work/out" | cmp - "$work/plain" || fail "$1: the report differs"
}

case_compressed() {
    analyze --report=json "$capture"
    sed 's/"file":"[^"]*"//' "$work/out" >"$work/plain"
    gzip -c "$capture" >"$work/a.gz"
    analyze --report=json "$work/a.gz"
    expect_status 0
    expect_silence
    same_report gzip
    # Two gzip members, cut in the middle of a packet, are one file.
    { head -c 5000 "$capture" | gzip; tail -c +5001 "$capture" | gzip; } >"$work/b.gz"
    analyze --report=json "$work/b.gz"
    expect_status 0
    same_report "gzip with two members"
}

case_standard_input() {
    analyze --report=json "$capture"
    sed 's/"file":"[^"]*"//' "$work/out" >"$work/plain"
    cat "$capture" | "$MPA_ANALYZE" --report=json - >"$work/out" 2>"$work/err"
    status=$?
    expect_status 0
    same_report pipe
    gzip -c "$capture" | "$MPA_ANALYZE" --report=json - >"$work/out" 2>"$work/err"
    same_report "gzip in a pipe"
    "$MPA_ANALYZE" --report=json <(cat "$capture") >"$work/out" 2>"$work/err"
    same_report "named pipe"
}

# Two interfaces of different link types: libpcap refuses, wiretap reads.
case_mixed_link_types() {
    need mergecap
    [ -e "$MPA_MODULE_DIR/mpa_wiretap.so" ] || skip "the wiretap module was not built"
    { pcap_header 101; pcap_packet 1 ${syn:42}; } >"$work/raw.pcap"
    mergecap -F pcapng -w "$work/mixed.pcapng" "$work/raw.pcap" "$capture"
    analyze --report=json "$capture"
    local whole
    whole=$(packets)
    analyze --report=json "$work/mixed.pcapng"
    expect_status 0
    expect_silence
    [ "$(packets)" -eq $((whole + 1)) ] || fail "$(packets) packets are not $((whole + 1))"
    [ "$(json '"link_types":\[(1,101|101,1)\]')" -eq 1 ] || fail "the link types are others"
    # Filters pass packets of either link type.
    analyze --report=json -f "src host 192.0.2.1 and tcp[tcpflags] & tcp-syn != 0" "$work/mixed.pcapng"
    [ "$(packets)" -ge 1 ] || fail "the filter passes nothing"
    head -c $(($(stat -c %s "$work/mixed.pcapng") - 50)) "$work/mixed.pcapng" >"$work/cut.pcapng"
    analyze --report=json "$work/cut.pcapng"
    expect_status 3
    expect_line "cut\.pcapng: ends in the middle of a packet"
}

case_no_module() {
    need mergecap
    { pcap_header 101; pcap_packet 1 ${syn:42}; } >"$work/raw.pcap"
    mergecap -F pcapng -w "$work/mixed.pcapng" "$work/raw.pcap" "$capture"
    MPA_MODULE_DIR=$work/nowhere analyze "$work/mixed.pcapng"
    expect_status 3
    expect_line "mixed\.pcapng: .*interfaces differ.*Wireshark"
}

case_filter() {
    need tcpdump
    local expression="tcp[tcpflags] & tcp-syn != 0" expected
    expected=$(tcpdump -nr "$capture" "$expression" 2>/dev/null | wc -l)
    [ "$expected" -gt 0 ] || fail "tcpdump sees no SYN"
    analyze --report=json -f "$expression" "$capture"
    expect_status 0
    [ "$(packets)" -eq "$expected" ] || fail "$(packets) packets pass, tcpdump says $expected"
    analyze -f "port 1" "$capture"
    expect_status 0
    expect_line "no packet passes the filter"
}

# Frame numbers stay those of the file.
case_frame_numbers() {
    {
        pcap_header 1
        pcap_packet 1 $arp
        pcap_packet 2 $arp
        pcap_packet 3 $syn
        # Its answer: RST, ACK.
        pcap_packet 4 02 00 00 00 00 01 02 00 00 00 00 02 08 00 45 00 00 28 00 02 00 00 40 06 00 00 \
            c0 00 02 02 c0 00 02 01 00 50 9c 40 00 00 00 00 00 00 00 02 50 14 00 00 00 00 00 00
    } >"$work/rst.pcap"
    analyze --report=json -f tcp "$work/rst.pcap"
    expect_status 0
    [ "$(packets)" -eq 2 ] || fail "not two packets passed"
    [ "$(json '"reset":\{[^}]*"frame":\{"capture":0,"frame":4\}')" -ge 1 ] ||
        fail "the reset is not in frame 4"
}

# Inner packets count, and the three forms of a time are one time.
case_time_window() {
    {
        pcap_header 1
        pcap_packet 1000000000 $arp
        for second in 1000000001 1000000002 1000000003; do
            pcap_packet $second $syn
        done
    } >"$work/syns.pcap"
    analyze --report=json "$work/syns.pcap"
    cp "$work/out" "$work/all"
    [ "$(json '"syn_retransmissions":2')" -ge 1 ] || fail "there are not two SYN retransmissions"
    for from in 1000000001.5 2001-09-09T01:46:41.5Z 2001-09-09T03:46:41.5+02:00 +1.5; do
        analyze --report=json --from "$from" "$work/syns.pcap"
        expect_status 0
        [ "$(json '"syn_retransmissions":1')" -ge 1 ] || fail "--from $from does not leave two SYNs"
    done
    analyze --report=json --to +1 "$work/syns.pcap"
    [ "$(json '"syn_retransmissions":0')" -ge 1 ] || fail "--to does not leave one SYN"
    analyze --report=json --from +1 --to +3 "$work/syns.pcap"
    cmp "$work/out" "$work/all" || fail "the ends of the window are not in it"
    "$MPA_ANALYZE" --report=json --from +1.5 - <"$work/syns.pcap" >"$work/out"
    [ "$(json '"syn_retransmissions":1')" -ge 1 ] || fail "--from does not work on standard input"
}

case_selection() {
    local total token
    analyze --report=json "$capture"
    total=$(json '"protocol":"mptcp"')
    [ "$total" -gt 1 ] || fail "the capture has only one connection"
    token=$(grep -Eo '"token_server":"[0-9a-f]{8}"' "$work/out" | head -1 | cut -d'"' -f4)
    analyze --quiet --report=json --select "token=$token" "$capture"
    expect_status 0
    expect_silence
    [ "$(json '"protocol":')" -eq 1 ] || fail "a token selects not one connection"
    [ "$(json "\"token_server\":\"$token\"")" -eq 1 ] || fail "another token was selected"
    [ "$(json '"connections_total":\{"mptcp":1,')" -eq 1 ] || fail "the totals are not those of the selection"
    analyze --report=json --select connection=1 "$capture"
    expect_line "1 of [0-9]+ connections"
    [ "$(json '"id":1,"protocol":')" -eq 1 ] || fail "connection 1 is not there"
    [ "$(json '"protocol":')" -eq 1 ] || fail "another connection is there"
    # Alternatives of one kind, all kinds at once.
    analyze --quiet --report=json --select connection=0 --select connection=1 "$capture"
    [ "$(json '"protocol":')" -eq 2 ] || fail "two ids select not two connections"
    analyze --quiet --report=json --select connection=0 --select client=10.99.99.99 "$capture"
    [ "$(json '"protocol":')" -eq 0 ] || fail "kinds are not taken together"
    analyze --quiet --report=json --select client=0.0.0.0/0 "$capture"
    [ "$(json '"protocol":"mptcp"')" -eq "$total" ] || fail "a prefix of all selects not all"
}

# A file that begins after the end of another continues it: the same report as of one file.
case_ring_buffer() {
    need editcap
    local half
    analyze --report=json "$capture"
    half=$(($(packets) / 2))
    editcap -F nsecpcap -r "$capture" "$work/x1.pcap" "1-$half"
    editcap -F nsecpcap -r "$capture" "$work/x2.pcap" "$((half + 1))-999999"
    analyze --csv "$work/one" "$capture"
    # In any order.
    analyze --csv "$work/two" "$work/x2.pcap" "$work/x1.pcap"
    expect_status 0
    for table in connections subflows; do
        cmp "$work/one/$table.csv" "$work/two/$table.csv" || fail "$table differ"
    done
}

# Files that overlap are vantage points of the same connections: these are not counted twice.
case_overlapping() {
    local total
    analyze --report=json "$golden/client.pcap"
    total=$(json '"id":[0-9]+,"protocol":')
    analyze --report=json "$golden/client.pcap" "$golden/balancer.pcap"
    expect_status 0
    [ "$(json '"id":[0-9]+,"protocol":')" -eq "$total" ] || fail "connections are counted twice"
    [ "$(json '"matched":[1-9]')" -ge 1 ] || fail "no packet was matched"
}

case_servers_file() {
    printf '%s\n' 'name,unique_address,mac,outer_address' '# a remark' 's1,192.0.2.1,02:00:00:00:00:01,' \
        '"s, 2",,,2001:db8::1' >"$work/servers.csv"
    analyze --servers "$work/servers.csv" "$capture"
    expect_status 0
    expect_silence
    analyze --servers "$work/nothing.csv" "$capture"
    expect_usage "nothing\.csv: No such file"
    local line
    for line in 's1' ',192.0.2.1,,' 's1,192.0.2,,' 's1,192.0.2.0/24,,' 's1,,02:00:00:00:00,' 's1,,,x' \
        's1,"192.0.2.1'; do
        printf '%s\n' 'name,unique_address,mac,outer_address' "$line" >"$work/servers.csv"
        analyze --servers "$work/servers.csv" "$capture"
        expect_usage "servers\.csv:2: "
    done
}

case_churn_file() {
    printf '%s\n' 'time,action,server,reason' '1700000000.25,remove,s1,test' '1600000000,add,s1,' \
        >"$work/churn.csv"
    analyze --churn "$work/churn.csv" "$capture"
    expect_status 0
    expect_silence
    local line
    for line in 'now,remove,s1' '1,delete,s1' '1,remove,' '1,remove' '-1,add,s1' '99999999999,add,s1'; do
        printf '%s\n' '1700000000,remove,s1' "$line" >"$work/churn.csv"
        analyze --churn "$work/churn.csv" "$capture"
        expect_usage "churn\.csv:2: "
    done
}

# A snap length that cut all options off says nothing of MPTCP.
case_options_cut() {
    need editcap
    editcap -s 54 "$capture" "$work/s54.pcap"
    analyze "$work/s54.pcap"
    expect_status 0
    expect_out "whether anything is MPTCP cannot be"
    editcap -s 40 "$capture" "$work/s40.pcap"
    analyze "$work/s40.pcap"
    expect_error "s40\.pcap: the snap length cut off the TCP headers"
    analyze "$golden/../anycast-tcp/client.pcap"
    expect_out "No MPTCP connection: nothing could leave a VIP"
}

# Frames of an "any" capture are written a little out of order: its pieces overlap by that, and are one vantage point all the same.
case_ring_overlap() {
    need editcap
    mkdir "$work/ring"
    editcap -F nsecpcap -c 7 "$golden/server1.pcap" "$work/ring/r.pcap"
    analyze --report=json "$work/ring"
    expect_status 0
    grep -o '"connections_total":{[^}]*}' "$work/out" >"$work/pieces"
    analyze --report=json "$golden/server1.pcap"
    grep -o '"connections_total":{[^}]*}' "$work/out" | cmp -s - "$work/pieces" ||
        fail "other connections than in the whole capture"
}

# Direct server return seen at the balancer: what the servers sent is unknown there, not nothing.
case_one_direction() {
    analyze --report=json "$golden/../dsr4/balancer.pcap"
    expect_status 0
    expect_out '"bytes":\{"to_server":21,"to_client":null\}'
    analyze --report=json "$golden/../dsr4/client.pcap"
    expect_out '"bytes":\{"to_server":21,"to_client":[1-9][0-9]*\}'
}

# A segment that a server repeats on the other path is no progress: nobody waited for it.
case_repeated_data_is_no_gap() {
    local demo=$golden/../anycast-demo

    analyze --report=json --churn "$demo/truth/churn.csv" "$demo/client.pcap"
    expect_status 0
    expect_out '"gap":\{"count":0,'
    # Who left is not named here, and not known by MAC: needless moves cannot be told.
    analyze --report=json --churn "$demo/truth/churn.csv" "$demo/router.pcap"
    expect_out '"flows_moved":5,"moved_at_removed":null,"moved_needlessly":null'
    analyze --report=json --churn "$demo/truth/churn.csv" --servers "$demo/truth/servers.csv" "$demo/router.pcap"
    expect_out '"flows_moved":5,"moved_at_removed":5,"moved_needlessly":0'
}
