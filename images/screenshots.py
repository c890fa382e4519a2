"""Make the pictures of the README: every page of the viewer over the sample at its real size.

    .venv/bin/python -m images.screenshots

Needs chromium and chromedriver. Uses the database that `benchmarks.viewer_load` keeps, and makes it
where it is missing (some minutes).
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from selenium import webdriver

from benchmarks.measuring import ROOT
from benchmarks.viewer_load import PORT, prepared, wait_until_up
from pipeline import embedded
from tests.viewing import open_browser

FOLDER = ROOT / "images"
WIDTH = 1360
TALLEST = 1_700
STILL = 4
"""So many looks, half a second apart, must find a page unchanged."""
FILTER = quote('{"nome_orgao_trabalho":{"filterType":"text","type":"contains","filter":"saude"}}')
COLUMNS = "data_referencia,nome_orgao_trabalho,razao_social_empresa,nome,custo_mensal"
PAGES = {
    "panorama": "/",
    "dados": f"/dados?tabela=staging.historic_transformed&filtro={FILTER}&colunas={COLUMNS}",
    "comparar": "/comparar",
    "empresas": "/empresa",
    "orgaos": "/orgao",
    "contratos": "/contrato",
    "qualidade": "/qualidade",
    "execucoes": "/execucoes",
    "registros": "/registros",
}
DETAILS = {
    "empresa": ("/empresa", "/empresa?cnpj="),
    "orgao": ("/orgao", "/orgao?siafi="),
    "contrato": ("/contrato", "/contrato?"),
    "execucao": ("/execucoes", "/execucoes?id="),
}
"""Pages of one thing: where the list is, and how the address of its first one begins."""


def first_of(browser: webdriver.Chrome, path: str, beginning: str) -> str:
    """Return the address of the first thing that a list leads to."""
    browser.get(f"http://127.0.0.1:{PORT}{path}")
    selector = f'main a[href^="{beginning}"]'
    deadline = time.monotonic() + 20
    while not (found := browser.find_elements("css selector", selector)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} leads to nothing")
        time.sleep(0.2)
    return str(found[0].get_dom_attribute("href"))


def shoot(browser: webdriver.Chrome, name: str, path: str) -> None:
    """Open a page, wait until it stands still, keep it as images/NAME.png."""
    browser.set_window_size(WIDTH, 900)
    browser.get(f"http://127.0.0.1:{PORT}{path}")
    seen: list[str] = []
    while len(seen) < STILL or len(set(seen[-STILL:])) > 1:
        if len(seen) > 60:
            raise RuntimeError(f"{path} does not come to rest")
        time.sleep(0.5)
        seen.append(browser.find_element("id", "conteudo").text)
    tall = browser.execute_script("return document.documentElement.scrollHeight")
    browser.set_window_size(WIDTH, min(max(int(tall), 900), TALLEST))
    time.sleep(1)
    browser.save_screenshot(str(FOLDER / f"{name}.png"))


def main() -> None:
    """Make all of them."""
    env = prepared(1.0)
    server = subprocess.Popen([sys.executable, "run/results.py"], env=env, cwd=ROOT)
    try:
        wait_until_up()
        browser = open_browser()
        for name, path in PAGES.items():
            shoot(browser, name, path)
        for name, (path, beginning) in DETAILS.items():
            shoot(browser, name, first_of(browser, path, beginning))
        browser.quit()
    finally:
        server.terminate()
        server.wait()
        embedded.stop(Path(env["DATA_DIR"]) / "postgres")


if __name__ == "__main__":
    main()
