# shellcheck shell=bash
# The stack in containers: what start.sh, stop.sh and the image's role `stack` share. Sourced, after
# common.sh. Only what carries this project's name *and* this folder in its labels is ever touched.

SECRETS=$ROOT/.env.secrets
SECRET_NAMES=(LOADER_PASSWORD READER_PASSWORD PREFECT_DB_PASSWORD HASURA_ADMIN_SECRET)
SOURCES=(Dockerfile .dockerignore docker-compose.yml containers dbt flows pipeline run sample viewer
    requirements/start.txt requirements/results.txt)
PORTAL_URL=http://portal:8060/cgu/pt-br/acesso-a-informacao/dados-abertos/arquivos/terceirizados
OVERRIDE=() # another compose file, of the role `stack`
NEEDED_DISK_MB=4000
FULL_MEMORY_MB=3800

# env_value NAME [DEFAULT]: a variable of the environment or of .env, read without Python.
env_value() {
    local value=${!1-}
    if [[ -z ${!1+set} && -f $ROOT/.env ]]; then
        value=$(sed -n "s/^ *$1=//p" "$ROOT/.env" | tail -n 1 | sed 's/ *$//; s/^\(["'\'']\)\(.*\)\1$/\2/')
    fi
    printf '%s\n' "${value:-${2-}}"
}

# projects: the names of our compose projects, the real one first.
projects() {
    local name
    name=$(env_value COMPOSE_PROJECT_NAME terceirizados)
    printf '%s\n' "$name" "$name-demo"
}

# is_demo: whether the sample portal is asked for.
is_demo() {
    [[ $(env_value DEMO 0) != 0 ]]
}

# engine_problem: print why no container can run here; nothing where they can.
engine_problem() {
    local answer version
    if ! command -v docker >/dev/null; then
        printf 'não há Docker nesta máquina\n'
    elif ! answer=$(docker version --format '{{.Server.Version}}' 2>&1); then
        printf 'o Docker não responde (%s)\n' "$(tail -n 1 <<<"$answer")"
    elif ! version=$(docker compose version --short 2>/dev/null) || ! is_recent "$version"; then
        printf 'é preciso o Compose v2 (docker compose) 2.20 ou mais novo, e aqui há %s; instale o pacote %s\n' \
            "$(compose_found "$version")" "docker-compose-plugin (Debian 13: docker-compose; Ubuntu: docker-compose-v2)"
    fi
}

# is_recent VERSION: whether this Compose knows all that docker-compose.yml uses.
is_recent() {
    local major minor
    IFS=. read -r major minor _ <<<"${1#v}"
    ((major > 2 || (major == 2 && minor >= 20)))
}

# compose_found VERSION: name the Compose of this machine that will not do.
compose_found() {
    if [[ -n $1 ]]; then
        printf 'só o %s' "$1"
    elif command -v docker-compose >/dev/null; then
        printf 'só o antigo docker-compose %s' "$(docker-compose version --short 2>/dev/null || true)"
    else
        printf 'nenhum'
    fi
}

# compose ARGUMENT...: docker compose on our project, quietly, with .env and the secrets.
compose() {
    local files=()
    [[ ! -f $ROOT/.env ]] || files=(--env-file "$ROOT/.env")
    docker compose --progress quiet --project-name "$PROJECT" --project-directory "$ROOT" \
        --file "$ROOT/docker-compose.yml" "${OVERRIDE[@]}" "${files[@]}" --env-file "$SECRETS" "$@"
}

# choose_project: the names by which this call goes: project, image, and where the data come from.
choose_project() {
    local names
    mapfile -t names < <(projects)
    PROJECT=${names[0]} OTHER_PROJECT=${names[1]}
    TERCEIRIZADOS_IMAGE=$(env_value TERCEIRIZADOS_IMAGE terceirizados:local)
    export TERCEIRIZADOS_IMAGE
    if is_demo; then
        PROJECT=${names[1]} OTHER_PROJECT=${names[0]}
        export URL_FOR_DATA_DOWNLOAD=$PORTAL_URL
    fi
}

