#!/usr/bin/env bash
# Stops what start.sh started, nothing else. Exit status: 0 done, 1 failed, 2 wrong use.
# shellcheck source=run/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/run/common.sh"

usage() {
    cat <<'EOF'
Uso: ./stop.sh [--purge [--yes]] [--help]

Para o visualizador e o portal de exemplo que start.sh subiu, e o PostgreSQL
embutido desta pasta (também o da demonstração). Os dados ficam.

  --purge   apaga também os dados, os registros e os arquivos do portal de exemplo
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
    printf 'Serão apagados:\n'
    printf '  %s\n' "$@"
    printf 'Digite "apagar" para confirmar: '
    read -r answer || answer=
    [[ $answer == apagar ]] || die 1 "nada foi apagado"
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

stop_all() {
    local name demo
    for name in visualizador-real visualizador-demo portal; do
        if stop_process "$name"; then
            say "$name parado"
        fi
    done
    for demo in 0 1; do
        python_of_mode "$demo" "command.stop_database()"
    done
}

main() {
    local doomed=()
    parse_options "$@"
    if [[ ! -x $PYTHON ]]; then
        say "nada a parar: start.sh ainda não rodou aqui"
        exit 0
    fi
    if [[ $PURGE == 1 ]]; then
        mapfile -t doomed < <(python_of_mode 0 "command.our_files()" && python_of_mode 1 "command.our_files()")
        doomed+=("$ROOT/logs" "$ROOT/sample/files")
        confirm "${doomed[@]}"
    fi
    stop_all
    [[ $PURGE == 0 ]] || purge "${doomed[@]}"
    printf 'Parado. Para voltar: ./start.sh\n'
}

main "$@"
