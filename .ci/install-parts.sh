#!/bin/sh
# Installs the parts that are no Python packages, from the system's packages: those that some tests need.
# Never fails: what cannot be installed here (no apt, no root, no network) is named in .venv/parts.missing, and
# .ci/checks.py lets the tests of those parts alone be left out.
set -u

cd "$(dirname "$0")/.." || exit 0
missing=.venv/parts.missing
mkdir -p .venv
: >"$missing"

# have PROGRAM FOLDER: whether it is on PATH, or in the folder where its package puts it.
have() {
    command -v "$1" >/dev/null 2>&1 || [ -x "$2/$1" ]
}

installed() {
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# part NAME PROGRAM FOLDER PACKAGE...
part() {
    name=$1 program=$2 folder=$3
    shift 3
    if ! have "$program" "$folder" && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "installing $name"
        installed "$@" || { timeout 300 apt-get update -qq >/dev/null 2>&1 && installed "$@"; }
    fi
    if ! have "$program" "$folder"; then
        echo "$name is not here, and cannot be installed by this script: its tests are left out"
        echo "$name" >>"$missing"
    fi
}

part MapServer mapserv /usr/lib/cgi-bin cgi-mapserver mapserver-bin
exit 0
