"""Settings, read once from the environment and `.env`; nothing else reads either.

Variables of the environment win over `.env`. All that is wrong is reported in one message.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent
PAGE_PATH = "/cgu/pt-br/acesso-a-informacao/dados-abertos/arquivos/terceirizados"
ENVIRONMENTS = ("production", "staging")
DEFAULTS: Mapping[str, str] = {
    "DB_HOST": "",
    "DB_PORT": "5432",
    "DB_NAME": "terceirizados",
    "DB_USER": "",
    "DB_PASSWORD": "",
    "DB_READER_PASSWORD": "",
    "URL_FOR_DATA_DOWNLOAD": f"https://www.gov.br{PAGE_PATH}",
    "DOWNLOAD_ATTEMPTS": "5",
    "DATA_DIR": "adm_cgu_terceirizados_local",
    "LOG_DIR": "logs",
    "VIEWER_HOST": "127.0.0.1",
    "VIEWER_PORT": "8050",
    "SAMPLE_PORT": "8060",
    "DASK_ADDRESS": "",
    "DEPLOY_ENV": "production",
    "NOTIFICATION_URL": "",
    "FLOW": "",
    "FLOW_PARAMETERS": "{}",
    "DEMO": "0",
}
"""Every variable of ours with its default; `.env.example` explains them."""


@dataclass(frozen=True)
class Settings:
    """All that can be configured. Paths are absolute."""

    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str
    db_reader_password: str
    page_url: str
    download_attempts: int
    data_dir: Path
    log_dir: Path
    viewer_host: str
    viewer_port: int
    sample_port: int
    dask_address: str
    deploy_env: str
    notification_url: str
    flow: str
    flow_parameters: Mapping[str, Any]
    is_demo: bool
    prefect_ui: str

    @property
    def is_embedded(self) -> bool:
        """True when PostgreSQL is the one from the wheel, kept in `data_dir`."""
        return not self.db_host


def load_settings(env_file: Path | None = None) -> Settings:
    """Read `.env` (by default the project's) and the environment.

    With `DEMO=1`, everything points at the sample portal, a data folder and an embedded database
    of its own, so that invented rows never mix with real ones. `PREFECT__*` lines of `.env` are
    put into the environment, where Prefect looks for them.
    Raises ConfigurationError with every wrong line and value.
    """
    values, problems = _read_env_file(env_file or ROOT / ".env")
    for name, value in values.items():
        if name.startswith("PREFECT__"):
            os.environ.setdefault(name, value)
    merged = {name: os.environ.get(name, values.get(name, "")) for name in DEFAULTS}
    merged = {name: value.strip() or DEFAULTS[name] for name, value in merged.items()}
    if merged["DEMO"] != "0":
        merged |= _demo_values(merged)
    settings = _build(merged, problems)
    if problems:
        raise ConfigurationError(
            "configuração inválida: " + "; ".join(problems) + ". Corrija o .env (veja .env.example)"
        )
    return settings


def _demo_values(values: Mapping[str, str]) -> dict[str, str]:
    return {
        "DB_HOST": "",
        "URL_FOR_DATA_DOWNLOAD": f"http://127.0.0.1:{values['SAMPLE_PORT']}{PAGE_PATH}",
        "DATA_DIR": f"{Path(values['DATA_DIR']).with_name('adm_cgu_terceirizados_demo')}",
        "LOG_DIR": str(Path(values["LOG_DIR"]) / "demo"),
    }


def _read_env_file(path: Path) -> tuple[dict[str, str], list[str]]:
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only where a .env exists

    if not path.is_file():
        return {}, []
    values: dict[str, str] = {}
    problems: list[str] = []
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except UnicodeDecodeError as error:
        return {}, [f"{path.name} não está em UTF-8 (byte {error.start})"]
    for binding in bindings:
        if binding.error:
            text = binding.original.string.strip().split("=")[0]
            problems.append(
                f"{path.name}, linha {binding.original.line}: {text!r} não é NOME=valor"
            )
        elif binding.key:
            values[binding.key] = binding.value or ""
    return values, problems + _misspelled(values)


def _misspelled(values: Mapping[str, str]) -> list[str]:
    known = list(DEFAULTS)
    close = {
        name: difflib.get_close_matches(name, known, 1, 0.85)
        for name in values
        if name not in DEFAULTS and not name.startswith("PREFECT__")
    }
    return [f"{name} é desconhecida: seria {match[0]}?" for name, match in close.items() if match]


def _build(values: Mapping[str, str], problems: list[str]) -> Settings:
    if values["DB_HOST"] and not values["DB_USER"]:
        problems.append("DB_HOST está preenchida, mas DB_USER está vazia")
    return Settings(
        db_host=values["DB_HOST"],
        db_port=_integer(values, "DB_PORT", 1, 65535, problems),
        db_name=values["DB_NAME"],
        db_user=values["DB_USER"],
        db_password=values["DB_PASSWORD"],
        db_reader_password=values["DB_READER_PASSWORD"],
        page_url=_address(values, "URL_FOR_DATA_DOWNLOAD", problems),
        download_attempts=_integer(values, "DOWNLOAD_ATTEMPTS", 1, 20, problems),
        data_dir=ROOT / Path(values["DATA_DIR"]).expanduser(),
        log_dir=ROOT / Path(values["LOG_DIR"]).expanduser(),
        viewer_host=values["VIEWER_HOST"],
        viewer_port=_integer(values, "VIEWER_PORT", 1, 65535, problems),
        sample_port=_integer(values, "SAMPLE_PORT", 1, 65535, problems),
        dask_address=values["DASK_ADDRESS"],
        deploy_env=_one_of(values, "DEPLOY_ENV", ENVIRONMENTS, problems),
        notification_url=_address(values, "NOTIFICATION_URL", problems),
        flow=values["FLOW"],
        flow_parameters=_object(values, "FLOW_PARAMETERS", problems),
        is_demo=values["DEMO"] != "0",
        prefect_ui=_prefect_ui(problems),
    )


def _prefect_ui(problems: list[str]) -> str:
    """Return where Prefect's own pages are, as a browser sees them; nothing without a server."""
    if os.environ.get("PREFECT__BACKEND") != "server":
        return ""
    name = "PREFECT__SERVER__UI__ENDPOINT"
    values = {name: os.environ.get(name) or "http://localhost:8080"}
    return _address(values, name, problems).rstrip("/")


def _address(values: Mapping[str, str], name: str, problems: list[str]) -> str:
    url = values[name]
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        problems.append(f"{name}={url!r} não é um endereço http(s)")
    return url


def _one_of(values: Mapping[str, str], name: str, known: Sequence[str], problems: list[str]) -> str:
    if values[name] not in known:
        problems.append(f"{name}={values[name]!r} não é {' nem '.join(known)}")
    return values[name]


def _object(values: Mapping[str, str], name: str, problems: list[str]) -> dict[str, Any]:
    try:
        value = json.loads(values[name])
    except ValueError:
        value = None
    if not isinstance(value, dict):
        problems.append(f'{name}={values[name]!r} não é um objeto JSON, como {{"from": "2021-05"}}')
        return {}
    return value


def _integer(values: Mapping[str, str], name: str, low: int, high: int, problems: list[str]) -> int:
    text = values[name]
    if text.isascii() and text.isdigit() and low <= int(text) <= high:
        return int(text)
    problems.append(f"{name}={text!r} não é um inteiro de {low} a {high}")
    return low
