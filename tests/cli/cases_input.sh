# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2086
# Inputs that cannot be read, or not to their end: one line that names the file, status 3.

case_missing() {
    analyze "$work/nothing.pcap"
    expect_status 3
    expect_line "nothing\.pcap: No such file"
    expect_nothing
}

case_empty() {
    : >"$work/empty.pcap"
    analyze "$work/empty.pcap"
    expect_status 3
    expect_line "empty\.pcap: is empty"
    analyze - <"$work/empty.pcap"
    expect_status 3
    expect_line ": -: is empty"
}

case_folder_empty() {
    mkdir "$work/folder"
    echo text >"$work/folder/notes.txt"
    analyze "$work/folder"
    expect_status 3
    expect_line "/folder: .*without capture"
    # What else was named is read.
    analyze "$work/folder" --report=json "$capture"
    expect_status 3
    expect_line "/folder: "
    [ "$(json '"file":')" -eq 1 ] || fail "the other capture is not in the report"
}

case_folder() {
    mkdir "$work/folder"
    cp "$capture" "$work/folder/b.pcap"
    gzip -c "$capture" >"$work/folder/a.any"
    echo text >"$work/folder/notes.pcap"
    cp "$capture" "$work/folder/.hidden.pcap"
    analyze --report=json "$work/folder"
    expect_status 0
    expect_silence
    [ "$(json '"file":"[^"]*/a\.any"')" -eq 1 ] || fail "the compressed capture is not in the report"
    [ "$(json '"file":')" -eq 2 ] || fail "there are not two captures"
}

case_not_a_capture() {
    echo "these are words and no packets" >"$work/words.pcap"
    analyze "$work/words.pcap"
    expect_status 3
    expect_line "words\.pcap: is not a capture file"
    head -c 4096 /dev/zero >"$work/zeros.pcap"
    analyze "$work/zeros.pcap"
    expect_status 3
    expect_line "zeros\.pcap: is not a capture file"
    gzip -c "$work/words.pcap" >"$work/words.gz"
    analyze "$work/words.gz"
    expect_status 3
    expect_line "words\.gz: "
}

case_unreadable() {
    cp "$capture" "$work/secret.pcap"
    chmod 000 "$work/secret.pcap"
    if [ "$(id -u)" -eq 0 ]; then
        need setpriv
        # Root reads everything: as somebody else, who need not be able to reach this build folder.
        cp "$MPA_ANALYZE" "$work/mptcp-analyze"
        chmod 755 "$work/mptcp-analyze"
        setpriv --reuid=65534 --regid=65534 --clear-groups "$work/mptcp-analyze" \
            "$work/secret.pcap" >"$work/out" 2>"$work/err"
        status=$?
    else
        analyze "$work/secret.pcap"
    fi
    expect_status 3
    expect_line "secret\.pcap: Permission denied"
}

case_cut() {
    local size whole
    size=$(stat -c %s "$capture")
    analyze --report=json "$capture"
    whole=$(packets)
    # In the data of the last packet, and in its header: one packet less either way.
    head -c $((size - 1)) "$capture" >"$work/cut.pcap"
    analyze --report=json "$work/cut.pcap"
    expect_status 3
    expect_line "cut\.pcap: ends in the middle of a packet"
    [ "$(packets)" -eq $((whole - 1)) ] || fail "what could be read is not in the report"
    [ "$(json '"error":"ends in the middle')" -eq 1 ] || fail "the report does not say it"
    analyze "$work/cut.pcap"
    expect_status 3
    expect_out "$((whole - 1)) packets"
    { cat "$capture"; printf '\x00\x00\x00'; } >"$work/cut.pcap"
    analyze --report=json "$work/cut.pcap"
    expect_status 3
    [ "$(packets)" -eq "$whole" ] || fail "the whole packets are not in the report"
}

case_cut_compressed() {
    gzip -c "$capture" >"$work/whole.gz"
    head -c $(($(stat -c %s "$work/whole.gz") * 3 / 4)) "$work/whole.gz" >"$work/cut.gz"
    analyze --report=json "$work/cut.gz"
    expect_status 3
    expect_line "cut\.gz: .*end"
    [ "$(packets)" -gt 0 ] || fail "nothing of it was read"
    # Damaged in the middle.
    cp "$work/whole.gz" "$work/bad.gz"
    head -c 600 /dev/zero | dd of="$work/bad.gz" bs=1 seek=2000 conv=notrunc status=none
    analyze --report=json "$work/bad.gz"
    expect_status 3
    expect_line "bad\.gz: "
}

case_cut_header() {
    head -c 10 "$capture" >"$work/head.pcap"
    analyze "$work/head.pcap"
    expect_status 3
    expect_line "head\.pcap: "
    # A header and no packets is a capture.
    head -c 24 "$capture" >"$work/head.pcap"
    analyze "$work/head.pcap"
    expect_status 0
    expect_line "head\.pcap: there is no TCP in it"
}

case_link_type() {
    { pcap_header 147; pcap_packet 1 $syn; } >"$work/user.pcap"
    analyze "$work/user.pcap"
    expect_status 3
    expect_line "user\.pcap: .*link type 147.* not handled"
}

case_no_tcp_in_it() {
    { pcap_header 1; pcap_packet 1 $arp; pcap_packet 2 $arp; } >"$work/arp.pcap"
    analyze "$work/arp.pcap"
    expect_status 0
    expect_line "arp\.pcap: there is no TCP in it"
    expect_out "2 packets"
    # The same file with a SYN is not complained about: the test above can fail.
    { pcap_header 1; pcap_packet 1 $arp; pcap_packet 2 $syn; } >"$work/arp.pcap"
    analyze "$work/arp.pcap"
    expect_status 0
    expect_silence
}

# A damaged record in the middle: what came before is reported.
case_partly_readable() {
    {
        pcap_header 1
        pcap_packet 1 $syn
        printf '\x02\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f'
        pcap_packet 3 $syn
    } >"$work/damaged.pcap"
    analyze --report=json "$work/damaged.pcap"
    expect_status 3
    expect_line "damaged\.pcap: "
    [ "$(packets)" -eq 1 ] || fail "the first packet is not in the report"
}

case_one_of_several() {
    analyze --report=json "$work/nothing.pcap" "$capture"
    expect_status 3
    expect_line "nothing\.pcap: "
    [ "$(json '"file":')" -eq 2 ] || fail "not both are in the report"
    [ "$(packets | sort -n | tail -1)" -gt 100 ] || fail "the good one was not read"
}

case_all_unreadable_json() {
    analyze --report=json "$work/nothing.pcap"
    expect_status 3
    expect_line "nothing\.pcap: "
    [ "$(json '"error":"No such file or directory"')" -eq 1 ] || fail "JSON does not say the error"
}
