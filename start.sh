#!/usr/bin/env bash
# From nothing to tables on screen. Exit status: 0 all done, 1 the work failed, 2 wrong use.
# shellcheck source=run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/run/common.sh"

usage() {
    cat <<'EOF'
Uso: ./start.sh [--demo] [--local] [--latest-only] [--help]

Prepara o ambiente Python, o banco, captura e materializa os dados e abre o
visualizador. Pode ser chamado quantas vezes se quiser: o que já existe fica.

  --demo         usa o portal de exemplo (dados inventados, sem rede)
  --local        sem contêineres: PostgreSQL embutido, tudo nesta máquina
  --latest-only  só a versão mais nova, sem a história
  --help         mostra este texto

Para parar: ./stop.sh
EOF
}

parse_options() {
    local option
    LATEST_ONLY=0
    for option in "$@"; do
        case $option in
            --demo) export DEMO=1 ;;
            --latest-only) LATEST_ONLY=1 ;;
            --local) ;; # what this version does anyway
            --help | -h)
                usage
                exit 0
                ;;
            *)
                usage >&2
                die 2 "opção desconhecida: $option"
                ;;
        esac
    done
}

# setting NAME: print one value of the settings, as Python reads them.
setting() {
    (cd "$ROOT" && "$PYTHON" -c \
        'import sys; from pipeline.command import setting; setting(sys.argv[1])' "$1") || exit $?
}

# ensure_portal: the sample portal, for --demo.
ensure_portal() {
    local port
    port=$(setting sample_port)
    if pid_of portal >/dev/null; then
        say "portal de exemplo já está no ar"
        return
    fi
    say "subindo o portal de exemplo"
    (cd "$ROOT" && start_process portal "$PYTHON" -m sample.portal --port "$port" --folder "$ROOT/sample/files")
    wait_for "$(setting page_url)" portal 120 ||
        die 2 "o portal de exemplo não subiu: $(tail -n 1 "$STATE_DIR/portal.log"). Veja logs/processos/portal.log"
}

# run_steps NAME...: the commands of run/ one after the other, until one fails.
run_steps() {
    local name
    for name in "$@"; do
        say "python run/$name.py"
        "$PYTHON" "$ROOT/run/$name.py" || return $?
    done
}

# ensure_viewer: the viewer of this mode; the other mode's makes way for it.
ensure_viewer() {
    local mode=$1 other=$2 host port
    host=$(setting viewer_host)
    port=$(setting viewer_port)
    [[ $host == 0.0.0.0 ]] && host=localhost
    VIEWER_URL=http://${host/127.0.0.1/localhost}:$port
    if pid_of "visualizador-$mode" >/dev/null; then
        say "visualizador já estava no ar"
    else
        stop_process "visualizador-$other" && say "visualizador do outro modo parado"
        say "subindo o visualizador"
        start_process "visualizador-$mode" "$PYTHON" "$ROOT/run/results.py"
        wait_for "$VIEWER_URL/healthz" "visualizador-$mode" 60 ||
            die 2 "o visualizador não subiu: $(tail -n 1 "$STATE_DIR/visualizador-$mode.log" | sed 's/^erro: //')"
    fi
    say "visualizador em $VIEWER_URL"
}

main() {
    local status=0 mode=real other=demo
    parse_options "$@"
    ensure_environment start results
    ensure_env_file
    setting page_url >/dev/null # all that is wrong in .env is said before anything is done
    if [[ $(setting is_demo) == True ]]; then
        mode=demo other=real
        ensure_portal
    fi
    run_steps capture materialize || status=$?
    [[ $status != 2 ]] || exit 2
    ensure_viewer "$mode" "$other"
    if [[ $LATEST_ONLY == 0 ]]; then
        run_steps historic_capture historic_materialize || status=$?
    fi
    [[ $status == 0 ]] || printf 'Uma etapa falhou (veja acima); o que já estava nas tabelas continua lá.\n' >&2
    printf '\nPronto: %s\n' "$VIEWER_URL"
    exit "$status"
}

main "$@"
