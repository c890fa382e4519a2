"""A stand-in for Prefect Server's API: it keeps what a client sends and answers as the real one.

Only the queries that this project makes are known; any other is an error, as in GraphQL. The
shapes are those that `prefect.Client` 1.4 reads.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prefect.engine.state import Scheduled
from prefect.serialization.state import StateSchema


class FakeServer:
    """Tenants, projects, flows and runs in memory; `play` is how each new run goes on."""

    def __init__(self):
        self.tenants, self.projects, self.flows = [], {}, []
        self.runs, self.unknown, self.tasks = {}, [], {}
        self.play = []  # [(state, [log lines])] that one look after another shows
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                answer = json.dumps(owner.answer(json.loads(body))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, request):
        query = "".join(request["query"].split())
        variables = request.get("variables")
        variables = json.loads(variables) if isinstance(variables, str) else variables
        given = (variables or {}).get("input", {})
        for name in (
            "create_flow_from_compressed_string",
            "create_tenant",
            "create_project",
            "create_flow_run",
            "register_tasks",
            "register_edges",
            "set_schedule_active",
        ):
            if f"{name}(" in query:
                return {"data": {name: getattr(self, name)(given)}}
        for name in ("flow_run", "flow", "project", "tenant", "hello"):
            if (
                query.removeprefix("query")
                .removeprefix("{")
                .startswith((f"{name}(", f"{name}{{", name))
            ):
                return {"data": {name: getattr(self, f"find_{name}")(query)}}
        self.unknown.append(query)
        return {"errors": [{"message": f"não conheço {query}"}]}

    def find_hello(self, _query):
        return "👋"

    def find_tenant(self, _query):
        return self.tenants

    def find_project(self, query):
        return [{"id": key} for name, key in self.projects.items() if f'"{name}"' in query]

    def find_flow(self, query):
        return [
            {"id": flow["id"], "version": flow["version"]}
            for flow in self.flows
            if not flow["archived"] and _quoted(flow["name"]) in query
        ]

    def find_flow_run(self, query):
        run = next(run for key, run in self.runs.items() if key in query)
        if "logs(" in query:
            logs, run["logs"] = run["logs"], []
            return [{"logs": logs}]
        if run["play"]:
            state, lines = run["play"].pop(0)
            self._enter(run, state)
            run["logs"] = [
                {"timestamp": _now(), "level": "INFO", "message": line} for line in lines
            ]
        return [run["view"] | {"serialized_state": run["view"]["states"][-1]["serialized_state"]}]

    def create_tenant(self, given):
        self.tenants.append({"id": str(uuid.uuid4()), "slug": given["slug"]})
        return {"id": self.tenants[-1]["id"]}

    def create_project(self, given):
        return {"id": self.projects.setdefault(given["name"], str(uuid.uuid4()))}

    def create_flow_from_compressed_string(self, given):
        flow = json.loads(gzip.decompress(base64.b64decode(given["serialized_flow"])))
        before = [
            one
            for one in self.flows
            if one["name"] == flow["name"] and one["project"] == given["project_id"]
        ]
        if before and before[-1]["key"] == given["idempotency_key"]:
            return {"id": before[-1]["id"]}
        for one in before:
            one["archived"] = True
        self.flows.append(
            {
                "id": str(uuid.uuid4()),
                "name": flow["name"],
                "project": given["project_id"],
                "version": len(before) + 1,
                "key": given["idempotency_key"],
                "archived": False,
                "flow": flow,
                "scheduled": False,
            }
        )
        return {"id": self.flows[-1]["id"]}

    def register_tasks(self, given):
        self.tasks.setdefault(given["flow_id"], []).extend(given["serialized_tasks"])
        return {"success": True}

    def register_edges(self, _given):
        return {"success": True}

    def set_schedule_active(self, given):
        next(one for one in self.flows if one["id"] == given["flow_id"])["scheduled"] = True
        return {"success": True}

    def create_flow_run(self, given):
        key = str(uuid.uuid4())
        view = {
            "id": key,
            "name": "corrida",
            "flow_id": given["flow_id"],
            "states": [],
            "labels": given["labels"],
            "parameters": given["parameters"],
            "context": {},
            "updated": _now(),
            "run_config": None,
        }
        self.runs[key] = {"view": view, "play": list(self.play), "logs": [], "given": given}
        self._enter(self.runs[key], Scheduled("Flow run scheduled."))
        return {"id": key}

    def _enter(self, run, state):
        serialized = StateSchema().dump(state)
        run["view"]["states"].append({"timestamp": _now(), "serialized_state": serialized})


def _quoted(name):
    """Write a name as it stands in a query from which blanks were taken."""
    return json.dumps("".join(name.split()))


def _now():
    return datetime.now(UTC).isoformat()
