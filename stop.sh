#!/usr/bin/env bash
# Stops what start.sh started, nothing else. Exit status: 0 done, 1 failed, 2 wrong use.
# shellcheck source=run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/run/common.sh"

usage() {
    cat <<'EOF'
Uso: ./stop.sh [--purge [--yes]] [--help]

Para o visualizador, o portal de exemplo e o PostgreSQL embutido que start.sh
subiu. Os dados ficam.

  --purge   apaga também os dados, os registros e o portal de exemplo
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

confirm() {
    local answer
    [[ $YES == 1 ]] && return
    printf 'Serão apagados: %s\nDigite "apagar" para confirmar: ' "$*"
    read -r answer || answer=
    [[ $answer == apagar ]] || die 1 "nada foi apagado"
}

# data_dirs: print the data folders, of the demonstration and not.
data_dirs() {
    local demo
    for demo in 0 1; do
        (cd "$ROOT" && DEMO=$demo "$PYTHON" -c \
            'from pipeline.command import setting; setting("data_dir")')
    done
}

stop_all() {
    local name demo
    for name in visualizador-real visualizador-demo portal; do
        if stop_process "$name"; then
            say "$name parado"
        fi
    done
    for demo in 0 1; do
        (cd "$ROOT" && DEMO=$demo "$PYTHON" -c 'from pipeline.command import stop_database; stop_database()')
    done
}

main() {
    local folders=()
    parse_options "$@"
    if [[ ! -x $PYTHON ]]; then
        say "nada a parar: start.sh ainda não rodou aqui"
        exit 0
    fi
    mapfile -t folders < <(data_dirs)
    folders+=("$ROOT/logs" "$ROOT/sample/files")
    [[ $PURGE == 0 ]] || confirm "${folders[@]}"
    stop_all
    if [[ $PURGE == 1 ]]; then
        rm -rf -- "${folders[@]}"
        say "dados apagados; um banco de DB_HOST, se houver, fica como está"
    fi
    printf 'Parado. Para voltar: ./start.sh\n'
}

main "$@"
