#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make the pictures of the Wireshark plugin in this folder again.  By hand, not in CI: positions of the mouse are those of Wireshark 4.0 with
# Debian's fonts; look at what comes out.
#
#   docs/screenshots.sh BUILD     needs wireshark, xvfb, xdotool, imagemagick
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(cd "$1" && pwd)
demo=$source/captures/golden/anycast-demo/client.pcap
faulty=$source/captures/golden/flip-echo-id/balancer.pcap
export DISPLAY=:${SCREEN:-87}

# Wireshark ignores plugin folders of privileged users.
as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
work=$(mktemp -d /tmp/mpa-pictures-XXXXXX)
chmod 755 "$work"
mkdir -p "$work/home/.config/wireshark/profiles" "$work/pictures"
cp -r "$build/plugins" "$work/plugins"
cp -r "$source/dissector/profile/MPTCP-LB" "$work/home/.config/wireshark/profiles"
# More room for the tree.
sed -i 's/upper_pane: .*/upper_pane: 190/' "$work/home/.config/wireshark/profiles/MPTCP-LB/recent"
chmod -R a+rX "$work"
chmod 700 "$work/home"
[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$work/home"

Xvfb "$DISPLAY" -screen 0 1500x1000x24 -nolisten tcp >"$work/xvfb.log" 2>&1 &
screen=$!
viewer=
stop_viewer() {
    if [ -n "$viewer" ]; then
        kill "$viewer" 2>/dev/null || true
        wait "$viewer" 2>/dev/null || true
    fi
    viewer=
}
trap 'stop_viewer; kill "$screen"; rm -rf "$work"' EXIT
sleep 2

# view FILE OPTION...: Wireshark with the profile; $main is its window.
view() {
    stop_viewer
    "${as_user[@]}" env -u XDG_CONFIG_HOME HOME="$work/home" XDG_RUNTIME_DIR="$work/home" \
        WIRESHARK_PLUGIN_DIR="$work/plugins" wireshark -C MPTCP-LB -r "$@" >"$work/wireshark.log" 2>&1 &
    viewer=$!
    sleep 12
    main=$(xdotool search --onlyvisible --name 'pcap$' | head -1)
    xdotool windowmove "$main" 0 0 windowsize "$main" 1280 870 windowfocus "$main"
    sleep 2
}

# dialog WIDTH HEIGHT: the window that is open beside the main one, as $window.
dialog() {
    window=$(xdotool search --onlyvisible --name 'Wireshark · ' | tail -1)
    xdotool windowmove "$window" 10 10 windowsize "$window" "$1" "$2"
    sleep 2
}

# picture WINDOW NAME
picture() {
    import -window "$1" "$work/pictures/$2.png"
}

# keep NAME PICTURE...: below each other, with few colours.
keep() {
    local name=$1
    shift
    (cd "$work/pictures" && convert "$@" -append +dither -colors 64 -strip "PNG8:$source/docs/$name.png")
    ls -l "$source/docs/$name.png"
}

# The echo of an ADD_ADDR: the plugin's tree is the last item of the packet's.
view "$demo" -g 17
click() {
    xdotool mousemove "$1" "$2" click 1
    sleep 1
}
click 150 445
xdotool key End shift+Right
sleep 2
picture "$main" packet
keep wireshark packet.png

view "$demo" -z mptcplb,add_addr
dialog 1260 210
picture "$window" add_addr
view "$demo" -z mptcplb,connections
dialog 1260 330
picture "$window" connections
view "$demo" -z mptcplb,resets
dialog 1260 340
picture "$window" resets
keep wireshark-statistics add_addr.png connections.png resets.png

view "$demo" -z io,stat
dialog 1000 520
picture "$window" graph
keep wireshark-graph graph.png

view "$faulty" -z expert
dialog 1000 380
picture "$window" findings
keep wireshark-findings findings.png
