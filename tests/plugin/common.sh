# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For shell tests of the plugin: tshark as a user whom Wireshark lets load plugins.
set -euo pipefail
. "$MPA_SOURCE_DIR/tests/support/skip.sh"
need tshark
[ "$(id -u)" -ne 0 ] || need setpriv

# shellcheck disable=SC2034 # used by those who source this
golden=$MPA_SOURCE_DIR/captures/golden
module=$(find "$MPA_BUILD_DIR/plugins" -name mptcplb.so 2>/dev/null | head -1)
[ -n "$module" ] || skip "the plugin is not built"

work=$(mktemp -d /tmp/mpa-plugin-XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/none"
mkdir -m 777 "$work/home"
cp -r "$(dirname "$(dirname "$(dirname "$module")")")" "$work/plugins"
chmod -R a+rX "$work/plugins"
as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# What tests may set: where modules and profiles are looked for, and libraries of sanitizers.
plugins=$work/plugins
data=/usr/share/wireshark
preload=

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# run_tshark ARG...
run_tshark() {
    local with=(HOME="$work/home" WIRESHARK_PLUGIN_DIR="$plugins" WIRESHARK_DATA_DIR="$data")

    if [ -n "$preload" ]; then
        with+=(LD_PRELOAD="$preload" ASAN_OPTIONS=detect_leaks=0:exitcode=99)
    fi
    "${as_user[@]}" env -u XDG_CONFIG_HOME "${with[@]}" tshark "$@"
}
