"""The script of the usual kind: a semaphore, one session, and everything gathered.

python benchmarks/peer/gathering.py EXPORT URL
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp

try:
    from uvloop import run
except ImportError:
    from asyncio import run

IN_FLIGHT = 20


async def main(path: Path, url: str) -> None:
    """Post every record of a file."""
    semaphore = asyncio.Semaphore(IN_FLIGHT)
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send(record: dict[str, Any]) -> None:
            async with semaphore, session.post(url, json=record) as response:
                await response.read()
                response.raise_for_status()

        with path.open(encoding="utf-8") as file:
            await asyncio.gather(*(send(json.loads(line)) for line in file))


if __name__ == "__main__":
    run(main(Path(sys.argv[1]), sys.argv[2]))
