"""The viewer under load: many readers at once, from outside its process.

    .venv/bin/python -m benchmarks.viewer_load [--scale 1.0] [--users 20] [--requests 1000]

Captures and materializes the sample at a scale (kept in benchmarks/data between calls), serves it
as `run/results.py` does, and lets readers at it: each opens pages and asks grids for rows as the
browser does, with filters, sorts, searches and jumps drawn from the data, and thinks for a second
or so between two requests. The mix is the same for every scale. Times are of whole answers over
HTTP, in milliseconds; memory is the server's, all its processes together.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.history import sample_files
from benchmarks.measuring import ROOT, environment, keep, run
from pipeline import embedded
from sample.portal import Portal

HISTORY = "staging.historic_transformed"
NEWEST = "staging.transformed"
PORT = 8077
THINKING_S = 1.0
PAGES = (
    "/", "/dados", "/comparar", "/empresa", "/orgao", "/contrato", "/qualidade", "/execucoes",
    "/registros",
)  # fmt: skip
TEXTS = {
    "razao_social_empresa": ("limpeza", "seguranca", "servicos", "ltda", "engenharia"),
    "nome": ("maria", "joao", "souza", "ana c", "cardoso"),
    "nome_orgao_trabalho": ("saude", "ministerio", "comando", "educacao"),
    "categoria_profissional": ("vigilante", "limpeza", "motorista", "recep"),
    "numero_contrato": ("2021", "0003", "12/20"),
    "cpf": ("527", "***.1", "44-**"),
}
NUMBERS = {
    "salario_mensal": (1412, 2500, 9000),
    "custo_mensal": (3000, 5000, 20000),
    "quantidade_horas_semanais": (30, 40, 44),
}
SORTED = (
    "nome", "cpf", "salario_mensal", "custo_mensal", "razao_social_empresa", "numero_contrato",
    "nome_orgao_trabalho", "categoria_profissional", "id_terceirizado", "quantidade_horas_semanais",
    "data_referencia", "escolaridade_exigida", "nome_unidade_prestacao", "cnpj_empresa",
)  # fmt: skip
SEARCHES = ("maria silva", "vigilante", "limpeza 2021", "joão", "engenharia manaus", "cardoso")


@dataclass
class Times:
    """Milliseconds of each kind of request, and what failed."""

    by_kind: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def row(self, kind: str, name: str) -> str:
        """Format one kind: number, median, p95, worst."""
        times = sorted(self.by_kind[kind])
        p95 = times[min(int(len(times) * 0.95), len(times) - 1)]
        median = times[len(times) // 2]
        return f"| {name} | {len(times)} | {median:.0f} | {p95:.0f} | {times[-1]:.0f} |"


def ask(output: str, inputs: list[tuple[str, str, Any]], states: list[tuple[str, str, Any]]) -> Any:
    """Call one of the page's callbacks as the browser does; return its answer."""
    outputs = [
        dict(zip(("id", "property"), part.rsplit(".", 1), strict=True))
        for part in output.strip(".").split("...")
    ]
    body = {
        "output": output,
        "outputs": outputs if len(outputs) > 1 else outputs[0],
        "inputs": [{"id": i, "property": p, "value": v} for i, p, v in inputs],
        "state": [{"id": i, "property": p, "value": v} for i, p, v in states],
        "changedPropIds": [f"{inputs[0][0]}.{inputs[0][1]}"],
    }
    request = Request(
        f"http://127.0.0.1:{PORT}/_dash-update-component",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["response"]


def open_page(path: str) -> None:
    """Ask for the content of a page."""
    ask(
        "..conteudo.children...navegacao.children...titulo.data..",
        [("endereco", "pathname", path), ("endereco", "search", "")],
        [],
    )


def grid_request(chance: random.Random) -> tuple[str, dict[str, Any], str]:
    """Draw what a reader asks of a grid: table, request, search."""
    table = chance.choices((HISTORY, NEWEST), (3, 1))[0]
    model: dict[str, Any] = {}
    kind = chance.random()
    if kind < 0.45:
        column = chance.choice(list(TEXTS))
        operator = chance.choices(("contains", "startsWith", "equals", "blank"), (6, 2, 1, 1))[0]
        model[column] = {"type": operator, "filter": chance.choice(TEXTS[column])}
    if 0.35 < kind < 0.65:
        column = chance.choice(list(NUMBERS))
        operator = chance.choice(("greaterThan", "equals", "lessThan"))
        model[column] = {"type": operator, "filter": chance.choice(NUMBERS[column])}
    search = chance.choice(SEARCHES) if kind > 0.85 else ""
    # As the page itself asks until somebody clicks on a header.
    sorts = [{"colId": "data_referencia", "sort": "desc"}] if table == HISTORY else []
    if chance.random() < 0.6:
        sorts = [{"colId": chance.choice(SORTED), "sort": chance.choice(("asc", "desc"))}]
    start = chance.choices(
        (0, 100 * chance.randint(1, 20), 100 * chance.randint(20, 3000)), (7, 2.5, 0.5)
    )[0]
    request = {"startRow": start, "endRow": start + 100, "filterModel": model, "sortModel": sorts}
    return table, request, search


def ask_rows(table: str, request: dict[str, Any], search: str) -> None:
    """Ask a grid for a page of rows; an error it shows is a failure."""
    answer = ask(
        "..dados-grade.getRowsResponse...dados-erro.children..",
        [("dados-grade", "getRowsRequest", request)],
        [
            ("dados-atual", "data", {"tabela": table, "versao": ""}),
            ("dados-busca", "value", search),
        ],
    )
    if answer["dados-erro"]["children"]:
        raise RuntimeError(json.dumps(answer["dados-erro"], ensure_ascii=False)[:300])


def ask_count(table: str, request: dict[str, Any], search: str) -> None:
    """Ask how many rows pass."""
    query = {"tabela": table, "versao": "", "filtro": request["filterModel"], "busca": search}
    ask(
        "..dados-total.children...dados-linhas.data...dados-contar.style..",
        [("dados-consulta", "data", query), ("dados-contar", "n_clicks", None)],
        [],
    )


def reader(seed: int, requests: int, times: Times, slow: list[tuple[float, str]]) -> None:
    """One reader: pages and grids, with a pause before each request."""
    chance = random.Random(seed)
    for _ in range(requests):
        time.sleep(chance.expovariate(1 / THINKING_S))
        if chance.random() < 0.15:
            path = chance.choice(PAGES)
            work = [(f"página {path}", lambda path=path: open_page(path))]
        else:
            asked = grid_request(chance)
            work = [("grade", lambda asked=asked: ask_rows(*asked))]
            if asked[1]["startRow"] == 0:
                work.append(("contagem", lambda asked=asked: ask_count(*asked)))
        for kind, do in work:
            started = time.perf_counter()
            try:
                do()
            except Exception as error:  # noqa: BLE001 - it is what we count
                times.failures.append(f"{kind}: {error}")
                continue
            took = (time.perf_counter() - started) * 1000
            times.by_kind[kind].append(took)
            if kind == "grade":
                slow.append((took, json.dumps(asked, ensure_ascii=False)))


def memory_mb(pid: int) -> float:
    """Return the memory of a process and its children that is theirs alone, in MB."""
    pids = [pid]
    for one in pids:
        children = Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split()
        pids += [int(child) for child in children]
    total = 0
    for one in pids:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith(("Private_Clean", "Private_Dirty", "Private_Hugetlb")):
                total += int(line.split()[1])
    return total / 1024


def prepared(scale: float) -> dict[str, str]:
    """Return the environment of a database with the sample at this scale, made where missing."""
    folder = ROOT / "benchmarks" / "data" / f"viewer-{scale}"
    done = folder / "pronto"
    with Portal(sample_files(scale)) as portal:
        env = environment(portal.url, folder / "dados", folder / "logs")
        if not done.exists():
            for name in ("historic_capture", "historic_materialize", "materialize"):
                run(name, env)
            done.touch()
    embedded.start(folder / "dados" / "postgres")
    return env | {"VIEWER_PORT": str(PORT)}


def loaded(
    users: int, requests: int, pid: int
) -> tuple[Times, list[float], list[tuple[float, str]]]:
    """Let the readers at the viewer; return times, the memory at five moments, the slowest."""
    times, slow, memory = Times(), [], [memory_mb(pid)]
    each = max(requests // users // 4, 1)
    for part in range(4):
        threads = [
            threading.Thread(target=reader, args=(part * 1000 + number, each, times, slow))
            for number in range(users)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        memory.append(memory_mb(pid))
    return times, memory, sorted(slow, reverse=True)[:10]


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--requests", type=int, default=1_000)
    options = parser.parse_args()
    env = prepared(options.scale)
    server = subprocess.Popen([sys.executable, "run/results.py"], env=env, cwd=ROOT)
    try:
        wait_until_up()
        started = time.perf_counter()
        open_page("/")
        first = (time.perf_counter() - started) * 1000
        times, memory, slow = loaded(options.users, options.requests, server.pid)
    finally:
        server.terminate()
        server.wait()
        embedded.stop(Path(env["DATA_DIR"]) / "postgres")
    kinds = sorted(kind for kind in times.by_kind if kind.startswith("página"))
    lines = [
        f"Escala {options.scale}, {options.users} leitores, pausa média de {THINKING_S} s.",
        f"Primeira página com o servidor frio: {first:.0f} ms. Falhas: {len(times.failures)}.",
        "Memória do servidor (MB) a cada quarto: " + ", ".join(f"{mb:.0f}" for mb in memory) + ".",
        "",
        "| pedido | quantos | mediana (ms) | p95 (ms) | pior (ms) |",
        "|---|--:|--:|--:|--:|",
        times.row("grade", "linhas de uma grade"),
        times.row("contagem", "contagem"),
        *(times.row(kind, kind) for kind in kinds),
        "",
        "As mais lentas:",
        *(f"- {took:.0f} ms: `{what}`" for took, what in slow),
        *(f"- falhou: {what}" for what in times.failures[:10]),
    ]
    keep(f"viewer-load-{options.scale}", f"{__doc__}\n" + "\n".join(lines))


def wait_until_up() -> None:
    """Wait until the server answers."""
    for _ in range(300):
        try:
            urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("o visualizador não subiu")


if __name__ == "__main__":
    main()
