"""Agents of the real claude-agent-sdk and its command line; the only place that knows the SDK."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast, get_args

import claude_agent_sdk
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    CLINotFoundError,
    HookMatcher,
    Message,
    PermissionMode,
    ProcessError,
    ResultError,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)
from claude_agent_sdk.types import HookCallback, SessionKey, SessionStore, SessionStoreEntry

from data.domain.agents import Role
from data.domain.errors import AgentFailed, FleetError, RuntimeUnavailable
from data.domain.events import Diagnostic, Event, MessageMetered
from orchestrator_adapter.runners import Job, Reply, ending, process, transcript
from orchestrator_adapter.runners.agent_log import AgentLog
from orchestrator_adapter.runners.command_line import available, found
from orchestrator_adapter.runners.gate import Calls, gate
from orchestrator_adapter.runners.inbox import Inbox, Note
from orchestrator_adapter.runners.login import LOGINS
from orchestrator_adapter.runners.thread import Emit, Run, to_the_end
from orchestrator_adapter.runners.translate import Plain, Translator, redacted

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 64 << 20
"""The SDK's own 1 MiB kills an agent that edits a larger file: a tool result carries the whole file."""
SWITCHES = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_ENABLE_BYTE_WATCHDOG": "1",
}
ALONE = {"CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1"}
"""One result a turn: without it a sub-agent's end starts another turn after the result."""
OURS = frozenset({"DATABASE_URL"})
"""Never handed on: an agent that runs a project's tests must not find our store in its environment."""
RUNS_COMMANDS = frozenset({Role.BUILDER, Role.TESTER})
NO_SESSION = "No conversation found"
PATIENCE_S = 48 * 3600
"""Longer than any question waits for a person: who asks is the one that gives up."""
INTERRUPT_S = 1.0
ANSWERS_S = 20.0
"""How long a turn that a person interrupts may take to end; it takes milliseconds."""
LEAVE_S = 2.0
"""How long an idle command line may take to write its last line and go."""

Hear = Callable[[Plain], None]


def plain(message: Message) -> dict[str, Any]:
    """A message of the SDK as a dict in the shape of the command line's own stream."""
    match message:
        case SystemMessage():
            return {**message.data, "type": "system", "subtype": message.subtype}
        case AssistantMessage() | UserMessage():
            kind = "assistant" if isinstance(message, AssistantMessage) else "user"
            fields = {k: v for k, v in vars(message).items() if k != "content"}
            blocks = message.content if isinstance(message.content, list) else [TextBlock(message.content)]
            return {"type": kind, **fields, "content": [_block(b) for b in blocks]}
        case ResultMessage():
            return {"type": "result", **asdict(message)}
        case claude_agent_sdk.StreamEvent():
            return {"type": "stream_event", "event": message.event, "parent_tool_use_id": message.parent_tool_use_id}
    return {"type": type(message).__name__, **vars(message)}


def _block(block: object) -> dict[str, Any]:
    names = {TextBlock: "text", ThinkingBlock: "thinking", ToolUseBlock: "tool_use", ToolResultBlock: "tool_result"}
    return {"type": names.get(type(block), type(block).__name__), **vars(block)}


class Mirror:
    """A session store that keeps nothing and hears every transcript line right after it was written.

    It is the only live source of exact usage.
    """

    def __init__(self, hear: Callable[[Plain, bool], None]) -> None:
        self._hear = hear

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        for entry in entries:
            self._hear(cast(Plain, entry), bool(key.get("subpath")))

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        return None  # the command line resumes from its own file


class Ear:
    """Hears everything an agent's client says, and passes it on: to the log files and, as events, to the consumer."""

    def __init__(self, job: Job, emit: Emit, secrets: tuple[str, ...] = (), totals: Plain | None = None) -> None:
        self.log = AgentLog(job)
        self.translator = Translator(job, secrets, totals)
        self._secrets = secrets
        self._emit = emit
        self._counted = job.counted
        self._calls = Calls()
        self._last_lines: deque[str] = deque(maxlen=5)

    def message(self, message: Plain) -> None:
        self.log.message(message)
        self._pass(self.translator.message(message))

    def line(self, line: Plain, subagent: bool) -> None:
        self._pass(self.translator.line(line, subagent=subagent))
        self._calls.heard(line)

    async def counted(self, tool_use_id: str) -> None:
        """Wait until the reply that calls this tool is counted, if the job wants that."""
        if self._counted is not None:
            await self._counted(lambda: self._calls.reply(tool_use_id))

    def tells(self, notes: Sequence[Note]) -> str:
        """What people have to say, as the text of the next turn; told once it stands in the session's transcript."""
        text = "\n\n".join(note.text for note in notes)
        self.log.prompt(text)
        self.translator.sent(text, notes[-1].id)
        return text

    def stderr(self, line: str) -> None:
        self._last_lines.append(redacted(line, self._secrets))
        self._emit(self.translator.stderr(line))

    def close(self) -> None:
        """After the last line."""
        self._pass(self.translator.broken_off())

    def _pass(self, events: Iterator[Event]) -> None:
        for event in events:
            self._emit(event)

    def failure(self, error: Exception) -> FleetError:
        """The error as a refusal, in the words of the command line where it had any."""
        if isinstance(error, FleetError):
            return error
        if isinstance(error, CLINotFoundError):
            return RuntimeUnavailable(str(error))
        result = error.data if isinstance(error, ResultError) else {}
        told = ending.answer_words(result) if result else str(error)
        words = dict.fromkeys([redacted(told, self._secrets), *self._last_lines])
        why = {name: result[name] for name in ending.WHY if result.get(name)}
        if not result and isinstance(error, ProcessError):
            why["exit_code"] = error.exit_code
        return AgentFailed("\n".join(words), error=type(error).__name__, **why)


