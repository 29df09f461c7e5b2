#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where the plugin and its profile are installed, and what can be set.
#
#   settings.sh install|profile|preferences preload=LIBRARIES
set -euo pipefail
. "$MPA_SOURCE_DIR/tests/plugin/common.sh"
preload=${2#preload=}
capture=$golden/anycast-demo/client.pcap

# fields OPTION...: of the 13th frame, an ADD_ADDR on the VIP.
fields() {
    run_tshark -2 -r "$capture" -c 13 "$@" -T fields -E separator='|' -e frame.number \
        -e mptcplb.connection -e mptcplb.on_vip -e mptcplb.dialect -e mptcplb.option \
        -e mptcplb.condition 2>"$work/err" | tail -1
}

# expect_fields WHAT OPTION...
expect_fields() {
    local wanted=$1 got
    shift
    got=$(fields "$@")
    [ "$got" = "$wanted" ] || fail "$*: $got, not $wanted"
}

expect_error() {
    grep -qF -- "$1" "$work/err" || fail "tshark does not say: $1"
}

preferences() {
    expect_fields '13|0|1|rfc8684|ADD_ADDR|ok'
    expect_fields '13||||ADD_ADDR|ok' -o mptcplb.analysis:FALSE
    expect_fields '13||||ADD_ADDR|illegal here' -o mptcplb.analysis:FALSE -o mptcplb.dialect:rfc6824
    expect_fields '13|0|0|rfc8684|ADD_ADDR|ok' -o mptcplb.vips:198.51.100.0/24
    expect_fields '13|0|1|rfc8684|ADD_ADDR|ok' -o mptcplb.vips:192.0.2.1,203.0.113.0/24
    expect_fields '13|0|0|rfc8684|ADD_ADDR|ok' -o 'mptcplb.vips:nonsense 192.0.2.1'
    expect_error "'nonsense' is no address"
    expect_fields '13|0|1|icnp2017|ADD_ADDR|illegal here' -o mptcplb.dialect:icnp2017
    expect_fields '13|0|1|rfc8684|ADD_ADDR|ok' -o "mptcplb.servers:$golden/anycast-demo/truth/servers.csv"
    [ ! -s "$work/err" ] || fail "servers: $(cat "$work/err")"
    expect_fields '13|0|1|rfc8684|ADD_ADDR|ok' -o "mptcplb.servers:$work/missing"
    expect_error "$work/missing: No such file"
    expect_fields '13|||||' --disable-protocol mptcplb
}

# What the profile's columns show of an ADD_ADDR and of a reset, and that its filters and graphs are ones that Wireshark accepts.
profile() {
    local line filter all=

    data=$work/data
    mkdir -p "$data/profiles"
    cp -r /usr/share/wireshark/. "$data"
    cp -r "$MPA_SOURCE_DIR/dissector/profile/MPTCP-LB" "$data/profiles"
    chmod -R a+rX "$data"
    run_tshark -C MPTCP-LB -2 -r "$capture" >"$work/out" 2>"$work/err"
    [ ! -s "$work/err" ] || fail "profile: $(cat "$work/err")"
    line=$(sed -n 13p "$work/out" | tr -s ' ')
    [[ $line == *' 0 0 initial rfc8684 ADD_ADDR 0.000071746 '* ]] || fail "columns: $line"
    line=$(sed -n 525p "$work/out" | tr -s ' ')
    [[ $line == *' 4 0 initial rfc8684 redirect '* ]] || fail "columns: $line"
    profile_filters >"$work/filters"
    [ "$(wc -l <"$work/filters")" -ge 20 ] || fail "the profile has few filters"
    while read -r filter; do
        all="${all:+$all || }($filter)"
    done <"$work/filters"
    run_tshark -2 -r "$capture" -Y "$all" >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
    [ ! -s "$work/err" ] || fail "filters: $(cat "$work/err")"
}

profile_filters() {
    local dir=$MPA_SOURCE_DIR/dissector/profile/MPTCP-LB

    sed -nE 's/^@[^@]*@(.*)@[[].*/\1/p' "$dir/colorfilters"
    sed -nE 's/^"TRUE","[^"]*","([^"]*)",.*/\1/p' "$dir/dfilter_buttons" | sed 's/\\x22/"/g'
    sed -nE 's/^"Enabled","[^"]*","([^"]*)",.*/\1/p' "$dir/io_graphs"
}

installed() {
    run_tshark -G plugins | grep -F mptcplb.so | cut -f4
}

# For one user, and for all: into folders that stand for the real ones.
install_all() {
    local path

    plugins=$work/none
    [ -z "$(installed)" ] || fail "without being installed the plugin is at $(installed)"
    cmake --install "$MPA_BUILD_DIR" --component personal --prefix "$work/home/.local" >"$work/out"
    chmod -R a+rX "$work/home"
    [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$work/home"
    path=$(installed)
    [[ $path == "$work"/home/.local/lib/wireshark/plugins/*/epan/mptcplb.so ]] ||
        fail "the personal plugin is at '$path'"
    run_tshark -C MPTCP-LB -r "$capture" -c 13 | tail -1 | grep -q 'initial rfc8684 ADD_ADDR' ||
        fail "the personal profile shows no columns"

    DESTDIR=$work/root cmake --install "$MPA_BUILD_DIR" --component plugin >"$work/out"
    chmod -R a+rX "$work/root"
    rm -rf "$work/home/.local" "$work/home/.config"
    path=$(find "$work/root" -path '*/wireshark/plugins/*/epan/mptcplb.so')
    [ -n "$path" ] || fail "no plugin for all users: $(cat "$work/out")"
    plugins=$(dirname "$(dirname "$(dirname "$path")")")
    [ "$(installed)" = "$path" ] || fail "the plugin of all users is not loaded from $path"
    [ -f "$work/root/usr/share/wireshark/profiles/MPTCP-LB/preferences" ] ||
        fail "no profile for all users: $(cat "$work/out")"
}

case $1 in
install) install_all ;;
profile) profile ;;
preferences) preferences ;;
*) fail "what is $1?" ;;
esac
