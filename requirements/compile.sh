#!/usr/bin/env bash
# Compiles requirements/*.in to *.txt with exact pins: ./requirements/compile.sh [--upgrade]
# shellcheck source=../run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../run/common.sh"

main() {
    local name uv
    uv=$(find_uv)
    cd "$ROOT"
    for name in start results tests; do
        "$uv" pip compile --quiet --python-version 3.11 --no-emit-index-url --no-emit-find-links \
            --custom-compile-command ./requirements/compile.sh \
            "requirements/$name.in" --output-file "requirements/$name.txt" "$@"
    done
}

main "$@"
