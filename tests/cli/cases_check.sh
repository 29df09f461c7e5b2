# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# --check: exit statuses, every output, baselines.

# broken: a capture that breaks one rule of severity error, MPC-04, in its first frame; kept: one that nearly does.
make_captures() {
    broken=$work/broken.pcap
    kept=$work/kept.pcap
    "$MPA_SYNTH" rule MPC-04 breaks -o "$broken" || fail "the generator failed"
    "$MPA_SYNTH" rule MPC-04 nearly -o "$kept" || fail "the generator failed"
}

# rule_count: rows of the table.
rule_count() {
    grep -c '^RULE([A-Z]' "$MPA_SOURCE_DIR/include/mpa/tbl/rules.h"
}

case_check_status() {
    make_captures
    analyze --check "$kept"
    expect_status 0
    expect_silence
    analyze "$broken"
    expect_status 0
    analyze --check "$broken"
    expect_status 1
    expect_silence
    analyze --check=lb --fail-on=never "$broken"
    expect_status 0
    analyze --check --rule MPC-04=warning "$broken"
    expect_status 0
    expect_out 'MPC-04 +warning'
    analyze --check --fail-on warning --rule MPC-04=warning "$broken"
    expect_status 1
    analyze --check --fail-on warning --rule mpc-04=info "$broken"
    expect_status 0
    analyze --check --rule MPC-04=off "$broken"
    expect_status 0
    expect_out '^Conformance: no error.* 1 is off'
    # Of RFC 6824 nothing is said here.
    analyze --check=rfc6824 "$broken"
    expect_status 0
    # The highest status wins.
    head -c $(($(stat -c %s "$broken") - 1)) "$broken" >"$work/cut.pcap"
    analyze --check "$work/cut.pcap"
    expect_status 3
    expect_out '^Conformance: 1 error'
    # Connections that are not selected are not judged.
    analyze --quiet --check --select connection=7 "$broken"
    expect_status 0
}

case_check_usage() {
    local option
    for option in --check=rfc793 --check= --fail-on=info --fail-on= --rule=MPC-04 --rule=MPC-04=fatal --rule=MPC-4=off \
        --rule==off --rule=MPC-04444444444444444=off --junit= --sarif= --tap= --baseline= --write-baseline=; do
        analyze --check "$option" "$capture"
        expect_usage "^mptcp-analyze: ${option%%=*}"
    done
    analyze --fail-on=error "$capture"
    expect_usage "--fail-on goes with --check"
    analyze --rule=MPC-04=off "$capture"
    expect_usage "--rule goes with --check"
    analyze --strict-ids "$capture"
    expect_usage "--strict-ids goes with --check"
    analyze --anonymize --write-baseline "$work/b.json" "$capture"
    expect_usage "--write-baseline does not go with --anonymize"
    analyze --tap - "$capture"
    expect_usage "^mptcp-analyze: -: only one output can go to standard output"
    analyze -o "$work/r" --tap - --junit - "$capture"
    expect_usage "^mptcp-analyze: -: only one output can go to standard output"
    analyze --write-baseline - "$capture"
    expect_usage "^mptcp-analyze: -: a baseline is a file"
    cd "$work" || exit 1
    analyze --check lb "$capture"
    expect_usage "did you mean --check=lb"
}

