#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Writes captures/golden/README.md: one line per capture. Run after recording.
set -eu
LAB_DIR=$(cd "$(dirname "$0")" && pwd)
cd "$LAB_DIR/../golden"

link_type() {
    tcpdump -nr "$1" -c 1 2>&1 | sed -n 's/.*link-type \([A-Z0-9_]*\).*/\1/p' | head -1
}

shows() { # what a vantage point adds to what the scenario shows
    "$LAB_DIR/run.sh" --list | awk -v n="$1" '$1 == n { $1 = ""; print substr($0, 2) }'
}

family_text() { # "the same, IPv6" stands for its family's first line
    local text first
    text=$(shows "$1")
    case $text in
    'the same'*)
        first=${1%-nat4}
        first=${first%6}
        [ -n "$(shows "${first}4")" ] && first=${first}4
        text="$(shows "$first" | sed 's/, IPv4$//')${text#the same}"
        ;;
    esac
    echo "$text"
}

{
    cat "$LAB_DIR/notes/golden-readme.md"
    echo
    echo '| scenario | vantage | link type | packets | bytes | what it shows |'
    echo '|---|---|---|---:|---:|---|'
    for folder in */; do
        name=${folder%/}
        text=$(family_text "$name")
        for pcap in "$folder"*.pcap; do
            vantage=$(basename "$pcap" .pcap)
            packets=$(awk -F, -v f="$vantage" '$1 == f { print $2 }' "$folder/truth/tcpdump.csv")
            echo "| [$name]($name/$name.md) | $vantage | $(link_type "$pcap") | $packets | $(stat -c %s "$pcap") | $text |"
        done
    done
} >README.md
