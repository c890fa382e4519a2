# shellcheck shell=bash
# start.sh --backup and --restore, embedded and in containers. Sourced by start.sh, whose FILE it uses.

# database_command NAME: one of pipeline/command.py, in this machine's environment.
database_command() {
    (cd "$ROOT" && "$PYTHON" -c "from pipeline import command; command.$1()")
}

# database_command_in_container NAME: the same in a container; standard input and output are ours.
database_command_in_container() {
    compose run --rm --no-TTY --no-deps flow python -c "from pipeline import command; command.$1()"
}

# write_backup RUNNER: the whole database in FILE, or no FILE.
write_backup() {
    local status=0
    [[ ! -e $FILE ]] || die 2 "$FILE já existe. Dê outro nome"
    [[ -d $(dirname "$FILE") ]] || die 2 "não há a pasta $(dirname "$FILE"). Crie-a, ou dê outro nome"
    (umask 077 && "$1" dump_database >"$FILE.parcial") || status=$?
    if [[ $status != 0 ]]; then
        rm -f "$FILE.parcial"
        exit "$status"
    fi
    mv "$FILE.parcial" "$FILE"
    printf '\nPronto: %s (%s). De volta: ./start.sh --restore %s\n' "$FILE" "$(du -h "$FILE" | cut -f 1)" "$FILE"
}

# agree_to_restore: refuse a file that cannot be read, and whoever does not confirm.
agree_to_restore() {
    [[ -f $FILE && -r $FILE ]] || die 2 "não é possível ler $FILE. Confira o nome e as permissões"
    confirm restaurar "O banco de agora será trocado pelo que $FILE guarda." || die 1 "nada foi mudado"
}

backup_embedded() {
    prepare_embedded
    write_backup database_command
}

restore_embedded() {
    local status=0 had_viewer=0
    prepare_embedded
    agree_to_restore
    ! stop_process "visualizador-$MODE" || had_viewer=1
    database_command restore_database <"$FILE" || status=$?
    [[ $had_viewer == 0 ]] || ensure_viewer "$MODE" "$OTHER_MODE"
    [[ $status == 0 ]] || exit "$status"
    printf '\nPronto. Para parar: ./stop.sh\n'
}

# prepare_database_container: the image and, unless it is somebody else's, the database; no more.
prepare_database_container() {
    choose_project
    ensure_env_file
    ensure_secrets
    LITE=1 choose_profile
    ensure_image
    [[ $COMPOSE_PROFILES == own* ]] || up_services database
}

backup_containers() {
    prepare_database_container
    write_backup database_command_in_container
}

# restore_containers: what uses the database rests meanwhile, and goes on afterwards.
restore_containers() {
    local status=0 service resting=()
    agree_to_restore
    prepare_database_container
    for service in viewer scheduler agent; do
        mapfile -t -O "${#resting[@]}" resting < <(
            containers_of "$PROJECT" --filter "label=com.docker.compose.service=$service"
        )
    done
    [[ ${#resting[@]} == 0 ]] || docker stop "${resting[@]}" >/dev/null
    database_command_in_container restore_database <"$FILE" || status=$?
    [[ ${#resting[@]} == 0 ]] || docker start "${resting[@]}" >/dev/null
    [[ $status == 0 ]] || exit "$status"
    printf '\nPronto. Para ver: ./start.sh\n'
}
