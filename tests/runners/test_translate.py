"""Messages and transcript lines of recorded shape become the right events, once each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.domain.agents import FileChange, Role
from data.domain.events import (
    Activity,
    AnyEvent,
    ContextCompacted,
    Diagnostic,
    FileTouched,
    MessageMetered,
    Prompted,
    RetryScheduled,
    Said,
    SessionStarted,
    SubagentMoved,
    ToolCalled,
    ToolRefused,
    ToolReturned,
    TotalReported,
)
from data.domain.money import Tokens
from data.domain.prices import book
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.metering import tokens_of
from orchestrator_adapter.runners.translate import Translator, answer_text, redacted

MODEL = "claude-sonnet-5-5"
USAGE = {
    "input_tokens": 4,
    "cache_creation_input_tokens": 12005,
    "cache_read_input_tokens": 300,
    "output_tokens": 43,
    "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
    "cache_creation": {"ephemeral_1h_input_tokens": 2000, "ephemeral_5m_input_tokens": 10005},
    "inference_geo": "",
    "speed": "standard",
}


@pytest.fixture
def blobs() -> list[bytes]:
    return []


@pytest.fixture
def job(tmp_path, blobs) -> Job:
    def keep(content: bytes) -> str:
        blobs.append(content)
        return f"blob-{len(blobs)}"

    return Job("t1", "a1", "builder", Role.BUILDER, "Do it", "", tmp_path, tmp_path / "log", keep=keep)


@pytest.fixture
def translator(job) -> Translator:
    return Translator(job)


def line(message_id="msg_1", request="req_1", usage=USAGE, model=MODEL) -> dict:
    message = {"id": message_id, "role": "assistant", "model": model, "content": [], "usage": usage}
    return {"type": "assistant", "uuid": "u1", "requestId": request, "message": message}


def assistant(*blocks, parent=None, model=MODEL) -> dict:
    return {
        "type": "assistant",
        "content": list(blocks),
        "model": model,
        "message_id": "msg_1",
        "parent_tool_use_id": parent,
    }


def call(tool: str, parent: str | None = None, **given) -> dict:
    return assistant({"type": "tool_use", "id": "toolu_1", "name": tool, "input": given}, parent=parent)


def returned(content="ok", detail=None, is_error=None) -> dict:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, "is_error": is_error}
    return {"type": "user", "content": [block], "tool_use_result": detail, "parent_tool_use_id": None}


def events(translator: Translator, *messages: dict, kind=None) -> list:
    found = [e for message in messages for e in translator.message(message)]
    return [e for e in found if kind is None or isinstance(e, kind)]


def test_the_session_starts_once_although_init_comes_again(translator):
    init = {"type": "system", "subtype": "init", "session_id": "s1", "model": MODEL}
    translator.pid = 42
    started = events(translator, init, init, kind=SessionStarted)
    assert [(e.session_id, e.model, e.pid) for e in started] == [("s1", MODEL, 42)]


def test_a_reply_is_metered_once_however_many_lines_it_has(translator):
    found = [e for _ in range(3) for e in translator.line(line())]
    (metered,) = found
    tokens = Tokens(input=4, output=43, cache_read=300, cache_write_5m=10005, cache_write_1h=2000)
    assert (metered.message_id, metered.request_id, metered.tokens) == ("msg_1", "req_1", tokens)
    # $2 in, $10 out, $0.10 read, $2.50 and $4 writes a million
    assert metered.cost_nanousd == 4 * 2000 + 43 * 10_000 + 300 * 100 + 10005 * 2500 + 2000 * 4000
    assert metered.context_window == book().context_window(MODEL)
    assert not metered.subagent


def test_a_larger_copy_of_a_reply_is_told_again(translator):
    small = list(translator.line(line(usage={**USAGE, "output_tokens": 1})))
    large = list(translator.line(line()))
    assert [e.tokens.output for e in small + large] == [1, 43]
    assert list(translator.line(line(usage={**USAGE, "output_tokens": 2}))) == []


def test_the_same_message_of_another_request_counts_again(translator):
    assert len([*translator.line(line()), *translator.line(line(request="req_2"))]) == 2


def test_subagents_are_marked_and_synthetic_texts_are_not_metered(translator):
    (metered,) = translator.line(line(), subagent=True)
    assert metered.subagent
    assert list(translator.line(line("msg_2", model="<synthetic>"))) == []
    assert list(translator.line({"type": "user", "message": {"content": "hi"}})) == []


def test_a_reply_that_never_came_to_a_line_is_metered_at_the_end(translator):
    def start(message_id: str) -> dict:
        begun = {"type": "message_start", "message": {"id": message_id, "model": MODEL, "usage": USAGE}}
        return {"type": "stream_event", "event": begun, "parent_tool_use_id": None}

    events(translator, start("msg_1"), start("msg_2"))
    assert [e.message_id for e in translator.line(line("msg_1"))] == ["msg_1"]
    assert [(e.message_id, e.request_id) for e in translator.broken_off()] == [("msg_2", "")]
    assert list(translator.broken_off()) == []


def streamed(event: dict) -> dict:
    return {"type": "stream_event", "event": event, "parent_tool_use_id": None}


def test_a_reply_that_is_cut_off_counts_with_the_best_figure_that_came(translator):
    """Its line has one output token, like its start; the stream may have come further."""
    cut = {**USAGE, "output_tokens": 1}
    for message_id in ("msg_1", "msg_2"):
        begun = {"type": "message_start", "message": {"id": message_id, "model": MODEL, "usage": cut}}
        events(translator, streamed(begun), streamed({"type": "message_delta", "usage": {"output_tokens": 21}}))
    (with_a_line,) = translator.line(line("msg_1", usage=cut))
    (without,) = translator.broken_off()
    for metered in (with_a_line, without):
        assert metered.tokens == replace(tokens_of(USAGE), output=21)
    events(translator, streamed({"type": "message_delta", "usage": {"output_tokens": 99}}))
    assert list(translator.broken_off()) == [], "the end of a reply that nobody knows of is nothing"


def test_an_unknown_model_is_unpriced_not_free(translator):
    (metered,) = translator.line(line(model="model-of-tomorrow"))
    assert isinstance(metered, MessageMetered)
    assert metered.cost_nanousd is None


def test_cache_writes_without_a_split_are_five_minute_ones():
    assert tokens_of({"cache_creation_input_tokens": 70}) == Tokens(cache_write_5m=70)
    assert tokens_of({"input_tokens": None, "cache_creation": None}) == Tokens()


def test_what_is_said_goes_to_a_blob(translator, blobs):
    thinking, text = {"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Grüße"}
    said = events(translator, assistant(thinking, text), kind=Said)
    assert [(e.block, e.chars, e.blob) for e in said] == [("thinking", 3, "blob-1"), ("text", 5, "blob-2")]
    assert blobs == [b"Hm.", "Grüße".encode()]


def test_live_activity_comes_from_the_start_of_a_block(translator):
    start = {"type": "content_block_start", "content_block": {"type": "text"}}
    event = {"type": "stream_event", "event": start, "parent_tool_use_id": None}
    assert [e.words for e in events(translator, event, event, kind=Activity)] == ["writing the answer"]


def test_half_a_surrogate_pair_does_no_harm(translator, blobs):
    found = events(translator, assistant({"type": "text", "text": "\ud800"}), call("Bash", command="echo \udfff"))
    for event in found:
        AnyEvent.validate_json(event.model_dump_json())
    assert blobs[0] == b"?"


def test_a_tool_call_and_its_answer(translator, job):
    called, doing = events(translator, call("Bash", command="pytest -q"))
    assert isinstance(called, ToolCalled)
    assert isinstance(doing, Activity)
    assert (called.tool, called.words, doing.words) == ("Bash", "running: pytest -q", "running: pytest -q")
    answer = events(translator, returned("1 passed\n" * 100), kind=ToolReturned)[0]
    assert (answer.tool, answer.is_error, len(answer.preview)) == ("Bash", False, 200)


def test_a_subagents_call_is_marked(translator):
    (called,) = events(translator, call("Read", parent="toolu_0", file_path="/x"), kind=ToolCalled)
    assert called.subagent


def test_a_read_file(translator, job):
    path = str(job.working_directory / "calc.py")
    detail = {"type": "text", "file": {"filePath": path, "content": "x"}}
    (touched,) = events(translator, call("Read", file_path=path), returned(detail=detail), kind=FileTouched)
    assert (touched.path, touched.change) == ("calc.py", FileChange.READ)


def test_a_new_file_and_an_overwritten_one(translator, job):
    path = str(job.working_directory / "notes.txt")
    new = {"type": "create", "filePath": path, "content": "a\nb\n", "structuredPatch": [], "originalFile": None}
    (touched,) = events(translator, call("Write", file_path=path), returned(detail=new), kind=FileTouched)
    assert (touched.change, touched.added, touched.removed) == (FileChange.CREATED, 2, 0)
    patch = [{"lines": [" a", "-b", "+c", "+d"]}]
    over = {
        "type": "update",
        "filePath": path,
        "content": "a\nc\nd\n",
        "structuredPatch": patch,
        "originalFile": "a\nb\n",
    }
    (touched,) = events(translator, call("Write", file_path=path), returned(detail=over), kind=FileTouched)
    assert (touched.change, touched.added, touched.removed) == (FileChange.MODIFIED, 2, 1)


def test_an_edited_file(translator, job):
    path = str(job.working_directory / "src" / "app.py")
    patch = [{"lines": ["-x", "+y"]}]
    detail = {"filePath": path, "oldString": "x", "newString": "y", "originalFile": "x", "structuredPatch": patch}
    edit = call("Edit", file_path=path, old_string="x", new_string="y")
    (touched,) = events(translator, edit, returned(detail=detail), kind=FileTouched)
    assert (touched.path, touched.change, touched.added, touched.removed) == ("src/app.py", FileChange.MODIFIED, 1, 1)


def test_a_file_outside_keeps_its_whole_path(translator):
    detail = {"type": "create", "filePath": "/elsewhere/x", "content": "", "originalFile": None}
    (touched,) = events(translator, call("Write", file_path="/elsewhere/x"), returned(detail=detail), kind=FileTouched)
    assert touched.path == "/elsewhere/x"


def test_a_failed_tool_touches_nothing(translator, job):
    path = str(job.working_directory / "notes.txt")
    failed = returned("Error: no", detail="Error: no", is_error=True)
    assert events(translator, call("Write", file_path=path), failed, kind=FileTouched) == []


def test_a_removed_file(translator, job):
    (job.working_directory / "old.txt").write_text("x")
    list(translator.message(call("Bash", command="cd . && rm -f old.txt missing.txt")))
    (job.working_directory / "old.txt").unlink()
    (touched,) = events(translator, returned(""), kind=FileTouched)
    assert (touched.path, touched.change) == ("old.txt", FileChange.DELETED)


def test_a_retry_says_when(translator):
    retry = {
        "type": "system",
        "subtype": "api_retry",
        "attempt": 2,
        "max_retries": 4,
        "retry_delay_ms": 1195,
        "error_status": 529,
        "error": "overloaded",
    }
    scheduled, doing = events(translator, retry)
    assert isinstance(scheduled, RetryScheduled)
    assert (scheduled.attempt, scheduled.max_retries, scheduled.delay_ms, scheduled.status) == (2, 4, 1195, 529)
    assert doing.words == "waiting to try again (529)"


def test_a_refusal_is_told_once(translator):
    live = {
        "type": "system",
        "subtype": "permission_denied",
        "tool_name": "Write",
        "tool_use_id": "toolu_1",
        "message": "Claude requested permissions to write to /x, but you haven't granted it yet.",
    }
    denials = [{"tool_name": "Write", "tool_use_id": "toolu_1", "tool_input": {"file_path": "/x"}}]
    more = [*denials, {"tool_name": "Bash", "tool_use_id": "toolu_2", "tool_input": {"command": "reboot"}}]
    found = events(translator, live, {"type": "result", "permission_denials": more}, kind=ToolRefused)
    assert [(e.tool, e.tool_use_id) for e in found] == [("Write", "toolu_1"), ("Bash", "toolu_2")]
    assert "granted" in found[0].words


def test_subagents_come_and_go_once(translator):
    task = {"type": "system", "task_id": "x1", "session_id": "s"}
    found = events(
        translator,
        {**task, "subtype": "task_started", "description": "count", "task_type": "local_agent"},
        {**task, "subtype": "task_updated", "patch": {"status": "completed"}},
        {**task, "subtype": "task_notification", "status": "completed", "summary": "5"},
        {**task, "subtype": "task_notification", "task_id": "a shell", "status": "completed"},
        kind=SubagentMoved,
    )
    assert [(e.subagent_id, e.to) for e in found] == [("x1", "started"), ("x1", "completed")]


def test_the_reported_total_is_in_nanodollars(translator):
    (total,) = events(translator, {"type": "result", "session_id": "s1", "total_cost_usd": 0.0385207})
    assert isinstance(total, TotalReported)
    assert (total.session_id, total.total_nanousd) == ("s1", 38_520_700)


def test_texts_of_the_command_line_are_diagnostics(translator):
    error = assistant({"type": "text", "text": "API Error: 500"}, model="<synthetic>")
    (found,) = events(translator, error)
    assert isinstance(found, Diagnostic)


def test_keys_are_redacted(job):
    secret = Translator(job, secrets=("hunter2hunter2",))
    shown = secret.stderr("key sk-ant-api03-abc_DEF and hunter2hunter2, Authorization: Bearer xyz").words
    assert shown == "key [redacted] and [redacted], Authorization: [redacted]"
    assert redacted("http://user:pw@host/") == "http://[redacted]@host/"


def test_answers_of_tools_as_text():
    assert answer_text([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]) == "a\nb"
    assert answer_text(None) == ""
    assert answer_text([{"type": "image"}]) == '[{"type": "image"}]'


def test_messages_of_a_newer_command_line_are_no_trouble(translator, job):
    odd = [{"type": "system", "subtype": "new"}, {"type": "new"}, assistant({"type": "new"}), {"type": "user"}]
    assert events(translator, *odd) == []
    there = Translator(replace(job, working_directory=Path("/")))
    assert events(there, call("Read", file_path="/a/b"), returned(), kind=FileTouched)[0].path == "a/b"


def test_what_the_agent_was_sent_is_told_once_its_session_has_begun(translator, blobs):
    init = {"type": "system", "subtype": "init", "session_id": "s1", "model": MODEL}
    started, prompted, _ = translator.message(init)
    assert isinstance(started, SessionStarted)
    assert (type(prompted), prompted.chars, blobs) == (Prompted, 5, [b"Do it"])
    assert not any(isinstance(event, Prompted) for event in translator.message(init)), "each turn begins with an init"


def test_what_a_subagent_says_and_calls_names_the_call_that_started_it(translator):
    blocks = {"type": "text", "text": "hm"}, {"type": "tool_use", "id": "c2", "name": "Bash", "input": {}}
    found = list(translator.message(assistant(*blocks, parent="c1")))
    said = next(event for event in found if isinstance(event, Said))
    called = next(event for event in found if isinstance(event, ToolCalled))
    assert (said.parent, called.parent, called.message_id, called.subagent) == ("c1", "c1", "msg_1", True)


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({"trigger": "auto", "pre_tokens": 155_000, "post_tokens": 9_000}, ("auto", 155_000, 9_000)),
        ({"trigger": "manual", "pre_tokens": "many"}, ("manual", None, None)),
        (None, ("auto", None, None)),
    ],
)
def test_a_compaction_is_told_with_its_sizes(translator, detail: object, told: tuple[object, ...]):
    (event,) = translator.message({"type": "system", "subtype": "compact_boundary", "compact_metadata": detail})
    assert isinstance(event, ContextCompacted)
    assert (event.trigger, event.before_tokens, event.after_tokens) == told
