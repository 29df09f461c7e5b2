# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the benchmark and its smoke test share.  BIN is the folder of the programs, TOOLS that of bench_floor and bench_measure,
# WORK a temporary one.

die() {
    echo "bench: $*" >&2
    exit 1
}

# make_capture FILE OPTION...: a synthetic capture; prints "packets N connections N closed N open N".
make_capture() {
    local file=$1
    shift
    "$BIN/mpa-synth" bench -o "$file" "$@" 2>&1 || die "mpa-synth failed"
    cat "$file" >/dev/null # Into the page cache.
}

# took COMMAND...: "wall cpu rss" of one run; fails when the command does.
took() {
    local wall cpu rss status
    read -r wall cpu rss status < <("$TOOLS/bench_measure" "$@" 2>"$WORK/stderr")
    [ "${status:-1}" = 0 ] || die "'$*' ended with ${status:-?}: $(tail -2 "$WORK/stderr")"
    echo "$wall $cpu $rss"
}

wall_of() {
    local line
    line=$(took "$@") || exit 1
    echo "${line%% *}"
}

rss_of() {
    local line
    line=$(took "$@") || exit 1
    echo "${line##* }"
}

# median NUMBER...
median() {
    printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# quotient A B DIGITS
quotient() {
    awk -v a="$1" -v b="$2" -v d="${3:-2}" 'BEGIN { printf "%.*f\n", d, b ? a / b : 0 }'
}
