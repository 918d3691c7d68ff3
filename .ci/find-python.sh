#!/bin/sh
# Prints the first Python from 3.11 on that really starts: a shim may be on PATH for a version that is not there.
# Usage: find-python.sh [PYTHON]: with an argument, that one or none.
set -u

fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${1:-}" ]; then
    fits "$1" && { echo "$1"; exit 0; }
    echo "PYTHON=$1 is no Python 3.11 or newer that can make environments (module venv)" >&2
    exit 1
fi
for name in python3.13 python3.12 python3.11 python3 python; do
    if command -v "$name" >/dev/null 2>&1 && fits "$name"; then
        echo "$name"
        exit 0
    fi
done
echo "no Python 3.11 or newer was found that can make environments (module venv)." >&2
echo "Install one, or name it: make run PYTHON=path/to/python3" >&2
exit 1