# containers_of PROJECT [OPTION...]: the containers of that project that this folder made.
containers_of() {
    local project=$1
    shift
    docker ps --quiet --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.project.working_dir=$ROOT" "$@"
}

# stranger_of PROJECT: print the folder of somebody else's containers with our project's name.
stranger_of() {
    docker ps --all --filter "label=com.docker.compose.project=$1" \
        --format '{{.Label "com.docker.compose.project.working_dir"}}' | grep -vxF "$ROOT" | head -n 1
}

# port_holder PORT: print who keeps us from publishing the port; nothing where it is free or ours.
port_holder() {
    local port=$1 name project holders
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
    read -r name project < <(docker ps --filter "publish=$port" \
        --format '{{.Names}} {{.Label "com.docker.compose.project"}}' | head -n 1) || true
    holders=$(ss -Hltnp "sport = :$port" 2>/dev/null | grep -o '"[^"]*",pid=[0-9]*' | tr -d '"' | sed 's/,pid=/ pid /' || true)
    if [[ -n $name ]]; then
        [[ $project == "$PROJECT" || $project == "$OTHER_PROJECT" ]] || printf 'o contêiner %s\n' "$name"
    elif ! is_our_viewer "$holders"; then
        printf '%s\n' "${holders:+o processo }$(head -n 1 <<<"${holders:-outro programa}")"
    fi
}

# is_our_viewer HOLDERS: whether one of these processes is the viewer of the embedded form.
is_our_viewer() {
    local mode pid
    for mode in real demo; do
        pid=$(pid_of "visualizador-$mode") && grep -qx ".* pid $pid" <<<"$1" && return
    done
    return 1
}

# check_ports VARIABLE=PORT...: stop where one is taken, naming it, its holder and the variable.
check_ports() {
    local pair holder
    for pair in "$@"; do
        holder=$(port_holder "${pair#*=}")
        [[ -z $holder ]] ||
            die 2 "a porta ${pair#*=} está com $holder. Pare-o, ou escolha outra porta em ${pair%=*} no .env"
    done
}

