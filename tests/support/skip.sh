# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For shell tests: source this first.
#
#   need tshark          a program that the test cannot do without
#   skip "reason"        this test cannot run here
#
# On a user's machine a test that cannot run is skipped with its reason (status 77, see tests/CMakeLists.txt); in CI,
# where CI is set, it fails: there everything must run.

skip() {
    if [ -n "${CI:-}" ]; then
        echo "cannot run in CI: $1" >&2
        exit 1
    fi
    echo "skipped: $1"
    exit 77
}

need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || skip "$program is not installed"
    done
}
