"""The other side of channels on this machine: a web server that hooks are sent to, and a mail server."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook:
    """Takes what is posted to it; the first `refuse` times it answers 503."""

    def __init__(self, refuse: int = 0) -> None:
        self.refuse, self.asked, self.got, self.paths = refuse, 0, list[dict[str, Any]](), list[str]()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    outer.asked += 1
                    outer.paths.append(self.path)
                    taken = outer.asked > outer.refuse
                    if taken:
                        outer.got.append(body)
                answer = b"" if taken else b"come back later"
                self.send_response(200 if taken else 503)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks/s3cr3t-token?key=hidden-key"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class MailServer:
    """Takes mail by SMTP without TLS; `password` of the user `deck` must be right if there is one."""

    def __init__(self, password: str = "", refuse: str = "") -> None:
        self.got: list[EmailMessage] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

            def handle(self) -> None:
                self.say("220 here")
                known = not password
                while line := self.rfile.readline():
                    words = line.decode().strip()
                    verb = words[:4].upper()
                    if verb == "EHLO":
                        self.say("250-here")
                        self.say("250 AUTH PLAIN")
                    elif verb == "AUTH":
                        given = base64.b64decode(words.split()[-1]).decode().split("\0")
                        known = given[1:] == ["deck", password]
                        self.say("235 welcome" if known else "535 5.7.8 wrong user or password")
                    elif verb == "RCPT" and (not known or (refuse and refuse in words)):
                        self.say("550 5.1.1 nobody of that name here")
                    elif verb == "DATA":
                        self.say("354 go on")
                        outer.got.append(self.letter())
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 fine")

            def letter(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line[1:] if line.startswith(b"..") else line)
                found = message_from_bytes(b"".join(lines), policy=policy.default)
                assert isinstance(found, EmailMessage)
                return found

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def address(self, login: str = "", to: str = "ana@example.com") -> str:
        return f"smtp://{login}127.0.0.1:{self.port}?security=none&from=deck@example.com&to={to}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