case_check_text() {
    make_captures
    analyze --check "$broken"
    expect_out '^Conformance: 1 error in 1 connection'
    expect_out '^  MPC-04  error +1 +#1  '
    expect_out '^  MPC-04  error +connection 0, .*frame #1: '
    expect_out '^next: begin with MPC-04 \(RFC 8684 3\.1\), frame #1 of '
    [ "$(wc -L <"$work/out")" -le 100 ] || fail "the report is too wide"
    analyze --check --explain "$broken"
    expect_out '^  finding: MPC-04  error +.*frame #1: '
    analyze "$broken"
    if grep -q Conformance "$work/out"; then
        fail "there is conformance without --check"
    fi
    # Several captures, many findings.
    analyze --check "$golden"/../bad-hmac4/*.pcap
    expect_status 1
    expect_out '^          \.\.\. and 7 more of AA-04'
    [ "$(wc -L <"$work/out")" -le 100 ] || fail "the report is too wide"
    analyze --check --explain "$golden"/../bad-hmac4/*.pcap
    [ "$(grep -c '^  finding: AA-04' "$work/out")" -eq 12 ] || fail "not all findings are in the stories"
}

case_check_json() {
    make_captures
    analyze --report=json "$broken"
    [ "$(json '"rules":null')" -eq 1 ] || fail "there are rules without --check"
    [ "$(json '"findings":null')" -eq 1 ] || fail "there are findings without --check"
    analyze --report=json --check "$broken"
    perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)' <"$work/out" || fail "the report is no JSON"
    [ "$(json '"id":"[A-Z]+-[0-9]+","checked":')" -eq "$(rule_count)" ] || fail "there are not all rules"
    [ "$(json '"rule":"MPC-04"')" -eq 1 ] || fail "there is not one finding"
    expect_out '"rule":"MPC-04","severity":"error","verdict":"violation","connection":0,"subflow":0,'
    expect_out '"frames":\[\{"capture":0,"frame":1\}\],"values":\{"flags":65\},"text":"[^"]+","reference":"RFC 8684 3\.1"'
    expect_out '"id":"MPC-04","checked":[0-9]+,"passed":[0-9]+,"broken":1,"not_verifiable":\{"NV-SYN":0,'
    analyze --report=json --check "$kept"
    [ "$(json '"findings":\[\]')" -eq 1 ] || fail "the list of findings is not empty"
    # What was judged is the sum of the verdicts.
    analyze --report=json --check "$golden"/*.pcap
    perl -MJSON::PP -MList::Util=sum -e 'local $/; for (@{decode_json(<STDIN>)->{rules}}) {
        $_->{checked} == $_->{passed} + $_->{broken} + sum(values %{$_->{not_verifiable}}) or die "$_->{id}\n" }' \
        <"$work/out" 2>"$work/err" || fail "a rule's verdicts are not what was checked"
}

case_check_csv() {
    make_captures
    analyze --check --csv "$work/csv" "$broken"
    expect_status 1
    head -1 "$work/csv/findings.csv" |
        grep -q '^"rule","severity","verdict","connection","subflow","ns","frames.capture","frames.frame","values","text","reference","baseline"' ||
        fail "the header is another"
    grep -q '^"MPC-04","error","violation","0","0","0","0","1","flags=65",' "$work/csv/findings.csv" ||
        fail "the finding is not there"
    [ "$(wc -l <"$work/csv/findings.csv")" -eq 2 ] || fail "there is not one finding"
}

# expect_junit TESTS FAILURES: of the whole file; the counts of every suite are right.
expect_junit() {
    xmllint --noout --schema "$here/cli/junit.xsd" "$work/junit.xml" 2>"$work/err" || fail "it is not JUnit's shape"
    local suites suite kind
    count() { xmllint --xpath "string($1)" "$work/junit.xml"; }
    [ "$(count /testsuites/@tests)" -eq "$1" ] || fail "tests are not $1"
    [ "$(count /testsuites/@failures)" -eq "$2" ] || fail "failures are not $2"
    suites=$(count 'count(/testsuites/testsuite)')
    for ((suite = 1; suite <= suites; suite++)); do
        [ "$(count "/testsuites/testsuite[$suite]/@tests")" -eq "$(count "count(/testsuites/testsuite[$suite]/testcase)")" ] ||
            fail "suite $suite counts other tests"
        for kind in failure:failures error:errors skipped:skipped; do
            [ "$(count "/testsuites/testsuite[$suite]/@${kind#*:}")" -eq \
                "$(count "count(/testsuites/testsuite[$suite]/testcase[${kind%:*}])")" ] ||
                fail "suite $suite counts other ${kind#*:}"
        done
    done
    [ "$(count /testsuites/@errors)" -eq "$(count 'count(//error)')" ] || fail "the root counts other errors"
    [ "$(count /testsuites/@skipped)" -eq "$(count 'count(//skipped)')" ] || fail "the root counts other skipped cases"
}

case_check_junit() {
    need xmllint
    local rules
    rules=$(rule_count)
    make_captures
    analyze --junit "$work/junit.xml" "$broken"
    expect_status 1
    expect_junit "$rules" 1
    grep -q '<testcase classname="mptcp.MPC" name="MPC-04 ' "$work/junit.xml" || fail "the case has another name"
    analyze --junit "$work/junit.xml" --rule MPC-04=warning "$broken"
    expect_status 0
    expect_junit "$rules" 0
    grep -q '<system-out>warning' "$work/junit.xml" || fail "the warning is not told"
    # What is known is skipped.
    analyze --write-baseline "$work/base.json" "$broken"
    analyze --baseline "$work/base.json" --junit "$work/junit.xml" "$broken"
    expect_status 0
    expect_junit "$rules" 0
    # One suite a file, and names that XML must escape.
    cp "$kept" "$work/<&\"> $(printf '\x01\xff').pcap"
    analyze --separate --report=json --junit "$work/junit.xml" "$broken" "$work"/*.pcap
    expect_status 1
    expect_junit $((4 * rules)) 2
    analyze --junit "$work/junit.xml" "$work/nothing.pcap"
    expect_status 3
    expect_junit $((rules + 1)) 0
}

case_check_sarif() {
    make_captures
    analyze --sarif "$work/s.json" "$broken"
    expect_status 1
    perl -MJSON::PP -e '
        local $/; my $s = decode_json(<STDIN>); my ($run) = @{$s->{runs}};
        my @rules = @{$run->{tool}{driver}{rules}}; my @fail = grep { !$_->{kind} } @{$run->{results}};
        $s->{version} eq "2.1.0" or die "version\n";
        @rules == $ARGV[0] or die "rules\n";
        @fail == 1 or die "results\n";
        for my $r (@rules) { $r->{fullDescription}{text} && $r->{help}{text} =~ m{--rule $r->{id}=off} or die "$r->{id}: help\n" }
        $fail[0]{ruleId} eq "MPC-04" && $fail[0]{level} eq "error" or die "result\n";
        $rules[$fail[0]{ruleIndex}]{id} eq "MPC-04" or die "ruleIndex\n";
        $rules[$fail[0]{ruleIndex}]{helpUri} eq "https://www.rfc-editor.org/rfc/rfc8684#section-3.1" or die "helpUri\n";
        $fail[0]{locations}[0]{properties}{frame} == 1 or die "frame\n";
        $fail[0]{locations}[0]{physicalLocation}{artifactLocation}{uri} =~ m{^file:///.*broken\.pcap$} or die "uri\n";
        $fail[0]{partialFingerprints}{"finding/v1"} =~ /^[0-9a-f]{16}$/ or die "fingerprint\n";
        my %ids = map { $_->{ruleId} => 1 } @{$run->{results}};
        keys %ids == $ARGV[0] or die "a rule has no result\n";
        ' "$(rule_count)" <"$work/s.json" 2>"$work/err" || fail "the SARIF file is not as it should be"
    # A second recording has other ports, keys and times: the fingerprint is the same.
    analyze --separate --sarif "$work/s.json" --report=json "$broken" "$broken"
    [ "$(grep -o '"automationDetails"' "$work/s.json" | wc -l)" -eq 2 ] || fail "there are not two runs"
}

case_check_tap() {
    need prove
    make_captures
    analyze --tap "$work/kept.tap" "$kept"
    prove -e cat "$work/kept.tap" >"$work/out" 2>&1 || fail "prove does not accept what was kept"
    expect_out "Tests=$(rule_count),"
    analyze --tap "$work/broken.tap" "$broken"
    if prove -e cat "$work/broken.tap" >"$work/out" 2>&1; then
        fail "prove accepts what is broken"
    fi
    expect_out 'Failed 1/'
    if grep -q 'Parse errors' "$work/out"; then
        fail "prove cannot read it"
    fi
    analyze --separate --report=json --tap "$work/both.tap" "$kept" "$broken"
    prove -e cat "$work/both.tap" >"$work/out" 2>&1
    expect_out "Tests=$((2 * $(rule_count))), "
    expect_out 'Failed 1/'
    analyze -o "$work/report" --tap - "$broken"
    expect_status 1
    cmp "$work/out" "$work/broken.tap" || fail "standard output is not as the file"
    # Many findings, several captures.
    analyze --tap "$work/many.tap" "$golden"/../bad-hmac4/*.pcap
    prove -e cat "$work/many.tap" >"$work/out" 2>&1
    if grep -q 'Parse errors' "$work/out"; then
        fail "prove cannot read it"
    fi
}

case_check_baseline() {
    make_captures
    analyze --write-baseline "$work/base.json" "$broken"
    expect_status 1
    grep -q '"rule": "MPC-04", "client": "[0-9.]*", "server": "[0-9.]*", "role": "initial", .*"count": 1' "$work/base.json" ||
        fail "the baseline has other entries"
    analyze --baseline "$work/base.json" --report=json --tap "$work/t.tap" --sarif "$work/s.json" --junit "$work/j.xml" "$broken"
    expect_status 0
    expect_silence
    expect_out '"rule":"MPC-04",.*"baseline":true'
    grep -q '^not ok [0-9]* - MPC-04 .* # TODO known' "$work/t.tap" || fail "TAP does not say that it is known"
    grep -q '"baselineState":"unchanged"' "$work/s.json" || fail "SARIF does not say that it is known"
    grep -q 'skipped message="known' "$work/j.xml" || fail "JUnit does not say that it is known"
    # Written again with the old one in use: the same.
    analyze --baseline "$work/base.json" --write-baseline "$work/again.json" "$broken"
    expect_status 0
    cmp "$work/base.json" "$work/again.json" || fail "the second baseline differs"
    # Where it does not occur any more, that is told; not with --quiet.
    analyze --baseline "$work/base.json" "$kept"
    expect_status 0
    expect_line "base\.json: no longer found: MPC-04, "
    analyze --quiet --baseline "$work/base.json" "$kept"
    expect_silence
    # How many there are follows chance: a known one is known however often it comes.
    analyze --separate --baseline "$work/base.json" "$broken" "$broken"
    expect_status 0
    sed 's/, "count": 1//' "$work/base.json" >"$work/none.json"
    analyze --baseline "$work/none.json" "$broken"
    expect_status 0
    sed 's/"role": "initial"/"role": "join"/' "$work/base.json" >"$work/other.json"
    analyze --quiet --baseline "$work/other.json" "$broken"
    expect_status 1
    analyze --fail-on never --baseline "$work/other.json" --anonymize "$broken"
    expect_line "other\.json: no longer found: MPC-04: "
}

case_check_baseline_bad() {
    make_captures
    analyze --baseline "$work/nothing.json" "$broken"
    expect_usage "nothing\.json: No such file"
    local good='{"rule": "MPC-04", "client": "192.0.2.1", "server": "192.0.2.2", "role": null, "text": "t", "count": 1}' bad
    bad_file() {
        printf '%s\n' "$1" >"$work/bad.json"
        analyze --baseline "$work/bad.json" "$broken"
        expect_usage "bad\.json"
    }
    bad_file ''
    bad_file '{'
    bad_file '[]'
    bad_file '{"schema": "mptcp-analyze/1", "findings": []}'
    bad_file '{"schema": "mptcp-analyze-baseline/1"}'
    for bad in 's/MPC-04/MPC-99/' 's/192.0.2.1/192.0.2/' 's/192.0.2.2/0::\/0/' 's/null/"both"/' 's/"t"/1/'; do
        bad_file "{\"schema\": \"mptcp-analyze-baseline/1\", \"findings\": [$(sed "$bad" <<<"$good")]}"
    done
    printf '{"schema": "mptcp-analyze-baseline/1", "findings": [%s]}' "$good" >"$work/good.json"
    analyze --quiet --baseline "$work/good.json" "$broken"
    expect_status 1
}

case_check_full_disk() {
    [ -w /dev/full ] || skip "there is no /dev/full"
    make_captures
    local option
    for option in --junit --sarif --tap --write-baseline; do
        analyze "$option" /dev/full "$broken"
        expect_status 4
        expect_line "/dev/full: No space left"
        analyze "$option" "$work/no/such/folder" "$broken"
        expect_status 4
        expect_line "no/such/folder: No such file"
    done
    "$MPA_ANALYZE" --check --report=json "$broken" >/dev/full 2>"$work/err"
    status=$?
    expect_status 4
    "$MPA_ANALYZE" --list-rules >/dev/full 2>"$work/err"
    status=$?
    expect_status 4
}

case_check_closed_pipe() {
    make_captures
    {
        sleep 0.2
        "$MPA_ANALYZE" -o /dev/null --sarif /dev/stdout "$broken" 2>"$work/err"
        echo $? >"$work/status"
    } | true
    status=$(cat "$work/status")
    expect_status 4
    expect_line "/dev/stdout: Broken pipe"
}

case_check_anonymize() {
    make_captures
    analyze --anonymize --explain --junit "$work/j.xml" --sarif "$work/s.json" --tap "$work/t.tap" --csv "$work/csv" "$golden"/../bad-hmac4/*.pcap
    expect_status 1
    grep -q AA-04 "$work/s.json" || fail "the finding is not there"
    if grep -Eq '192\.0\.2\.|198\.51\.100\.|203\.0\.113\.' "$work/out" "$work/j.xml" "$work/s.json" "$work/t.tap" "$work/csv/findings.csv"; then
        fail "an address is in the output"
    fi
}

case_check_same_bytes() {
    local files=("$golden"/../bad-hmac4/*.pcap) run
    for run in 1 2; do
        analyze --report=json --junit "$work/j.$run" --sarif "$work/s.$run" --tap "$work/t.$run" --write-baseline "$work/b.$run" "${files[@]}"
        mv "$work/out" "$work/o.$run"
    done
    for run in j s t b o; do
        cmp "$work/$run.1" "$work/$run.2" || fail "$run differs between two runs"
    done
}

# findings RULE: how many there are in the JSON report on standard output.
findings() {
    json "\"rule\":\"$1\",\"severity\""
}

# The same breach at two vantage points is one.
case_check_vantage_points() {
    make_captures
    cp "$broken" "$work/second.pcap"
    analyze --check --report=json "$broken" "$work/second.pcap"
    expect_status 1
    [ "$(findings MPC-04)" -eq 1 ] || fail "the breach is not found once"
    expect_out '"id":"MPC-04","checked":[0-9]+,"passed":[0-9]+,"broken":1,'
    # The cable damages HMACs between client and servers: the client alone sees it, and it stays as it saw it.
    local folder=$golden/../bad-hmac4 alone
    analyze --check --report=json "$folder/client.pcap"
    alone=$(findings AA-04)
    [ "$alone" -gt 0 ] || fail "the client sees no wrong HMAC"
    analyze --check --report=json "$folder/server1.pcap"
    [ "$(findings AA-04)" -eq 0 ] || fail "the server sees a wrong HMAC"
    analyze --check --report=json "$folder"
    expect_status 1
    [ "$(findings AA-04)" -eq "$alone" ] || fail "the merged findings are others"
    # Echoes that the cable altered pass balancer and servers: each is told once.
    folder=$golden/../flip-echo-id
    analyze --check --report=json "$folder"
    [ "$(findings AA-02)" -eq "$(grep -c flip-id "$folder/truth/cable.csv")" ] || fail "altered echoes are not told once each"
    perl -MJSON::PP -e '
        local $/; my $r = decode_json(<STDIN>); my %subflows; my $last = -1;
        for my $c (@{$r->{connections}}) { $subflows{"$c->{id} $_->{id}"} = 1 for @{$c->{subflows}} }
        for my $f (@{$r->{findings}}) {
            !defined $f->{subflow} || $subflows{"$f->{connection} $f->{subflow}"} or die "no such subflow\n";
            $f->{connection} >= $last or die "findings are not in the order of connections\n";
            $last = $f->{connection};
        }' <"$work/out" 2>"$work/err" || fail "findings do not fit the connections"
}

# Where the capture cut MP_CAPABLE off, nobody knows the dialect: rules of one dialect say nothing certain of the other options.
case_check_cut_capable() {
    local dialect length
    for dialect in icnp v0 apple-v0; do
        for length in 74 78 82; do
            "$MPA_SYNTH" "$dialect" -o "$work/cut.pcap" --snaplen "$length" || fail "the generator failed"
            analyze --check --report=json "$work/cut.pcap"
            expect_status 0
            [ "$(findings '(AA-03|PR-01)')" -eq 0 ] || fail "$dialect is judged by version 1, $length bytes a packet"
        done
    done
    expect_out '"id":"AA-03","checked":[1-9][0-9]*,"passed":0,"broken":0,'
}

case_list_rules() {
    local table=$MPA_SOURCE_DIR/include/mpa/tbl/rules.h
    grep -Eo '^RULE\([A-Z]+_[0-9]+, "[^"]+"' "$table" | sed 's/.*"\(.*\)"/\1/' >"$work/ids"
    [ "$(wc -l <"$work/ids")" -eq "$(rule_count)" ] || fail "the table is written otherwise"
    analyze --list-rules
    expect_status 0
    expect_silence
    [ "$(wc -L <"$work/out")" -le 100 ] || fail "a line is too long"
    grep -Eo '^[A-Z]+-[0-9]+' "$work/out" | cmp - "$work/ids" || fail "other rules than in the table"
    analyze --report=json --list-rules
    expect_status 0
    perl -MJSON::PP -e 'local $/; print "$_->{id}\n" for @{decode_json(<STDIN>)->{rules}}' <"$work/out" | cmp - "$work/ids" ||
        fail "other rules than in the table (JSON)"
    analyze --list-rules -o "$work/list"
    expect_nothing
    [ -s "$work/list" ] || fail "-o is not heeded"
    # What it does not heed is refused.
    analyze --list-rules "$capture"
    expect_usage 'client\.pcap: --list-rules reads no capture'
    analyze --list-rules --tap "$work/t"
    expect_usage '--tap does not go with --list-rules'
    [ ! -e "$work/t" ] || fail "an output was made"
    analyze -f tcp --list-rules
    expect_usage 'mptcp-analyze: -f does not go with --list-rules'
    analyze --check --list-rules
    expect_usage '--check does not go with --list-rules'
}

# Damaged HMACs as the cable's log counts them (bad-join-hmac4), and a join that reached another server (forbidden-join4).
case_check_guesses() {
    analyze --check "$golden/../bad-join-hmac4/server2.pcap"
    expect_out '^Joins with unknown tokens or wrong HMACs, by who sent them'
    expect_out '^  192\.0\.2\.10 +0 +0 +3 '
    analyze --check --report=json "$golden/../forbidden-join4/server1.pcap"
    expect_out '"join_guesses":\[\{"source":"192\.0\.2\.11","unknown_tokens":1,"refused":1,"bad_hmacs":0,'
    analyze --check "$capture"
    ! grep -q 'unknown tokens' "$work/out" || fail "there are guesses in a healthy capture"
}

# unchanged FILE...: what was copied to $work/saved before.
save() {
    rm -rf "$work/saved"
    mkdir "$work/saved"
    cp "$@" "$work/saved"
}
unchanged() {
    local file
    for file in "$work"/saved/*; do
        cmp "$file" "$work/$(basename "$file")" || fail "$(basename "$file") was changed"
    done
}

# No output is an input or another output, by whatever name.
case_check_distinct() {
    make_captures
    cd "$work" || exit 1
    analyze --write-baseline base.json "$broken"
    echo 'name,unique_address,mac,outer_address' >servers.csv
    echo 'time,action,server' >churn.csv
    echo '{}' >expect.json
    cp "$here/../captures/golden/nat4/truth/nstat-client.txt" nstat.txt
    ln -s broken.pcap link.pcap
    ln broken.pcap hard.pcap
    ln nstat.txt hard.txt
    ln -s "$work" folder
    ln -s new.tap pending.tap
    save broken.pcap base.json servers.csv churn.csv expect.json nstat.txt
    local option
    for option in --tap --junit --sarif --write-baseline -o; do
        for file in broken.pcap ./broken.pcap "$work/broken.pcap" link.pcap hard.pcap folder/broken.pcap; do
            analyze --check "$option" "$file" broken.pcap
            expect_status 2
            expect_nothing
            expect_line "broken.pcap\): it is also an input|it is also an input \(broken.pcap\) and would be lost"
        done
    done
    refused() {
        analyze "$@"
        expect_status 2
        expect_nothing
        expect_line "it is also an input|two outputs cannot go to one file"
        unchanged
    }
    refused --tap broken.pcap link.pcap
    refused --tap broken.pcap .
    refused --servers servers.csv -o servers.csv kept.pcap
    refused --churn churn.csv --csv . kept.pcap
    refused --expect expect.json -o ./expect.json kept.pcap
    refused --baseline base.json --sarif base.json kept.pcap
    refused --nstat "192.0.2.10=$work/nstat.txt,folder/nstat.txt" --tap hard.txt kept.pcap
    refused --nstat "192.0.2.10=nstat.txt" -o nstat.txt kept.pcap
    # Two outputs.
    refused --tap new.tap --junit new.tap kept.pcap
    refused --tap new.tap --junit ./new.tap kept.pcap
    refused --tap new.tap --junit folder/new.tap kept.pcap
    refused --tap new.tap -o pending.tap kept.pcap
    refused --write-baseline new.tap --sarif new.tap kept.pcap
    refused --csv . -o findings.csv --check kept.pcap
    [ ! -e new.tap ] || fail "an output was made"
    [ ! -e findings.csv ] || fail "an output was made"
    # shellcheck disable=SC2094 # That is the test.
    "$MPA_ANALYZE" --check - -o broken.pcap <broken.pcap >out 2>err
    status=$?
    expect_status 2
    unchanged
    # Several may go to a device, and a baseline is renewed in place.
    analyze --tap /dev/null --junit /dev/null -o /dev/null kept.pcap
    expect_status 0
    ln -s base.json known.json
    analyze --baseline known.json --write-baseline known.json "$broken"
    expect_status 0
    [ -L known.json ] || fail "the link was replaced"
    unchanged
}

# What is there stays where the run comes to nothing.
case_check_kept() {
    make_captures
    cd "$work" || exit 1
    local file
    analyze --write-baseline base.json broken.pcap
    chmod 640 base.json
    for file in r.txt t.tap j.xml s.json; do
        echo "of an earlier run" >"$file"
    done
    save base.json r.txt t.tap j.xml s.json
    analyze -o r.txt --junit j.xml --sarif s.json --tap no/such/folder broken.pcap
    expect_status 4
    expect_line 'no/such/folder: No such file'
    unchanged
    # A baseline of captures that could not be read would forget what is known of them.
    head -c $(($(stat -c %s broken.pcap) - 1)) broken.pcap >cut.pcap
    : >empty.pcap
    for file in nothing.pcap empty.pcap cut.pcap; do
        analyze --write-baseline base.json "$file" kept.pcap
        expect_status 3
        expect_error 'base\.json: not written, as not all inputs could be read'
        unchanged
        analyze --separate --write-baseline base.json kept.pcap "$file"
        expect_status 3
        unchanged
    done
    analyze --write-baseline base.json kept.pcap
    expect_status 0
    ! grep -q MPC-04 base.json || fail "the baseline is the old one"
    [ "$(stat -c %a base.json)" = 640 ] || fail "the rights of the baseline changed"
    [ "$(find . -maxdepth 1 -name 'base.json*' | wc -l)" -eq 1 ] || fail "a temporary file was left"
}

# What could not be read fails in CI too, whatever was found in the rest.
case_check_unread() {
    need prove xmllint
    make_captures
    cd "$work" || exit 1
    local rules file
    rules=$(rule_count)
    head -c $(($(stat -c %s kept.pcap) - 1)) kept.pcap >cut.pcap
    : >empty.pcap
    mkdir nobody
    for file in nothing.pcap empty.pcap cut.pcap nobody; do
        analyze --junit junit.xml --sarif s.json --tap t.tap "$file" kept.pcap
        expect_status 3
        [ "$(xmllint --xpath 'count(//testcase[error])' junit.xml)" -eq 1 ] || fail "JUnit: not one error for $file"
        xmllint --xpath 'string(//testcase[error]/@name)' junit.xml | grep -qx "read $file" || fail "JUnit: it has another name"
        expect_junit $((rules + 1)) 0
        [ "$(grep -c '^not ok ' t.tap)" -eq 1 ] || fail "TAP: $file is ok"
        grep -Eq "^not ok [0-9]+ - $file: it could not be read to its end\$" t.tap || fail "TAP: $file is not named"
        if prove -e cat t.tap >out 2>&1; then
            fail "prove accepts $file"
        fi
        ! grep -q 'Parse errors' out || fail "prove cannot read it"
        perl -MJSON::PP -e 'local $/; my @bad = grep { !$_->{executionSuccessful} } map { @{$_->{invocations}} } @{decode_json(<STDIN>)->{runs}};
            @bad == 1 && @{$bad[0]{toolExecutionNotifications}} == 1 && $bad[0]{toolExecutionNotifications}[0]{level} eq "error" or die' \
            <s.json 2>err || fail "SARIF: $file was read"
        # Alone, and one suite each.
        analyze --junit junit.xml --sarif s.json --tap t.tap "$file"
        expect_status 3
        grep -q '^not ok ' t.tap || fail "TAP: $file alone is ok"
        [ "$(xmllint --xpath 'count(//testcase[error])' junit.xml)" -eq 1 ] || fail "JUnit: not one error for $file alone"
        grep -q '"executionSuccessful":false' s.json || fail "SARIF: $file alone was read"
        analyze --separate --junit junit.xml --tap t.tap "$file" kept.pcap "$file"
        expect_status 3
        [ "$(xmllint --xpath 'count(//testcase[error])' junit.xml)" -eq 2 ] || fail "JUnit: not two errors with --separate"
        [ "$(grep -c '^not ok ' t.tap)" -eq 2 ] || fail "TAP: not two errors with --separate"
    done
}

# "Nothing to repair" is not said where nothing was judged, nor beside failures that no rule names.
case_check_next() {
    make_captures
    analyze --check "$kept"
    expect_out '^next: nothing to repair'
    analyze --check=rfc6824 "$kept"
    expect_out '^next: nothing was judged: '
    analyze --quiet --check --select connection=7 "$kept"
    expect_out '^next: nothing was judged: '
    pcap_header 1 >"$work/nothing.pcap"
    analyze --quiet --check "$work/nothing.pcap"
    expect_status 0
    expect_out '^next: nothing was judged: no rule had an occasion here'
    analyze --check "$golden/../anycast-no-add-addr"
    expect_status 0
    expect_out '^next: no broken rule explains it, but 8 connections failed: begin there'
    expect_out '^Conformance: no error, no warning; 8 notes'
    analyze --check --fail-on warning --rule AC-05=error "$golden/../anycast-no-add-addr"
    expect_status 0
    analyze --check --report=json "$golden/../anycast-no-add-addr"
    expect_out '"rule":"AC-05","severity":"info","verdict":"info"'
    expect_out '"id":"AC-05","checked":[0-9]+,"passed":[0-9]+,"broken":0,'
}

# Keys of what was compared are keys: no spaces.
case_check_keys() {
    local rule
    # shellcheck disable=SC2013 # Words are lines.
    for rule in $(grep -Eo '^RULE\([A-Z]+_[0-9]+, "(AA|FA|FB)-[0-9]+"' "$MPA_SOURCE_DIR/include/mpa/tbl/rules.h" | sed 's/.*"\(.*\)"/\1/'); do
        "$MPA_SYNTH" rule "$rule" breaks -o "$work/rule.pcap" || fail "the generator failed"
        analyze --quiet --check --report=json --csv "$work/csv" "$work/rule.pcap"
        [ "$(json '"values":\{[^}]*"[a-z_0-9]+ [a-z_0-9 ]+":')" -eq 0 ] || fail "a key has a space ($rule)"
        ! grep -Eq '(^|[",;])[a-z_0-9]+ [a-z_0-9 ]+=' "$work/csv/findings.csv" || fail "a key in CSV has a space ($rule)"
    done
}

# Addresses that do not follow from the secret fail as counters do that differ.
case_v6_secret_status() {
    local folder=$golden/../add-addr-port6
    analyze "$folder"
    expect_status 0
    analyze --v6-secret 00112233 "$folder"
    expect_status 1
    analyze --check --v6-secret 00112233 "$folder"
    expect_status 1
    expect_out '^next: no broken rule explains it, but [0-9]+ address(es)? do(es)? not follow from the secret: begin there'
}
