"""A scripted model service on 127.0.0.1: it speaks the Messages API so that the real command line runs against it.

It keeps no conversation: a tag in the prompt names the part that is played, and the number of replies since then is
the step. So resumed sessions and sub-agents just work. No model answers and nothing is spent.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orchestrator_adapter.runners.demo.scenarios import NONE, TAG, Step, steps

Json = Mapping[str, Any]
Script = Callable[[str, str], Sequence[Step]]
"""Scenario and part to what is said."""

PIECES = 12
"""Into how many pieces a block is cut, so that its text comes in like that of a model."""
SECONDS = 1.1
"""How long a reply takes that says nothing else."""
FILLER = "No response requested."
INTERRUPTED = "interrupted by user"
"""What the command line notes in a conversation whose turn was ended."""
SUMMARISE = "followed by a <summary> block"
"""By these words the command line asks for what takes the place of a conversation that fills the window."""
_DONE = re.compile(r"\[\[replies:(\d+)\]\]")
_FOLDER = re.compile(r"[Ww]orking directory: ([^\n]+)")


def text_of(content: object) -> str:
    """The text blocks of a message; tool results do not count as such."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(b.get("text", "")) for b in blocks if b.get("type") == "text")


def tool_answer(message: Json) -> str:
    """Everything the tools answered in a message, as text."""
    blocks = message["content"] if isinstance(message["content"], list) else []
    answers = [b.get("content") for b in blocks if b.get("type") == "tool_result"]
    return "\n".join(a if isinstance(a, str) else text_of(a) for a in answers)


def locate(messages: Sequence[Json]) -> tuple[str, str, Sequence[Json]]:
    """Scenario, part and what was said so far: the newest tag, and the messages since that tag first came up.

    Since its first mention, not its last: a resumed agent is asked again and goes on where it was.
    """
    named = [(i, TAG.findall(text_of(m["content"]))) for i, m in enumerate(messages) if m["role"] == "user"]
    tagged = [(i, tags[-1]) for i, tags in named if tags]
    if not tagged:
        return NONE, "custom", messages
    newest = tagged[-1][1]
    begun = next(i for i, one in tagged if one == newest)
    return (*newest, messages[begun:])


def reached(script: Sequence[Step], messages: Sequence[Json]) -> int:
    """The step that comes next; a reply that was broken off, or its tool, is said again."""
    told = _DONE.findall(text_of(messages[0]["content"])) if messages else []
    number = min(int(told[-1]), len(script) - 1) if told else 0
    for at, message in enumerate(messages):
        if message["role"] != "assistant" or number == len(script) - 1:
            continue
        after = messages[at + 1] if at + 1 < len(messages) else {"content": ""}
        calls = isinstance(message["content"], list) and any(b.get("type") == "tool_use" for b in message["content"])
        stopped = INTERRUPTED in text_of(after["content"]) + tool_answer(after)
        number += not stopped and (calls or not script[number].get("tools"))
        while stopped and script[number].get("repeat"):  # whoever is interrupted in a circle leaves it
            number += 1
    return number


def chosen(step: Step, answer: str) -> Step:
    """The step, with what it says depending on what the tool before it answered."""
    for case in step.get("by_result", []):
        if case["when"] in answer:
            return {**step, **case}
    return step


def unstuck(step: Step, last: Json) -> Step:
    """A reply that got stuck is whole when it is said again, because a person has interrupted it."""
    return {**step, "stall": False} if step.get("stall") and INTERRUPTED in text_of(last["content"]) else step


def summary(scenario: str, part: str, number: int) -> Step:
    """What takes the place of a conversation: where it stood, so that the same part is played on."""
    where = f"[[scenario:{scenario}.{part}]] [[replies:{number}]]"
    said = f"Scripted summary: {number} replies of this part are given. {where}"
    return {"text": f"<analysis>\nNothing was analysed.\n</analysis>\n\n<summary>\n{said}\n</summary>"}


def filled(value: Any, folder: str) -> Any:
    """The value with {cwd} replaced in every text of it."""
    match value:
        case str():
            return value.replace("{cwd}", folder)
        case list():
            return [filled(v, folder) for v in value]
        case dict():
            return {k: filled(v, folder) for k, v in value.items()}
    return value


def folder_of(body: Json) -> str:
    """The working folder, as the command line names it in its prompt."""
    system = body.get("system")
    texts = [text_of(system), *(text_of(m["content"]) for m in body["messages"])]
    found = _FOLDER.search("\n".join(texts))
    return found.group(1).strip() if found else "."


