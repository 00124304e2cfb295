"""Makes trees of transcripts as Claude Code writes them, with what a reader should find in them.

Each tree has the traps on which readers differ: a line for each block of a reply with the whole usage on each, forked
sessions whose lines stand in two files, files of sub-agents, errors without a model, running totals that hold the cost
of everything before, and torn last lines. `hard` adds partial figures on early lines, cache writes of an hour, and
models that few price lists know.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

VERSION = "2.1.330"
KNOWN = ("claude-opus-4-8", "claude-opus-4-6", "claude-sonnet-4-6", "claude-sonnet-5", "claude-haiku-4-5-20251001")
NEW = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
SUBAGENT_MODEL = "claude-haiku-4-5-20251001"
COUNTED = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
_WORDS = (
    "the agent reads file test fails because value index loop config path error return class",
    "import module session token cost budget review change patch build result line\n",
)
Line = dict[str, Any]
Cells = dict[tuple[str, str], Counter[str]]
"""Tokens by kind and replies, by day and model."""


@dataclass
class Tree:
    """What was made."""

    folder: Path
    size: int = 0
    files: int = 0
    cells: Cells = field(default_factory=lambda: defaultdict(Counter))


class _Text:
    """Random names and texts, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        words = " ".join(_WORDS).split(" ")
        self._pool = " ".join(self.random.choice(words) for _ in range(60_000))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def hash(self) -> str:
        return f"{self.random.getrandbits(256):064x}"

    def text(self, length: int) -> str:
        at = self.random.randrange(max(1, len(self._pool) - length))
        return self._pool[at : at + length]


class _Session:
    """One conversation as lines."""

    def __init__(self, made: _Text, tree: Tree, slug: str, model: str, begun: datetime, *, hard: bool) -> None:
        self.made, self.tree, self.slug, self.model, self.now, self.hard = made, tree, slug, model, begun, hard
        self.id, self.agent = made.uuid(), ""
        self.lines: list[Line] = []
        self._parent: str | None = None
        self._context = 12_000

    def under(self, model: str) -> _Session:
        """A sub-agent of this session."""
        sub = _Session(self.made, self.tree, self.slug, model, self.now, hard=self.hard)
        sub.id, sub.agent = self.id, "a" + self.made.hash()[:16]
        return sub

    def _tick(self) -> str:
        self.now += timedelta(seconds=self.made.random.uniform(0.2, 6.0))
        return f"{self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03d}Z"

    def _node(self, body: Line) -> Line:
        """A line in the chain of those that say something."""
        about = {"userType": "external", "entrypoint": "sdk-py", "cwd": "/srv/" + self.slug.strip("-")}
        about |= {"sessionId": self.id, "version": VERSION, "gitBranch": "main"}
        name = self.made.uuid()
        chain = {"parentUuid": self._parent, "isSidechain": bool(self.agent)}
        line = chain | body | {"uuid": name, "timestamp": self._tick()} | about
        self._parent = name
        self.lines.append(line | ({"agentId": self.agent} if self.agent else {}))
        return self.lines[-1]

    def open(self, length: int) -> None:
        made, prompt = self.made, self.made.text(length)
        self._node({"promptId": made.uuid(), "type": "user", "message": {"role": "user", "content": prompt}})
        shown = [{"content": made.text(1200)}]
        self._node({"attachment": {"type": "environment"}, "type": "attachment", "rendered": shown})
        tools = [{"name": f"Tool{n}", "description": made.text(1500)} for n in range(3 if self.agent else 24)]
        shape = {"type": "api-request-shape", "sessionId": self.id, "shapeHash": made.hash()}
        self.lines.append(shape | {"timestamp": self._tick(), "version": VERSION, "shape": {"tools": tools}})

    def turn(self, *, last: bool) -> None:
        made = self.made
        request = {"type": "api-request", "sessionId": self.id, "id": made.uuid(), "timestamp": self._tick()}
        self.lines.append(request | {"params": {"model": self.model}, "tail": [made.hash() for _ in range(6)]})
        if made.random.random() < 0.01:
            self._error()
            return
        reply = {"id": "msg_" + made.hash()[:24], "type": "message", "role": "assistant", "model": self.model}
        asked, usage, blocks = "req_" + made.hash()[:24], self._usage(), self._blocks(last=last)
        early = self.hard and len(blocks) > 1 and made.random.random() < 0.3
        for number, block in enumerate(blocks):
            partial = early and number < len(blocks) - 1
            shown = usage | {"output_tokens": 1} if partial else usage
            message = reply | {"content": [block], "stop_reason": "end_turn" if last else "tool_use", "usage": shown}
            line = {"message": message, "apiBlockIndex": number, "requestId": asked, "type": "assistant"}
            said = self._node(line)
        self._count(str(said["timestamp"])[:10], usage)
        for block in blocks:
            if block["type"] == "tool_use":
                self._answer(block["id"], said["uuid"])

    def _error(self) -> None:
        nothing = dict.fromkeys(COUNTED, 0)
        message = {"id": self.made.uuid(), "model": "<synthetic>", "role": "assistant", "usage": nothing}
        message |= {"content": [{"type": "text", "text": "API Error: 529 overloaded"}]}
        self._node({"message": message, "type": "assistant", "isApiErrorMessage": True})

    def _usage(self) -> Line:
        choose = self.made.random
        fresh = self._context == 12_000
        write = 12_000 if fresh else choose.randint(80, 6000)
        hour = write if self.hard and choose.random() < 0.2 else 0
        usage = {"input_tokens": choose.randint(1, 12), "cache_creation_input_tokens": write}
        usage |= {"cache_read_input_tokens": 0 if fresh else self._context, "output_tokens": choose.randint(20, 1800)}
        split = {"ephemeral_1h_input_tokens": hour, "ephemeral_5m_input_tokens": write - hour}
        self._context = min(self._context + write, 180_000)
        more = {"service_tier": "standard", "iterations": [], "speed": "standard", "inference_geo": ""}
        return usage | {"cache_creation": split} | more

    def _blocks(self, *, last: bool) -> list[Line]:
        made, choose = self.made, self.made.random
        blocks: list[Line] = []
        if choose.random() < 0.5:
            thought = made.text(choose.randint(80, 900))
            blocks.append({"type": "thinking", "thinking": thought, "signature": made.hash() * 4})
        if last or choose.random() < 0.5:
            blocks.append({"type": "text", "text": made.text(choose.randint(40, 1500))})
        for _ in range(0 if last else 1 if choose.random() < 0.85 else 2):
            call = {"type": "tool_use", "id": "toolu_" + made.hash()[:24], "name": choose.choice(("Bash", "Grep"))}
            blocks.append(call | {"input": {"command": made.text(choose.randint(20, 400))}})
        return blocks

    def _answer(self, call: str, uuid_of_call: str) -> None:
        body = self.made.text(int(min(60_000, self.made.random.lognormvariate(7.3, 1.3))))
        result = {"tool_use_id": call, "type": "tool_result", "content": body}
        line = {"type": "user", "message": {"role": "user", "content": [result]}}
        self._node(line | {"toolUseResult": {"stdout": body, "stderr": ""}, "sourceToolAssistantUUID": uuid_of_call})

    def _count(self, day: str, usage: Line) -> None:
        cell = self.tree.cells[day, self.model]
        cell.update({name: usage[name] for name in COUNTED})
        cell["replies"] += 1


