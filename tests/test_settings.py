"""Settings: defaults, precedence, and every fault in one message."""

import os
from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError
from pipeline.settings import DEFAULTS, ROOT, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in DEFAULTS:
        monkeypatch.delenv(name, raising=False)


def env_file(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path):
    settings = load_settings(tmp_path / "none")
    assert settings.is_embedded
    assert settings.data_dir == ROOT / "adm_cgu_terceirizados_local"
    assert (settings.viewer_host, settings.viewer_port) == ("127.0.0.1", 8050)
    assert settings.page_url.startswith("https://www.gov.br/cgu/")


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    path = env_file(tmp_path, "VIEWER_PORT=9000\nDB_PORT=6000\n")
    monkeypatch.setenv("VIEWER_PORT", "9001")
    settings = load_settings(path)
    assert (settings.viewer_port, settings.db_port) == (9001, 6000)


def test_all_that_is_wrong_is_reported_at_once(tmp_path):
    text = "VIEWER_PORT=abc\nDB_PORT=70000\nisto não é nada\nURL_FOR_DATA_DOWNLOAD=gov.br\n"
    with pytest.raises(ConfigurationError) as caught:
        load_settings(env_file(tmp_path, text))
    for piece in ("VIEWER_PORT='abc'", "DB_PORT='70000'", "linha 3", "'gov.br'"):
        assert piece in str(caught.value)
    assert caught.value.exit_status == 2
    assert "\n" not in str(caught.value)


def test_a_misspelled_name_is_pointed_out(tmp_path):
    with pytest.raises(ConfigurationError, match="VIEWER_PROT é desconhecida: seria VIEWER_PORT"):
        load_settings(env_file(tmp_path, "VIEWER_PROT=8051\n"))


def test_a_host_needs_a_user(tmp_path):
    with pytest.raises(ConfigurationError, match="DB_USER está vazia"):
        load_settings(env_file(tmp_path, "DB_HOST=banco\n"))


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes("DB_NAME=não".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="não está em UTF-8"):
        load_settings(path)


def test_the_demo_never_touches_the_real_data(tmp_path):
    path = env_file(tmp_path, "DEMO=1\nDB_HOST=banco\nDB_USER=dona\nSAMPLE_PORT=8077\n")
    demo = load_settings(path)
    assert demo.is_embedded
    assert demo.page_url.startswith("http://127.0.0.1:8077/")
    assert demo.data_dir == ROOT / "adm_cgu_terceirizados_demo"
    assert demo.log_dir == ROOT / "logs" / "demo"


def test_prefect_lines_reach_prefect(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT__TESTE__CHAVE", raising=False)
    load_settings(env_file(tmp_path, "PREFECT__TESTE__CHAVE=7\n"))
    assert os.environ.pop("PREFECT__TESTE__CHAVE") == "7"


def test_the_example_explains_every_variable():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(names) == sorted(DEFAULTS)
    settings = load_settings(ROOT / ".env.example")
    assert settings == load_settings(ROOT / "does-not-exist")
