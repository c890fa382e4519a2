#!/usr/bin/env bash
# Stops what start.sh started, nothing else. Exit status: 0 done, 1 failed, 2 wrong use.
# shellcheck source=run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/run/common.sh"
# shellcheck source=run/containers.sh
source "$ROOT/run/containers.sh"

usage() {
    cat <<'EOF'
Uso: ./stop.sh [--purge [--yes]] [--help]

Para o que start.sh subiu desta pasta: os contêineres, o visualizador e o portal
de exemplo, e o PostgreSQL embutido (também os da demonstração). Os dados ficam.

  --purge   apaga também os dados: volumes, pastas, segredos e registros
  --yes     não pede confirmação (para scripts)
  --help    mostra este texto
EOF
}

parse_options() {
    local option
    PURGE=0 YES=0
    for option in "$@"; do
        case $option in
            --purge) PURGE=1 ;;
            --yes) YES=1 ;;
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
    [[ $YES == 0 || $PURGE == 1 ]] || die 2 "--yes só vale com --purge"
}

# python_of_mode DEMO CODE: run a line of Python with the settings of the demonstration, or not.
python_of_mode() {
    (cd "$ROOT" && DEMO=$1 "$PYTHON" -c "from pipeline import command; $2")
}

# purge PATH...: delete what is ours, and the folders that then hold nothing else.
purge() {
    local path
    for path in "$@"; do
        rm -rf -- "$path"
        rmdir --ignore-fail-on-non-empty -- "$(dirname "$path")" 2>/dev/null || true
    done
    say "dados apagados; um banco de DB_HOST, se houver, fica como está"
}

# purge_volumes VOLUME...: delete the volumes of our containers.
purge_volumes() {
    [[ $# == 0 ]] || docker volume rm "$@" >/dev/null
}

stop_embedded() {
    local name demo
    for name in visualizador-real visualizador-demo portal; do
        if stop_process "$name"; then
            say "$name parado"
        fi
    done
    [[ -x $PYTHON ]] || return 0
    for demo in 0 1; do
        python_of_mode "$demo" "command.stop_database()"
    done
}

# our_projects: the compose projects of this folder; somebody else's of the same name is left alone.
our_projects() {
    local project stranger
    [[ $HAS_ENGINE == 1 ]] || return 0
    for project in $(projects); do
        stranger=$(stranger_of "$project" || true)
        if [[ -n $stranger ]]; then
            say "os contêineres do projeto $project são de $stranger e ficam como estão" >&2
        else
            printf '%s\n' "$project"
        fi
    done
}

stop_containers() {
    local project
    for project in "${PROJECTS[@]}"; do
        if stop_project "$project"; then
            say "contêineres de $project parados"
        fi
    done
}

# doomed_files: what of ours lies in folders.
doomed_files() {
    if [[ -x $PYTHON ]]; then
        python_of_mode 0 "command.our_files()"
        python_of_mode 1 "command.our_files()"
    fi
    ls -d "$ROOT/logs" "$ROOT/sample/files" "$SECRETS" 2>/dev/null || true
}

main() {
    local files=() volumes=() project
    parse_options "$@"
    HAS_ENGINE=1
    docker version >/dev/null 2>&1 || HAS_ENGINE=0
    mapfile -t PROJECTS < <(our_projects)
    if [[ $PURGE == 1 ]]; then
        mapfile -t files < <(doomed_files)
        for project in "${PROJECTS[@]}"; do
            mapfile -t -O "${#volumes[@]}" volumes < <(volumes_of "$project")
        done
        confirm apagar "Serão apagados:" "${files[@]/#/  }" "${volumes[@]/#/  volume }" || die 1 "nada foi apagado"
    fi
    stop_embedded
    stop_containers
    if [[ $PURGE == 1 ]]; then
        purge_volumes "${volumes[@]}"
        purge "${files[@]}"
    fi
    printf 'Parado. Para voltar: ./start.sh\n'
}

main "$@"