def make(folder: Path, size: float, seed: int = 1, *, days: int = 60, hard: bool = False) -> Tree:
    """Write a tree of about so many bytes into `folder`, which is made."""
    tree, made = Tree(folder), _Text(seed)
    while tree.size < size:
        _session(tree, made, days, hard=hard)
    return tree


def _session(tree: Tree, made: _Text, days: int, *, hard: bool) -> None:
    choose = made.random
    slug, model = f"-home-dev-project-{choose.randrange(12):02d}", choose.choice(KNOWN + (NEW if hard else ()))
    day = min(int(choose.triangular(0, days, days)), days - 1)
    session = _Session(made, tree, slug, model, _BEGIN + timedelta(days=day, hours=choose.uniform(0, 20)), hard=hard)
    session.open(choose.randint(40, 1200))
    where = tree.folder / "projects" / slug
    turns = max(2, int(choose.lognormvariate(3.0, 0.8)))
    cut = choose.randrange(len(session.lines) + 1, 400) if choose.random() < 0.08 else None
    for number in range(turns):
        session.turn(last=number == turns - 1)
        if choose.random() < 0.02:
            _subagent(tree, session, where)
    session.lines.append({"type": "cost-state", "sessionId": session.id, "totalCostUSD": 0.5})
    _write(tree, where / f"{session.id}.jsonl", session.lines, torn=choose.random() < 0.03)
    if cut is not None:  # a fork repeats the first lines under a new id
        fork, said = made.uuid(), ("user", "assistant", "attachment")
        copied = [line | {"sessionId": fork} for line in session.lines[:cut] if line["type"] in said]
        _write(tree, where / f"{fork}.jsonl", copied)


def _subagent(tree: Tree, session: _Session, where: Path) -> None:
    choose = session.made.random
    sub = session.under(choose.choice((session.model, SUBAGENT_MODEL)))
    sub.open(300)
    turns = choose.randint(2, 15)
    for number in range(turns):
        sub.turn(last=number == turns - 1)
    path = where / session.id / "subagents" / f"agent-{sub.agent}.jsonl"
    _write(tree, path, sub.lines)
    path.with_suffix(".meta.json").write_text(json.dumps({"agentType": "general-purpose", "spawnDepth": 1}))


def _write(tree: Tree, path: Path, lines: Iterable[Line], *, torn: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    if torn:  # a process that was killed while it wrote
        text += '{"parentUuid":"torn","isSidechain":false,"message":{"id":"msg_torn","usage":{"input_to'
    path.write_bytes(text.encode())
    tree.size += len(text.encode())
    tree.files += 1
