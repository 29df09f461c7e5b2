#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/golden/renew.sh NAME: replaces one stored expectation by what the analyzer says now.  Only when the truth tests pass and you can
# say why it changed: the difference belongs into the commit's text.  BUILD=folder chooses the build (build-dev).
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ $# -eq 1 ] || { echo "usage: tests/golden/renew.sh NAME (see tests/golden/cases.list)" >&2; exit 2; }
"${BUILD:-build-dev}/bin/golden" renew "$1"
git --no-pager diff --stat -- tests/golden/expected 2>/dev/null || true
