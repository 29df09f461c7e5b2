#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Install what is missing, build, and show or test.  See usage().
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The capture that the demonstration reports on: a folder of vantage points with its truth.
DEMO=captures/golden/anycast-demo

# Debian packages.
BUILD_PACKAGES=(gcc libc6-dev make cmake pkg-config libpcap-dev libjansson-dev libcsv-dev
    libgcrypt20-dev libxml2-dev zlib1g-dev libzstd-dev)
# libwireshark-dev and libglib2.0-dev: the plugin, and the module for files that libpcap refuses; wireshark-common: editcap, mergecap;
# procps, util-linux: ps, setpriv; libxml2-utils: xmllint; perl: prove.
TEST_PACKAGES=("${BUILD_PACKAGES[@]}" libcunit1-dev libwireshark-dev libwiretap-dev libwsutil-dev
    libglib2.0-dev libxml2-utils perl tshark wireshark-common tcpdump procps util-linux)
FUZZ_PACKAGES=("${TEST_PACKAGES[@]}" clang libclang-rt-14-dev)
BENCH_PACKAGES=("${BUILD_PACKAGES[@]}" libcunit1-dev libwireshark-dev libglib2.0-dev
    tshark tcptrace util-linux)

usage() {
    cat <<'END'
Usage: ./build.sh COMMAND

  demo            build mptcp-analyze and print its report of a capture that comes with it
  test            build and run all tests, then once more with AddressSanitizer and UBSan
  fuzz [SECONDS]  run every fuzz target for SECONDS (default 60), then the plugin over damaged
                  captures; fails on a finding
  bench           measure speed and memory against an empty reader, tshark and tcptrace

What is missing is installed first: Debian packages with apt-get (through sudo unless you are root).
The builds lie in build/ (demo, bench), build-dev/, build-asan/ and build-fuzz/.
END
}

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

# Install the Debian packages that dpkg does not know as installed.
need_packages() {
    local package missing=()

    if ! command -v dpkg-query >/dev/null; then
        echo "no dpkg here: taking for granted that these are installed: $*"
        return
    fi
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    say "Installing ${missing[*]}"
    as_root apt-get update -q
    as_root apt-get install -y -q --no-install-recommends "${missing[@]}"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        die "neither root nor sudo: please install the packages above yourself"
    fi
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift

    say "Building ($preset)"
    cmake --preset "$preset"
    cmake --build --preset "$preset" --parallel "$(nproc)" ${1:+--target "$@"}
}

run_tests() {
    say "Testing ($1)"
    ctest --preset "$1" --parallel "$(nproc)" --no-tests=error
}

# The arguments of mptcp-analyze for a capture folder: what its truth knows is told.
report_arguments() {
    local dir=$1 file option

    for option in servers churn; do
        file=$dir/truth/$option.csv
        if [ -f "$file" ]; then
            printf '%s\n' "--$option" "$file"
        fi
    done
    printf '%s\n' "$dir"
}

demo() {
    local arguments

    need_packages "${BUILD_PACKAGES[@]}"
    build release mptcp-analyze
    mapfile -t arguments < <(report_arguments "$DEMO")
    say "build/bin/mptcp-analyze ${arguments[*]}"
    build/bin/mptcp-analyze "${arguments[@]}"
}

test_all() {
    need_packages "${TEST_PACKAGES[@]}"
    build dev
    run_tests dev
    build asan
    run_tests asan
}

fuzz() {
    local seconds=${1:-60} target name found=0

    [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz: '$seconds' is not a number of seconds"
    need_packages "${FUZZ_PACKAGES[@]}"
    build fuzz
    for target in build-fuzz/bin/fuzz_*; do
        [ -x "$target" ] || die "no fuzz targets in build-fuzz/bin"
        name=$(basename "$target")
        say "$name, $seconds s"
        fuzz_one "$target" "$name" "$seconds" || found=1
    done
    fuzz_plugin || found=1
    if [ "$found" -ne 0 ]; then
        die "fuzz: findings are in build-fuzz/findings and build-asan/bad-input"
    fi
    say "No findings"
}

# The plugin under sanitizers over every golden capture, damaged and cut at each snap length.
fuzz_plugin() {
    local preload

    build asan mptcplb mpa_synth
    say "The plugin with damaged captures"
    preload="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
    MPA_SOURCE_DIR=$PWD MPA_BUILD_DIR=$PWD/build-asan MPA_SYNTH=$PWD/build-asan/bin/mpa-synth \
        ASAN_OPTIONS=detect_leaks=0 tests/plugin/bad.sh full "$preload"
}

# fuzz_one PROGRAM NAME SECONDS: new inputs go to the build folder, seeds are only read.
fuzz_one() {
    local program=$1 name=$2 seconds=$3 log=build-fuzz/$2.log dir seeds=() status=0

    for dir in "tests/fuzz/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}"; do
        if [ -d "$dir" ]; then
            seeds+=("$dir")
        fi
    done
    mkdir -p "build-fuzz/corpus/$name" "build-fuzz/findings/$name"
    LSAN_OPTIONS=suppressions=tests/support/lsan.supp:print_suppressions=0 \
        "$program" -max_total_time="$seconds" -print_final_stats=1 -timeout=20 -rss_limit_mb=4096 \
        -artifact_prefix="build-fuzz/findings/$name/" "build-fuzz/corpus/$name" "${seeds[@]}" \
        >"$log" 2>&1 || status=$?
    grep -E 'ERROR|SUMMARY|Test unit written|DONE|executed_units|runtime error' "$log" || true
    return "$status"
}

bench() {
    need_packages "${BENCH_PACKAGES[@]}"
    build release
    say "Measuring"
    tests/bench/run.sh
}

case ${1:-} in
demo) demo ;;
test) test_all ;;
fuzz) fuzz "${2:-60}" ;;
bench) bench ;;
-h | --help | help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
