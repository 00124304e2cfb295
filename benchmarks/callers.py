"""Programs that ask the API for lists again and again over kept connections: `python -m benchmarks.callers`.

Takes the port, the number of clients, the seconds, and one or more addresses; `{n}` in one becomes another number for
each request. Prints requests, seconds and every latency in milliseconds as JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time

import uvloop

WARM_S = 1.0


async def call(port: int, addresses: list[str], start: int, end_at: float, out: list[tuple[float, float]]) -> None:
    """One client: asks, reads the whole answer, asks for the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in itertools.count(start):
        began = time.perf_counter()
        if began > end_at:
            break
        path = addresses[number % len(addresses)].replace("{n}", f"{number:06}")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"{path}: {head[:100]!r}")
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        out.append((began, (time.perf_counter() - began) * 1000))
    writer.close()


async def main(port: int, clients: int, seconds: float, addresses: list[str]) -> None:
    out: list[tuple[float, float]] = []
    warm_at = time.perf_counter() + WARM_S
    calls = (call(port, addresses, n * 40_000, warm_at + seconds, out) for n in range(clients))
    await asyncio.gather(*calls)
    latencies = [ms for began, ms in out if began >= warm_at]
    print(json.dumps({"per_s": len(latencies) / seconds, "ms": latencies}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
