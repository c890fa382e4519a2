#!/usr/bin/env bash
# Sets up and runs every check and test; what is given is handed to pytest (./test.sh -k portal).
# Exit status: 0 all passed, 1 something failed.
# shellcheck source=run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/run/common.sh"
# shellcheck source=run/containers.sh
source "$ROOT/run/containers.sh"

# find_browser: print a chromium or chrome of this machine.
find_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

# ensure_browser: Debian's chromium where we may install it; else say what is left out.
ensure_browser() {
    if find_browser >/dev/null && command -v chromedriver >/dev/null; then
        return
    fi
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        say "instalando o chromium para os testes do visualizador"
        if (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver) \
            >"$ROOT/logs/apt.log" 2>&1; then
            return
        fi
        printf 'O chromium não pôde ser instalado: %s\n' "$(tail -n 1 "$ROOT/logs/apt.log")" >&2
    fi
    [[ -z ${CI:-} ]] || die 1 "no CI nenhum teste fica de fora: falta o chromium (apt install chromium chromium-driver)"
    export TERCEIRIZADOS_SEM_NAVEGADOR=1
    LEFT_OUT+=("os testes no navegador ficaram de fora: instale chromium e chromedriver (Debian: apt install chromium chromium-driver)")
}

# ensure_engine: say what is left out where no container can run.
ensure_engine() {
    local problem
    problem=$(engine_problem)
    [[ -n $problem ]] || return 0
    [[ -z ${CI:-} ]] || die 1 "no CI nenhum teste fica de fora, e $problem. Rode antes: .ci/engine"
    export TERCEIRIZADOS_SEM_MOTOR=1
    LEFT_OUT+=("os testes dos contêineres ficaram de fora: $problem. Em um Debian, como root: .ci/engine")
}

# check NAME COMMAND...: run one check, its output only when it fails.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        say "$name: nada a corrigir"
    else
        printf '%s\n' "$output"
        die 1 "$name encontrou problemas"
    fi
}

run_checks() {
    local bin=$VENV/bin
    check "ruff" "$bin/ruff" check .
    check "ruff format" "$bin/ruff" format --check .
    check "mypy" "$bin/mypy"
    check "sqlfluff" "$bin/sqlfluff" lint --processes 2 dbt/models dbt/tests pipeline/schema
    check "shellcheck" "$bin/shellcheck" start.sh stop.sh test.sh run/*.sh .ci/* \
        requirements/compile.sh containers/entrypoint containers/healthy containers/database containers/stack
}

main() {
    LEFT_OUT=()
    cd "$ROOT"
    mkdir -p logs
    ensure_environment start results tests
    ensure_browser
    ensure_engine
    run_checks
    # One worker more than the cores: much of a test is waiting for PostgreSQL or the network.
    "$PYTHON" -m pytest -n "$(($(nproc) + 1))" --dist loadfile "$@"
    [[ ${#LEFT_OUT[@]} == 0 ]] || printf 'ATENÇÃO: %s\n' "${LEFT_OUT[@]}" >&2
}

main "$@"
