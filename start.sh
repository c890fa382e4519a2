#!/usr/bin/env bash
# From nothing to tables on screen. Exit status: 0 all done, 1 the work failed, 2 wrong use.
# shellcheck source=run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/run/common.sh"
# shellcheck source=run/containers.sh
source "$ROOT/run/containers.sh"
# shellcheck source=run/backup.sh
source "$ROOT/run/backup.sh"

usage() {
    cat <<'EOF'
Uso: ./start.sh [--demo] [--local] [--lite] [--latest-only]
     ./start.sh [--demo] [--local] --backup ARQUIVO
     ./start.sh [--demo] [--local] --restore ARQUIVO [--yes]

Prepara tudo, captura e materializa os dados e abre o visualizador. Pode ser
chamado quantas vezes se quiser: o que já existe fica. Onde há Docker, tudo roda
em contêineres, com o servidor do Prefect; onde não há, nesta máquina mesmo.

  --demo         usa o portal de exemplo (dados inventados)
  --local        sem contêineres: PostgreSQL embutido, tudo nesta máquina
  --lite         em contêineres, mas sem o servidor do Prefect
  --latest-only  só a versão mais nova, sem a história
  --backup       copia o banco inteiro para ARQUIVO (formato custom do pg_dump)
  --restore      troca o banco pelo que ARQUIVO guarda, depois de confirmar
  --yes          não pede confirmação (para scripts)
  --help         mostra este texto

Para parar: ./stop.sh
EOF
}

# wrong_use TEXT: the usage and one line that says what was wrong.
wrong_use() {
    usage >&2
    die 2 "$1"
}

parse_options() {
    local option
    LATEST_ONLY=0 LOCAL=0 LITE=0 YES=0 ACTION=start FILE=
    while [[ $# -gt 0 ]]; do
        option=$1
        shift
        case $option in
            --demo) export DEMO=1 ;;
            --local) LOCAL=1 ;;
            --lite) LITE=1 ;;
            --latest-only) LATEST_ONLY=1 ;;
            --yes) YES=1 ;;
            --backup | --restore)
                [[ $# -gt 0 ]] || wrong_use "$option precisa de um ARQUIVO"
                ACTION=${option#--} FILE=$1
                shift
                ;;
            --help | -h)
                usage
                exit 0
                ;;
            *) wrong_use "opção desconhecida: $option" ;;
        esac
    done
    [[ $YES == 0 || $ACTION == restore ]] || wrong_use "--yes só vale com --restore"
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

# run_here NAME: one command of run/, in this machine's environment.
# shellcheck disable=SC2329 # run_steps calls it
run_here() {
    "$PYTHON" "$ROOT/run/$1.py"
}

# run_steps RUNNER NAME...: the commands of run/ one after the other, until one fails.
run_steps() {
    local runner=$1 name
    shift
    for name in "$@"; do
        say "python run/$name.py"
        "$runner" "$name" || return $?
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

# prepare_embedded: environment, settings and, for --demo, the sample portal.
prepare_embedded() {
    MODE=real OTHER_MODE=demo
    ensure_environment start results
    ensure_env_file
    setting page_url >/dev/null # all that is wrong in .env is said before anything is done
    if [[ $(setting is_demo) == True ]]; then
        MODE=demo OTHER_MODE=real
    fi
}

# make_way: our containers stop where the embedded form begins; their data stay.
make_way() {
    local project
    command -v docker >/dev/null || return 0
    for project in $(projects); do
        if [[ -n $(containers_of "$project" 2>/dev/null) ]]; then
            containers_of "$project" | xargs docker stop >/dev/null
            say "contêineres de $project parados"
        fi
    done
}

start_embedded() {
    local status=0
    prepare_embedded
    make_way
    [[ $MODE == real ]] || ensure_portal
    run_steps run_here capture materialize || status=$?
    [[ $status != 2 ]] || exit 2
    ensure_viewer "$MODE" "$OTHER_MODE"
    if [[ $LATEST_ONLY == 0 ]]; then
        run_steps run_here historic_capture historic_materialize || status=$?
    fi
    farewell "$status"
}

# leave_other_form: the embedded viewer and the other mode's containers free our ports.
leave_other_form() {
    local name found
    for name in visualizador-real visualizador-demo portal; do
        ! stop_process "$name" || say "$name parado"
    done
    found=$(containers_of "$OTHER_PROJECT")
    [[ -z $found ]] || xargs docker stop <<<"$found" >/dev/null
}

start_containers() {
    local status=0 services
    choose_project
    preflight
    ensure_env_file
    ensure_secrets
    choose_profile
    ensure_image
    leave_other_form
    say "subindo os contêineres (perfil $COMPOSE_PROFILES)"
    mapfile -t services < <(services_but scheduler)
    up_services "${services[@]}"
    run_steps run_in_container capture materialize || status=$?
    if [[ $status != 2 && $LATEST_ONLY == 0 ]]; then
        run_steps run_in_container historic_capture historic_materialize || status=$?
    fi
    up_services scheduler
    show_addresses
    farewell "$status"
}

# show_addresses: where a browser finds what runs in the containers.
show_addresses() {
    VIEWER_URL=http://localhost:$(env_value VIEWER_PORT 8050)
    say "visualizador em $VIEWER_URL"
    if [[ $COMPOSE_PROFILES == *server* ]]; then
        say "painel do Prefect em http://localhost:$(env_value UI_PORT 8080), API em http://localhost:$(env_value API_PORT 4200)"
    fi
}

# farewell STATUS: the last lines, and the exit.
farewell() {
    [[ $1 == 0 ]] || printf 'Uma etapa falhou (veja acima); o que já estava nas tabelas continua lá.\n' >&2
    printf '\nPronto: %s\n' "$VIEWER_URL"
    exit "$1"
}

# runs_in_containers: whether there is an engine to use; says why where there is none.
runs_in_containers() {
    local problem
    [[ $LOCAL == 0 ]] || return 1
    problem=$(engine_problem)
    [[ -n $problem ]] || return 0
    say "$problem: tudo roda nesta máquina, sem contêineres"
    return 1
}

main() {
    local form=embedded
    parse_options "$@"
    ! runs_in_containers || form=containers
    case "$ACTION $form" in
        "start containers") start_containers ;;
        "start embedded") start_embedded ;;
        "backup containers") backup_containers ;;
        "backup embedded") backup_embedded ;;
        "restore containers") restore_containers ;;
        "restore embedded") restore_embedded ;;
    esac
}

main "$@"
