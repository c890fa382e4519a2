"""What a running demo can be told at POST /_controle, as JSON.

`{"acao": "misbehave", "suffix": "202405.xlsx", "kind": "503", "times": 2, "retry_after": 1}`,
`{"acao": "calm"}`, `{"acao": "hide" | "publish", "year": 2025, "month": 9}`,
`{"acao": "replace", "name": "terceirizados202309.csv", "content": "<base64>"}`. The answer, like
that to GET, holds the releases hidden and the requests served.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sample.portal import Portal

CONTROL_PATH = "/_controle"


def command(portal: Portal, body: bytes) -> tuple[int, bytes]:
    """Carry out one order; return (status, JSON): 400 and the reason when it makes no sense."""
    try:
        _carry_out(portal, json.loads(body))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return 400, _json({"erro": f"pedido inválido: {error}"})
    return 200, state(portal)


def state(portal: Portal) -> bytes:
    """Return what is hidden and what was served, as JSON."""
    return _json({"escondidas": portal.hidden, "requisicoes": portal.requests})


def _carry_out(portal: Portal, order: dict[str, Any]) -> None:
    arguments = {name: value for name, value in order.items() if name != "acao"}
    match order.get("acao"):
        case "misbehave":
            portal.misbehave(**arguments)
        case "calm":
            portal.calm()
        case "hide":
            portal.hide(**arguments)
        case "publish":
            portal.publish(**arguments)
        case "replace":
            portal.replace(arguments["name"], base64.b64decode(arguments["content"], validate=True))
        case other:
            raise ValueError(f"não há a ação {other!r}")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
