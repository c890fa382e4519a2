"""Pass TCP connections on: `forward.py 8050=viewer:8050 ...` listens on 8050 and connects there."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends."""
    with suppress(ConnectionError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
    target.close()


async def serve(port: int, host: str, there: int) -> None:
    """Listen on the port for ever."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, there)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    server = await asyncio.start_server(connect, "0.0.0.0", port)  # noqa: S104 - its container's
    await server.serve_forever()


async def main(pairs: list[str]) -> None:
    """Serve every PORT=HOST:PORT."""
    routes = [pair.replace("=", ":").split(":") for pair in pairs]
    await asyncio.gather(*(serve(int(port), host, int(there)) for port, host, there in routes))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
