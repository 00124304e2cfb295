"""The SDK over a transport in memory: agents without a process, for tests of everything above."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, Transport
from claude_agent_sdk.types import SessionStore

from data.domain.money import Tokens
from orchestrator_adapter.runners import Job, Reply
from orchestrator_adapter.runners.claude import Ear, Mirror, converse
from orchestrator_adapter.runners.thread import Emit, Run

MODEL = "claude-sonnet-5-5"
CONFIG = "/nonexistent/scripted"
"""Where transcripts would lie; nothing is read or written there."""

Turn = tuple[str, Tokens]
TWO_TURNS: tuple[Turn, ...] = (
    ("I look at what is asked.", Tokens(input=12, output=180, cache_write_5m=9_000, cache_write_1h=3_000)),
    ("## Summary\nScripted agent: all done.", Tokens(input=8, output=240, cache_read=12_000, cache_write_5m=400)),
)


class ScriptedRunner:
    """Says its script, one model reply a turn; the last one is the answer."""

    def __init__(
        self,
        script: Sequence[Turn] = TWO_TURNS,
        *,
        fail_with: Exception | None = None,
        hold: asyncio.Event | threading.Event | None = None,
        model: str = MODEL,
    ) -> None:
        """`hold`: set by the test to let the agent end; `fail_with`: raised after the script instead of an answer."""
        self._script = tuple(script)
        self._fail_with = fail_with
        self._hold = hold
        self._model = model

    def run(self, job: Job) -> Run:
        return Run(lambda emit: self._work(job, emit))

    async def _work(self, job: Job, emit: Emit) -> Reply:
        ear = Ear(job, emit)
        transport = _Memory(self._script, job, job.model or self._model, self._hold)
        options = ClaudeAgentOptions(
            cwd=job.working_directory,
            env={"CLAUDE_CONFIG_DIR": CONFIG},
            session_store=cast(SessionStore, Mirror(ear.line)),
            session_store_flush="eager",
        )
        client = ClaudeSDKClient(options, transport=transport)
        error: Exception | None = None
        try:
            await client.connect()
            reply = await converse(client, job, ear)
            if self._fail_with is not None:
                raise self._fail_with
            return reply
        except Exception as caught:  # the same boundary as that of the real runner
            error = ear.failure(caught)
            raise error from caught
        finally:
            await client.disconnect()
            ear.log.ended(str(error) if error else None)


class _Memory(Transport):
    """Plays the command line: answers control requests, and a prompt with the script."""

    def __init__(
        self, script: Sequence[Turn], job: Job, model: str, hold: asyncio.Event | threading.Event | None
    ) -> None:
        self._script = script
        self._job = job
        self._model = model
        self._hold = hold
        self._out: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._turn: asyncio.Task[None] | None = None
        self._session = job.resume or f"scripted-{job.agent_id}"
        self._ids = (f"{job.agent_id}-{n}" for n in itertools.count(1))

    async def connect(self) -> None:
        pass

    async def write(self, data: str) -> None:
        for message in map(json.loads, data.splitlines()):
            if message["type"] == "control_request":
                done = {"subtype": "success", "request_id": message["request_id"], "response": {}}
                self._out.put_nowait({"type": "control_response", "response": done})
                if message["request"].get("subtype") == "interrupt":
                    self._interrupt()
            elif message["type"] == "user":
                self._turn = asyncio.create_task(self._play(message))

    def _interrupt(self) -> None:
        """The turn ends where it is, with a result like any other; between turns there is nothing to end."""
        if self._turn is not None and self._turn.cancel():
            end = {"subtype": "error_during_execution", "is_error": True, "terminal_reason": "aborted_streaming"}
            self._out.put_nowait({**self._result(), **end})

    async def _play(self, asked: dict[str, Any]) -> None:
        self._out.put_nowait({"type": "system", "subtype": "init", "session_id": self._session, "model": self._model})
        self._out.put_nowait(self._line(asked))
        for number, (text, tokens) in enumerate(self._script, 1):
            if number == len(self._script):
                await self._held()
            for message in self._reply(text, tokens):
                self._out.put_nowait(message)
        self._out.put_nowait(self._result())

    async def _held(self) -> None:
        """Looks at the flag only: the event may belong to another loop or to a thread."""
        while self._hold is not None and not self._hold.is_set():
            await asyncio.sleep(0.005)

    def _reply(self, text: str, tokens: Tokens) -> list[dict[str, Any]]:
        key = next(self._ids)
        message = {
            "id": f"msg-{key}",
            "role": "assistant",
            "model": self._model,
            "content": [{"type": "text", "text": text}],
            "usage": _usage(tokens),
        }
        line = {"type": "assistant", "uuid": key, "requestId": f"req-{key}", "message": message}
        return [{"type": "assistant", "session_id": self._session, "message": message}, self._line(line)]

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        """A line of the transcript, as the command line tells of it."""
        path = f"{CONFIG}/projects/scripted/{self._session}.jsonl"
        return {"type": "transcript_mirror", "filePath": path, "entries": [line]}

    def _result(self) -> dict[str, Any]:
        return {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "duration_ms": 1,
            "duration_api_ms": 1,
            "num_turns": len(self._script),
            "session_id": self._session,
            "result": self._script[-1][0] if self._script else "",
            "terminal_reason": "completed",
        }

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        while (message := await self._out.get()) is not None:
            yield message

    def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        return self._read()

    async def close(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        self._out.put_nowait(None)

    def is_ready(self) -> bool:
        return True

    async def end_input(self) -> None:
        pass


def _usage(tokens: Tokens) -> dict[str, Any]:
    split = {
        "ephemeral_5m_input_tokens": tokens.cache_write_5m,
        "ephemeral_1h_input_tokens": tokens.cache_write_1h,
    }
    return {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write_5m + tokens.cache_write_1h,
        "cache_creation": split,
    }