# preflight: everything that can be known beforehand to go wrong; changes nothing.
preflight() {
    local folder stranger free ports
    stranger=$(stranger_of "$PROJECT" || true)
    [[ -z $stranger ]] || die 2 "já há contêineres do projeto $PROJECT, feitos em $stranger. Pare-os lá, ou dê outro nome em COMPOSE_PROJECT_NAME no .env"
    ports=(VIEWER_PORT="$(env_value VIEWER_PORT 8050)")
    [[ $LITE == 1 ]] || ports+=(UI_PORT="$(env_value UI_PORT 8080)" API_PORT="$(env_value API_PORT 4200)")
    check_ports "${ports[@]}"
    folder=$(docker info --format '{{.DockerRootDir}}')
    free=$(df --output=avail --block-size=1M "$folder" 2>/dev/null | tail -n 1 || true)
    [[ -z $free || $free -ge $NEEDED_DISK_MB ]] || die 2 "há só $free MB livres em $folder, e são precisos $NEEDED_DISK_MB. Libere espaço (docker system df mostra o que há)"
    case $(env_value DB_HOST) in
        localhost | 127.* | ::1 | /*)
            die 2 "DB_HOST=$(env_value DB_HOST) não se alcança de dentro de um contêiner. Dê o nome ou o endereço da máquina na rede, ou rode com --local"
            ;;
    esac
}

# ensure_secrets: strong passwords of this installation, made once, readable by its owner alone.
ensure_secrets() {
    local name
    [[ ! -s $SECRETS ]] || return 0
    (
        umask 077
        for name in "${SECRET_NAMES[@]}"; do
            printf '%s=%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
        done >"$SECRETS.parcial"
        mv "$SECRETS.parcial" "$SECRETS"
    )
    say "segredos gerados em $(basename "$SECRETS")"
}

# choose_profile: with Prefect Server where its images can be had and the memory is enough.
choose_profile() {
    local with_server=1 memory
    memory=$(($(docker info --format '{{.MemTotal}}') / 1048576))
    if [[ $LITE == 1 ]]; then
        with_server=0
    elif ((memory < FULL_MEMORY_MB)); then
        say "há $memory MB de memória, e o servidor do Prefect precisa de $FULL_MEMORY_MB: sigo sem ele (perfil lite)"
        with_server=0
    elif ! pull_server; then
        say "sem essas imagens não há servidor do Prefect: sigo sem ele (perfil lite)"
        with_server=0
    fi
    export PREFECT__BACKEND=cloud COMPOSE_PROFILES=lite
    [[ -z $(env_value DB_HOST) ]] || COMPOSE_PROFILES=own
    if [[ $with_server == 1 ]]; then
        PREFECT__BACKEND=server
        COMPOSE_PROFILES+=,server
    fi
    ! is_demo || COMPOSE_PROFILES+=,demo
}

# pull_server: get the images of Prefect Server that are not here; name each that cannot be had.
pull_server() {
    local image answer status=0
    while read -r image; do
        docker image inspect "$image" >/dev/null 2>&1 && continue
        say "baixando $image"
        if ! answer=$(docker pull --quiet "$image" 2>&1); then
            printf '  %s não pôde ser baixada: %s\n' "$image" "$(tail -n 1 <<<"$answer")"
            status=1
        fi
    done < <(COMPOSE_PROFILES=server compose config --images | grep -vxF "$TERCEIRIZADOS_IMAGE" | sort -u)
    return "$status"
}

# fingerprint: a short sum of everything that goes into the image.
fingerprint() {
    (cd "$ROOT" && find "${SOURCES[@]}" -type f ! -path '*/__pycache__/*' ! -path 'sample/files/*' \
        ! -path 'dbt/target/*' ! -path 'dbt/logs/*' ! -name .user.yml -print0 |
        LC_ALL=C sort -z | xargs -0 cksum) | cksum | tr ' ' -
}

# ensure_image: build it, only when something in it has changed.
ensure_image() {
    local wanted found
    wanted=$(fingerprint)
    found=$(docker image inspect --format '{{index .Config.Labels "terceirizados.fingerprint"}}' \
        "$TERCEIRIZADOS_IMAGE" 2>/dev/null || true)
    [[ $found != "$wanted" ]] || return 0
    say "construindo a imagem $TERCEIRIZADOS_IMAGE (a primeira vez leva um ou dois minutos)"
    mkdir -p "$STATE_DIR"
    docker build --target service --tag "$TERCEIRIZADOS_IMAGE" --build-arg "FINGERPRINT=$wanted" \
        "$ROOT" >"$STATE_DIR/build.log" 2>&1 ||
        die 1 "a imagem não foi construída: $(grep -v '^ *$' "$STATE_DIR/build.log" | tail -n 1). Veja logs/processos/build.log"
}

# up_services [SERVICE...]: start them, by default all of the profile, and wait until they are healthy.
up_services() {
    local log=$STATE_DIR/compose.log
    mkdir -p "$STATE_DIR"
    compose up --detach --no-build --wait --wait-timeout 600 "$@" >"$log" 2>&1 ||
        die 1 "os contêineres não subiram: $(grep -v '^ *$' "$log" | tail -n 1). Veja: docker ps --all --filter label=com.docker.compose.project=$PROJECT"
}

# services_but NAME: the services of the profile without that one.
services_but() {
    compose config --services | grep -vx "$1"
}

# run_in_container NAME: one command of run/, in a container of its own.
run_in_container() {
    compose run --rm --no-TTY --no-deps flow python "run/$1.py"
}

# stop_project PROJECT: take its containers and networks away; say whether there were any.
stop_project() {
    local found networks
    found=$(containers_of "$1" --all)
    [[ -n $found ]] || return 1
    xargs docker stop <<<"$found" >/dev/null
    xargs docker rm <<<"$found" >/dev/null
    networks=$(docker network ls --quiet --filter "label=com.docker.compose.project=$1")
    [[ -z $networks ]] || xargs docker network rm <<<"$networks" >/dev/null 2>&1 || true
}

# volumes_of PROJECT: the volumes it keeps its data in.
volumes_of() {
    docker volume ls --format '{{.Name}}' | grep -xE "$1_(banco|dados|prefect-postgres|secrets)" || true
}
