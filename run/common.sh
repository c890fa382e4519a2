# shellcheck shell=bash
# What start.sh, stop.sh and test.sh share. Sourced, never run.
set -Eeuo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
PYTHON=$VENV/bin/python
STATE_DIR=$ROOT/logs/processos

# say TEXT: one line of progress.
say() {
    printf '• %s\n' "$*"
}

# die STATUS TEXT: one line on the error stream, then exit.
die() {
    local status=$1
    shift
    printf 'erro: %s\n' "$*" >&2
    exit "$status"
}

# confirm WORD LINE...: show the lines and go on only where the word is typed, or with --yes.
confirm() {
    local word=$1 answer
    shift
    [[ $YES == 0 ]] || return 0
    printf '%s\n' "$@"
    printf 'Digite "%s" para confirmar: ' "$word"
    read -r answer || answer=
    [[ $answer == "$word" ]]
}

# python_311: print a Python 3.11 of this machine; fail where there is none.
python_311() {
    local candidate
    for candidate in python3.11 python3 python; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# any_python: print some Python 3 of this machine, to fetch uv with; fail where there is none.
any_python() {
    command -v python3 || command -v python
}

# find_uv: print the path of uv; one of this machine, or one of the project's own.
find_uv() {
    if command -v uv; then
        return
    fi
    if [[ -x $VENV/bin/uv ]]; then
        printf '%s\n' "$VENV/bin/uv"
        return
    fi
    local python
    python=$(python_311 || any_python) ||
        die 2 "não há Python nesta máquina. Instale o Python 3.11 (Debian: apt install python3 python3-venv)"
    PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --disable-pip-version-check --target "$ROOT/.uv" --upgrade uv >&2 ||
        die 2 "não foi possível instalar o uv. Confira a rede e o pip (Debian: apt install python3-pip)"
    printf '%s\n' "$ROOT/.uv/bin/uv"
}

# ensure_environment FILE...: .venv with Python 3.11 and exactly what the requirement files pin.
ensure_environment() {
    local files=() name stamp uv
    for name in "$@"; do
        files+=("$ROOT/requirements/$name.txt")
    done
    stamp=$(cat "${files[@]}" | cksum)
    if [[ -x $PYTHON && -f $VENV/requirements.stamp ]] && grep -qxF "$stamp" "$VENV/requirements.stamp"; then
        return
    fi
    uv=$(find_uv)
    if [[ ! -x $PYTHON ]]; then
        say "criando o ambiente Python em .venv"
        "$uv" venv --quiet --python "$(python_311 || echo 3.11)" "$VENV" ||
            die 2 "é preciso o Python 3.11 e o uv não conseguiu obtê-lo. Instale-o (por exemplo: uv python install 3.11, ou pyenv install 3.11)"
    fi
    say "instalando os pacotes de requirements/ (${*})"
    VIRTUAL_ENV=$VENV "$uv" pip install --quiet --python "$PYTHON" \
        "${files[@]/#/--requirement=}" ||
        die 1 "a instalação dos pacotes falhou. Confira a rede e repita"
    printf '%s\n' "$stamp" >>"$VENV/requirements.stamp"
}

# ensure_env_file: .env from .env.example, once.
ensure_env_file() {
    if [[ ! -e $ROOT/.env ]]; then
        cp "$ROOT/.env.example" "$ROOT/.env"
        say ".env criado a partir de .env.example"
    fi
}

# pid_of NAME: print the pid in NAME's pid file if that very process still runs.
pid_of() {
    local file=$STATE_DIR/$1.pid pid started
    [[ -f $file ]] || return 1
    read -r pid started <"$file"
    [[ -n $pid && "$(start_time "$pid")" == "$started" ]] || return 1
    printf '%s\n' "$pid"
}

# start_time PID: print when the process began, so that a reused pid is not taken for it.
start_time() {
    ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' '_'
}

# start_process NAME COMMAND...: run it in the background, its output in NAME.log beside its pid file.
start_process() {
    local name=$1 pid
    shift
    mkdir -p "$STATE_DIR"
    nohup setsid "$@" >"$STATE_DIR/$name.log" 2>&1 </dev/null &
    pid=$!
    disown "$pid"
    printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$STATE_DIR/$name.pid"
}

# stop_process NAME: end what start_process began; fail where it does not run.
stop_process() {
    local name=$1 pid
    pid=$(pid_of "$name") || {
        rm -f "$STATE_DIR/$name.pid"
        return 1
    }
    kill -TERM "$pid" 2>/dev/null || true
    for _ in {1..100}; do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$STATE_DIR/$name.pid"
}

# wait_for URL NAME SECONDS: until the address answers; fail when its process ends or time is up.
wait_for() {
    local url=$1 name=$2 tries=$(($3 * 5))
    for ((; tries > 0; tries--)); do
        pid_of "$name" >/dev/null || return 1
        "$PYTHON" -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=5)' "$url" 2>/dev/null &&
            return
        sleep 0.2
    done
    return 1
}