async def converse(client: ClaudeSDKClient, job: Job, ear: Ear) -> Reply:
    """Send the prompt, hear everything until the answer, and give it; raises AgentFailed for a bad end.

    A message from a person interrupts the turn, or follows it if it has just ended; it begins the next one.
    """
    await client.query(job.said)
    messages = client.receive_messages()
    while True:
        result = await _turn(client, messages, job.inbox, ear)
        if not ending.good(result) and not ending.interrupted(result):
            return ending.answer(result)  # that raises; a message that waits is kept for the next try
        notes = job.inbox.take()
        if not notes:
            return ending.answer(result)
        await client.query(ear.tells(notes))


async def _turn(client: ClaudeSDKClient, messages: AsyncIterator[Message], inbox: Inbox, ear: Ear) -> Plain:
    """Hear one turn to its end; its result. There is exactly one, interrupted or not."""
    interrupting: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(None) as limit:
            async for message in messages:
                said = plain(message)
                ear.message(said)
                ending.refuse_bad_key(said)
                if said.get("subtype") == "init" and interrupting is None:  # before it there is nothing to interrupt
                    interrupting = asyncio.create_task(_interrupt_when_told(client, inbox, limit))
                if said["type"] == "result":
                    if inbox.waiting and interrupting is not None:  # what is on its way must not meet the next turn
                        await interrupting
                    return said
    except TimeoutError:
        words = f"The agent did not let itself be interrupted within {ANSWERS_S:.0f} s."
        raise AgentFailed(words, ended=True) from None
    finally:
        if interrupting is not None:
            interrupting.cancel()
    raise AgentFailed("The agent's process ended before it gave a result.", ended=True)


async def _interrupt_when_told(client: ClaudeSDKClient, inbox: Inbox, limit: asyncio.Timeout) -> None:
    """As soon as a person has a message, end the turn; it has to end within the limit then."""
    told = asyncio.Event()
    with inbox.waking(told):
        await told.wait()
    limit.reschedule(asyncio.get_running_loop().time() + ANSWERS_S)
    with contextlib.suppress(Exception):  # the SDK's boundary: a turn that does not end meets its limit
        await client.interrupt()


