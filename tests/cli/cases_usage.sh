# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Wrong usage: one line, the usage line, status 2, before any work.

# Every option of this version, as design and man page have them.
options=(--report --output --csv --explain --separate --anonymize --select --from --to --vip --servers
    --churn --dialect --gue-port --vxlan-port --geneve-port --max-connections --progress --quiet
    --check --fail-on --rule --strict-ids --junit --sarif --tap --baseline --write-baseline --list-rules
    --v6-secret --expect --nstat --version --help)
# Of the contract, but not in this version.
later=(--events=x --xplot=x --no-sandbox --interval=1 --follow=x --metrics=x -i)

case_wrong_option() {
    analyze --nonsense "$capture"
    expect_usage "^mptcp-analyze: --nonsense: no such option"
    analyze -Q "$capture"
    expect_usage "^mptcp-analyze: -Q: no such option"
    analyze --expl "$capture"
    expect_usage "--expl: no such option"
    analyze --explain=yes "$capture"
    expect_usage "--explain takes no value"
    analyze "$capture" --csv
    expect_usage "--csv needs a value"
    analyze -o
    expect_usage "-o needs a value"
    analyze --report=json --explain "$capture"
    expect_usage "--explain goes with --report=text"
}

case_wrong_value() {
    local option
    for option in --report=xml --gue-port=0 --gue-port=65536 --vxlan-port=1x --geneve-port= \
        --max-connections=0 --max-connections=-1 --max-connections=99999999999999999999 \
        --vip=example.org --vip=192.0.2.1/33 --vip=2001:db8::/129 --dialect=v1 --dialect=apple-v0 \
        --select=client --select=client=x --select=token=xyz --select=token=123456789 \
        --select=connection=-1 --from=yesterday --from=1. --to=2026-02-30T00:00:00Z \
        --v6-secret= --v6-secret=0 --v6-secret=0011223g \
        --to=2026-01-01T00:00:00 --to=+ --from=-1 --csv= ; do
        analyze "$option" "$capture"
        expect_usage "^mptcp-analyze: ${option%%=*}"
    done
    analyze --v6-secret=0011223g "$capture"
    grep -q 0011223g "$work/err" && fail "the secret is shown"
    analyze --from=20 --to=10 "$capture"
    expect_usage "--from is after --to"
    analyze -f "tcp and and" "$capture"
    expect_usage "-f: 'tcp and and'"
    # The report that was asked for is not touched.
    echo kept >"$work/report"
    analyze -o "$work/report" --gue-port=0 "$capture"
    expect_usage "gue-port"
    grep -q kept "$work/report" || fail "the report was written over"
}

case_no_capture() {
    analyze
    expect_usage "no capture"
    analyze --quiet
    expect_usage "no capture"
    analyze - - <"$capture"
    expect_usage "only once"
}

case_report_word() {
    cd "$work" || exit 1
    analyze --report json
    expect_usage "did you mean --report=json"
    analyze --report html "$capture"
    expect_usage "did you mean --report=html"
    # A capture may be called so.
    cp "$capture" "$work/json"
    analyze --report json
    expect_status 0
    expect_silence
    # Without --report it is only a missing file.
    rm "$work/json"
    analyze json
    expect_status 3
}

case_refused() {
    local option name
    analyze --help
    cp "$work/out" "$work/help"
    for option in "${later[@]}"; do
        analyze "$option" "$capture"
        expect_usage "^mptcp-analyze: ${option%%=*}: not in this version"
        name=${option%%=*}
        if grep -Eq -- "(^|[ ,])$name([ =[]|\$)" "$work/help"; then
            fail "$name is in --help"
        fi
    done
    analyze --report=html "$capture"
    expect_usage "--report=html: not in this version"
    if grep -q html "$work/help"; then
        fail "html is in --help"
    fi
    cd "$work" || exit 1
    analyze compare a.json b.json
    expect_usage "compare: not in this version"
}

case_help() {
    local option page=$MPA_SOURCE_DIR/docs/mptcp-analyze.1
    analyze --help
    expect_status 0
    expect_silence
    for option in "${options[@]}" -o -f; do
        expect_out "(^|[ ,])$option([ ,=[]|\$)"
        # In the man page a dash is written \-.
        grep -qF -- "${option//-/\\-}" "$page" || fail "$option is not in the man page"
    done
    # The list above is whole: as many rows as the table has.
    [ "$(grep -Ec '^ {2,6}-' "$work/out")" -eq $((${#options[@]} + 1)) ] || fail "--help has other options"
    [ "$(wc -L <"$work/out")" -le 88 ] || fail "--help has lines that are too long"
    analyze --help >/dev/full
    "$MPA_ANALYZE" --help >/dev/full 2>"$work/err"
    status=$?
    expect_status 4
}

case_version() {
    analyze --version
    expect_status 0
    expect_silence
    expect_out '^mptcp-analyze [0-9]+\.[0-9]+\.[0-9]+$'
}
