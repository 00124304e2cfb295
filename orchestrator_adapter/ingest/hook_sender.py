"""Reports one hook of Claude Code: its body comes on standard input. For the hooks that are only run as a command.

It is run by path with a bare interpreter, so it imports only what starts fast. A server that is slow, or is not
there, is nobody's concern: it gives up after a second and always ends well.
"""

import socket
import sys

WAIT_S = 1.0


def main(address: str, token_file: str) -> None:
    host, _, port = address.removeprefix("http://").partition("/")[0].rpartition(":")
    path = "/" + address.removeprefix("http://").partition("/")[2]
    body = sys.stdin.buffer.read()
    with open(token_file, encoding="ascii") as file:  # noqa: PTH123 - pathlib would double the time to start
        token = file.read().strip()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.strip("[]"), int(port)), WAIT_S) as line:
        line.settimeout(WAIT_S)
        line.sendall(head.encode("ascii") + body)
        line.recv(64)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except Exception:  # a session must never notice whether somebody watches it
        sys.exit(0)
