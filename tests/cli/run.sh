#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh CASE: one test of the command line; each case is a function.
. "${MPA_SOURCE_DIR:?is not set: run ctest}/tests/cli/common.sh"
# shellcheck disable=SC2086 # Frames are lists of bytes.
for file in input usage output content compare check; do
    . "$MPA_SOURCE_DIR/tests/cli/cases_$file.sh"
done

case_function=case_${1:?which case?}
declare -F "$case_function" >/dev/null || fail "there is no case $1"
"$case_function"
echo "ok: $1"