class ClaudeRunner:
    """Runs a job as one Claude agent in a process of its own."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        cli_path: str | None = None,
        max_retries: int = 4,
        pids: Path | None = None,
        unset: Collection[str] = (),
    ) -> None:
        """`pids`: where running agents are noted (`{home}/pids`); `unset`: variables of this process to keep back."""
        self._environment = dict(environment)
        self._cli_path = cli_path
        self._max_retries = max_retries
        self._pids = (pids or Path("var/pids")).resolve()
        self._unset = frozenset(unset)
        self._config = transcript.config({**os.environ, **self._environment})

    def run(self, job: Job) -> Run:
        return Run(lambda emit: self._resumed(job, emit))

    def replies(self, session_id: str, task_id: str, agent_id: str) -> list[MessageMetered]:
        return transcript.replies(self._config, session_id, task_id, agent_id)

    async def _resumed(self, job: Job, emit: Emit) -> Reply:
        """Continue the session; if it left no transcript behind, nothing was done in it, so begin anew."""
        try:
            return await self._work(job, emit)
        except AgentFailed as failed:
            if job.resume is None or NO_SESSION not in str(failed):
                raise
            words = f"{failed} The agent begins anew."
            emit(Diagnostic(task_id=job.task_id, agent_id=job.agent_id, words=words))
            return await self._work(replace(job, resume=None), emit)

    async def _work(self, job: Job, emit: Emit) -> Reply:
        cli = self._ready(job)
        ear = Ear(job, emit, self._secrets(), transcript.totals(self._config, job.resume))
        mark = process.new_mark(job.agent_id)
        client = ClaudeSDKClient(self._options(job, cli, mark, ear))
        note = process.note(self._pids, mark)
        calm, error = False, None
        try:
            await self._connect(client, mark)
            ear.translator.pid = await _pid(client)
            process.note(self._pids, mark, ear.translator.pid)
            reply = await converse(client, job, ear)
            calm = True
            return reply
        except Exception as caught:  # the SDK's boundary: its errors have no common class
            error = ear.failure(caught)
            calm = isinstance(caught, AgentFailed) and "subtype" in caught.details
            raise error from caught
        finally:
            await to_the_end(_leave(client, mark, ear.message, calm=calm))
            ear.close()
            note.unlink(missing_ok=True)
            ear.log.ended(None if calm and error is None else str(error or "stopped"))

    def _ready(self, job: Job) -> str:
        if why := available(self._cli_path):
            raise RuntimeUnavailable(why)
        if not job.working_directory.is_dir():
            raise AgentFailed(f"The working folder {job.working_directory} does not exist.")
        return str(found(self._cli_path))

    def _secrets(self) -> tuple[str, ...]:
        values = [self._environment.get(n) or os.environ.get(n) or "" for n in LOGINS]
        return tuple(v for v in values if len(v) >= 8)

    def _options(self, job: Job, cli: str, mark: str, ear: Ear) -> ClaudeAgentOptions:
        kept = {n for n in os.environ if n in self._unset or n in OURS or n.startswith("QUARTERDECK_")}
        launcher = process.launcher(self._pids, cli, kept - self._environment.keys())
        retries = {"CLAUDE_CODE_MAX_RETRIES": str(self._max_retries)}
        mode = job.permission_mode if job.permission_mode in get_args(PermissionMode) else "default"
        asks = HookMatcher(hooks=[cast(HookCallback, gate(job, ear.counted))], timeout=PATIENCE_S, on_failure="block")
        return ClaudeAgentOptions(
            cwd=job.working_directory,
            env={**SWITCHES, **retries, **self._environment, **ALONE, process.MARK: mark},
            cli_path=launcher,
            model=job.model,
            system_prompt={"type": "preset", "preset": "claude_code", "append": job.system_prompt},
            permission_mode=cast(PermissionMode, mode),
            allowed_tools=["Bash"] if job.role in RUNS_COMMANDS else [],
            resume=job.resume,
            max_budget_usd=job.max_budget_usd,
            max_buffer_size=MAX_LINE_BYTES,
            include_partial_messages=True,
            forward_subagent_text=True,
            session_store=cast(SessionStore, Mirror(ear.line)),
            session_store_flush="eager",
            setting_sources=[],
            verbatim_prompts=True,
            hooks={"PreToolUse": [asks]},
            stderr=ear.stderr,
        )

    async def _connect(self, client: ClaudeSDKClient, mark: str) -> None:
        """Start the process; if cancelled meanwhile, end it by its mark: closing it politely takes 5 s and more."""
        starting = asyncio.create_task(client.connect())
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.cancel()
            while not starting.done():
                await process.end(mark, None)
                await asyncio.wait({starting}, timeout=0.05)
            with contextlib.suppress(BaseException):  # only to say that the outcome was looked at
                starting.result()
            raise


async def _pid(client: ClaudeSDKClient) -> int | None:
    pid = (await client.get_server_info() or {}).get("pid")
    return pid if isinstance(pid, int) else None


async def _leave(client: ClaudeSDKClient, mark: str, hear: Hear, *, calm: bool) -> None:
    """End the process and all of its tools; not calm: it is busy, so interrupt it first and then insist."""
    pid: int | None = None
    with contextlib.suppress(claude_agent_sdk.ClaudeSDKError):
        pid = await _pid(client)
    noted = await asyncio.to_thread(process.kin, mark, pid)
    if not calm and pid is not None:
        await _interrupt(client, hear)
    leaving = asyncio.create_task(client.disconnect())
    await asyncio.wait({leaving}, timeout=LEAVE_S if calm else 0)
    await process.end(mark, pid, noted)
    try:
        await leaving
    except Exception:  # the SDK's boundary: the process is gone, whatever its client thinks of that
        log.warning("An agent's client did not close cleanly.", exc_info=True)


async def _interrupt(client: ClaudeSDKClient, hear: Hear) -> None:
    """Ask the turn to end, so that transcript and money are whole; no answer within a second is an answer too."""
    try:
        async with asyncio.timeout(INTERRUPT_S):
            await client.interrupt()
            async for message in client.receive_messages():
                hear(plain(message))
                if isinstance(message, ResultMessage):
                    return
    except Exception as error:  # the SDK's boundary: signals follow in any case
        log.info("An agent did not answer the interrupt: %s", error)