def usage_of(body: Json, said: str, read_tokens: int | None = None) -> dict[str, Any]:
    """Usage in the proportions of the real service: about four characters a token, the prompt's head cached for
    an hour when it first comes, all but the newest messages read from the cache later; `read_tokens`: so much is said
    to have been read, whatever there was to read."""
    head = (len(json.dumps(body.get("system", ""))) + len(json.dumps(body.get("tools", [])))) // 4
    sizes = [len(json.dumps(m)) // 4 for m in body["messages"]]
    first = len(sizes) <= 2
    hour, five = (head, sum(sizes)) if first else (0, sum(sizes[-2:]))
    return {
        "input_tokens": 4,
        "cache_creation_input_tokens": hour + five,
        "cache_read_input_tokens": read_tokens or (0 if first else head + sum(sizes[:-2])),
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
        "output_tokens": max(1, len(said) // 4),
        "service_tier": "standard",
    }


def blocks_of(step: Step) -> list[dict[str, Any]]:
    """Content blocks: thinking, text, tool calls."""
    out: list[dict[str, Any]] = []
    if "thinking" in step:
        out.append({"type": "thinking", "thinking": step["thinking"], "signature": "c2NyaXB0ZWQ="})
    if "text" in step:
        out.append({"type": "text", "text": step["text"]})
    for tool in step.get("tools", []):
        out.append({"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex[:24]}", **tool})
    return out


_DELTAS = {
    "thinking": ("thinking", "thinking_delta", "thinking"),
    "text": ("text", "text_delta", "text"),
    "tool_use": ("input", "input_json_delta", "partial_json"),
}


def block_events(index: int, block: Json) -> Iterator[dict[str, Any]]:
    """The events in which one block comes in."""
    field, kind, piece = _DELTAS[block["type"]]
    whole = json.dumps(block[field]) if field == "input" else str(block[field])
    empty = {**block, field: {} if field == "input" else ""}
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    width = max(8, -(-len(whole) // PIECES))
    for at in range(0, len(whole), width):
        delta = {"type": kind, piece: whole[at : at + width]}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    if block["type"] == "thinking":
        delta = {"type": "signature_delta", "signature": block["signature"]}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


class Handler(BaseHTTPRequestHandler):
    """Answers POST /v1/messages."""

    protocol_version = "HTTP/1.1"
    server: ModelServer

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a person watches the agents, not this."""

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        self._json(404, _error("not_found_error", "The demo's model service has no such page."))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        if self.path.split("?")[0] != "/v1/messages":
            self._json(404, _error("not_found_error", "The demo's model service only knows /v1/messages."))
            return
        try:
            self._answer(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, body: Json) -> None:
        scenario, part, said = locate(body["messages"])
        script = self.server.script(scenario, part)
        number = reached(script, said)
        last = body["messages"][-1]
        step = unstuck(chosen(script[number], tool_answer(last)), last)
        if SUMMARISE in text_of(last["content"]):
            step = summary(scenario, part, number)
        refusal = step.get("error")
        if refusal and self.server.refuses((self._session(), scenario, part, number), refusal["times"]):
            self._json(refusal["status"], _error(refusal["type"], refusal["message"]))
            return
        blocks = filled(blocks_of(step), folder_of(body))
        usage = usage_of(body, json.dumps(blocks), step.get("read_tokens"))
        message = {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1},
        }
        stop = "tool_use" if step.get("tools") else "end_turn"
        if body.get("stream"):
            self._stream(step, message, blocks, stop, usage)
        else:
            self._json(200, {**message, "content": blocks, "stop_reason": stop, "usage": usage})

    def _session(self) -> str:
        return self.headers.get("x-claude-code-session-id", "")

    def _head(self, status: int, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("request-id", f"req_demo_{uuid.uuid4().hex[:20]}")
        if length is None:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(length))
        self.end_headers()

    def _json(self, status: int, content: Json) -> None:
        data = json.dumps(content).encode()
        self._head(status, "application/json", len(data))
        if self.command != "HEAD":
            self.wfile.write(data)

    def _event(self, event: Json) -> None:
        data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _stream(self, step: Step, message: Json, blocks: list[Json], stop: str, usage: Json) -> None:
        self._head(200, "text/event-stream; charset=utf-8", None)
        self._event({"type": "message_start", "message": message})
        events = [event for i, block in enumerate(blocks) for event in block_events(i, block)]
        pause_s = self.server.pace * step.get("seconds", SECONDS) / max(1, len(events))
        for number, event in enumerate(events):
            if step.get("stall") and number > len(events) // 2:
                self._hang()
            self._event(event)
            self.server.closing.wait(pause_s) if pause_s else None
        self._event({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage})
        self._event({"type": "message_stop"})
        self.wfile.write(b"0\r\n\r\n")

    def _hang(self) -> None:
        """Only pings from here on, until the other side goes away."""
        while not self.server.closing.wait(1):
            self._event({"type": "ping"})
        raise ConnectionResetError


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


class ModelServer(ThreadingHTTPServer):
    """The service on a free port of 127.0.0.1; `pace` 1 is made for watching, 0 does not wait at all."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, pace: float = 1.0, script: Script = steps) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pace = pace
        self.script = script
        self.closing = threading.Event()
        self._refused: Counter[tuple[str, str, str, int]] = Counter()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def refuses(self, place: tuple[str, str, str, int], times: int) -> bool:
        """Whether this request is among the first `times` at its place of its session."""
        with self._lock:
            self._refused[place] += 1
            return self._refused[place] <= times

    def start(self) -> ModelServer:
        threading.Thread(target=self.serve_forever, name="demo-model", daemon=True).start()
        return self

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
