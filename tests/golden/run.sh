#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/golden/run.sh NAME: runs one stored case and prints what differs.  BUILD=folder chooses the build (build-dev).
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ $# -eq 1 ] || { echo "usage: tests/golden/run.sh NAME (see tests/golden/cases.list)" >&2; exit 2; }
exec "${BUILD:-build-dev}/bin/golden" case "$1"
