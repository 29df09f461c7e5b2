# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Output that cannot be written is status 4, never a truncated success.

case_full_disk() {
    local format
    [ -w /dev/full ] || skip "there is no /dev/full"
    for format in text json; do
        "$MPA_ANALYZE" --report=$format "$capture" >/dev/full 2>"$work/err"
        status=$?
        expect_status 4
        expect_line "standard output: No space left"
    done
    # Status 4 is higher than 3.
    "$MPA_ANALYZE" "$work/nothing.pcap" "$capture" >/dev/full 2>"$work/err"
    status=$?
    expect_status 4
}

case_full_disk_output() {
    [ -w /dev/full ] || skip "there is no /dev/full"
    analyze -o /dev/full "$capture"
    expect_status 4
    expect_line "/dev/full: No space left"
    analyze -o "$work/no/such/folder" "$capture"
    expect_status 4
    expect_line "no/such/folder: "
}

case_full_disk_csv() {
    [ -w /dev/full ] || skip "there is no /dev/full"
    mkdir "$work/csv"
    ln -s /dev/full "$work/csv/connections.csv"
    analyze --csv "$work/csv" "$capture"
    expect_status 4
    expect_error "csv.*: "
    : >"$work/file"
    analyze --csv "$work/file/csv" "$capture"
    expect_status 4
    expect_line "file/csv: "
}

case_closed_pipe() {
    local statuses
    # The reader is gone before the writer begins.
    mkfifo "$work/pipe"
    {
        sleep 0.2
        "$MPA_ANALYZE" --report=json "$capture" 2>"$work/err"
        echo $? >"$work/status"
    } | true
    statuses=("${PIPESTATUS[@]}")
    [ "${statuses[1]}" -eq 0 ] || fail "the reader failed"
    status=$(cat "$work/status")
    expect_status 4
    expect_line "standard output: Broken pipe"
}

case_closed_output() {
    "$MPA_ANALYZE" --report=json "$capture" >&- 2>"$work/err"
    status=$?
    expect_status 4
    expect_line "standard output: "
}

case_separate() {
    local files=("$golden"/server1.pcap "$golden"/server2.pcap)
    mkdir "$work/a"
    cp "${files[0]}" "$work/a/server2.pcap" # A namesake.
    analyze --separate --report=json --csv "$work/csv" "${files[@]}" "$work/a/server2.pcap"
    expect_status 0
    expect_silence
    [ "$(json '"schema":"mptcp-analyze/1"')" -eq 3 ] || fail "there are not three reports"
    [ "$(head -c 1 "$work/out")" = "[" ] || fail "the reports are no JSON array"
    [ "$(tail -n 1 "$work/out")" = "]" ] || fail "the JSON array has no end"
    for dir in server1.pcap server2.pcap server2.pcap-2; do
        [ -s "$work/csv/$dir/connections.csv" ] || fail "there is no $dir/connections.csv"
    done
    # Each report is that of the file alone.
    analyze --report=json --csv "$work/alone" "${files[1]}"
    cmp "$work/alone/subflows.csv" "$work/csv/server2.pcap/subflows.csv" || fail "subflows differ"
}

case_anonymize() {
    analyze --report=json "$capture"
    [ "$(json '192\.0\.2\.|198\.51\.100\.|203\.0\.113\.')" -gt 0 ] || fail "the capture has other addresses"
    analyze --anonymize --report=json --csv "$work/csv" "$capture"
    expect_status 0
    if grep -Eq '192\.0\.2\.|198\.51\.100\.|203\.0\.113\.' "$work/out" "$work"/csv/*; then
        fail "an address is in the output"
    fi
}

case_quiet() {
    { pcap_header 1; pcap_packet 1 $arp; } >"$work/arp.pcap"
    analyze --quiet "$work/arp.pcap"
    expect_status 0
    expect_silence
    # Errors are said all the same.
    analyze --quiet "$work/nothing.pcap"
    expect_status 3
    expect_line "nothing\.pcap: "
}

case_progress() {
    analyze --progress "$capture"
    expect_status 0
    expect_line "client\.pcap: .* packets, [0-9]+ packets/s"
}

# Same input, same bytes out.
case_same_bytes() {
    for format in text json; do
        analyze --report=$format "$golden"/*.pcap
        cp "$work/out" "$work/first"
        analyze --report=$format "$golden"/*.pcap
        cmp "$work/out" "$work/first" || fail "$format differs between two runs"
    done
}

# A terminal's page is as wide as it is, from 60 to 100 columns; elsewhere it is 100.
case_terminal_width() {
    need script stty
    local columns
    analyze --check "$golden/../bad-hmac4/client.pcap"
    cp "$work/out" "$work/wide"
    [ "$(wc -L <"$work/wide")" -gt 80 ] || fail "the page is narrow without a terminal"
    for columns in 40:60 80:80 90:90 200:100; do
        script -qec "stty cols ${columns%:*}; '$MPA_ANALYZE' --check '$golden/../bad-hmac4/client.pcap'" /dev/null </dev/null |
            tr -d '\r' >"$work/out"
        grep -q '^Conformance: ' "$work/out" || fail "there is no report"
        [ "$(sed -n '/^Conformance/,/^next/p' "$work/out" | grep -v ' FIRST FRAME ' | wc -L)" -le "${columns#*:}" ] ||
            fail "the page is wider than ${columns#*:}"
        [ "${columns#*:}" -lt 100 ] || cmp "$work/out" "$work/wide" || fail "a wide terminal's page is another"
    done
}
