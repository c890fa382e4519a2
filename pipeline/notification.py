"""Tell somebody outside: a JSON POST to NOTIFICATION_URL when a run fails or a release comes in."""

from __future__ import annotations

import logging
from typing import Any

import requests

from pipeline.settings import Settings

logger = logging.getLogger(__name__)
TIMEOUT_S = 10


def notify(settings: Settings, event: str, **details: Any) -> bool:
    """Send `{"evento": ..., "texto": ..., ...}`; False where nobody took it.

    A chat's incoming webhook shows `text`. Never raises: the run is worth more than the message.
    """
    if not settings.notification_url:
        return False
    body = {"evento": event, "ambiente": settings.deploy_env, **details}
    try:
        answer = requests.post(
            settings.notification_url, json=body | {"text": body.get("texto")}, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        logger.warning("O aviso %r não foi entregue a NOTIFICATION_URL: %s", event, error)
        return False
    return True
