"""Conversations grow from our log and from transcripts, whatever stands in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from data.domain import conversation_events, conversation_lines
from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange
from data.domain.approvals import ApprovalStatus
from data.domain.conversation import Change, Content, Conversation, EntryKind, Note, Reply
from data.domain.money import Tokens

IDS: dict[str, Any] = {"task_id": "t1", "agent_id": "a1"}
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def grown(*events: e.Event) -> Conversation:
    talk = Conversation()
    for number, event in enumerate(events, 1):
        conversation_events.hear(talk, number, START + timedelta(seconds=number), event)
    return talk


def said(message: str, block: Any = "text", **more: Any) -> e.Said:
    return e.Said(**IDS, message_id=message, block=block, chars=5, blob=f"blob-{message}", **more)


def called(key: str, tool: str = "Bash", **more: Any) -> e.ToolCalled:
    return e.ToolCalled(**IDS, tool_use_id=key, tool=tool, words=f"running {key}", input_blob="in", **more)


def returned(key: str, *, is_error: bool = False) -> e.ToolReturned:
    return e.ToolReturned(**IDS, tool_use_id=key, tool="Bash", is_error=is_error, output_blob="out")


def metered(message: str, output: int = 10, **more: Any) -> e.MessageMetered:
    tokens = Tokens(input=2, output=output)
    return e.MessageMetered(**IDS, message_id=message, model="m", tokens=tokens, cost_nanousd=output, **more)


def order(talk: Conversation) -> list[tuple[str, int]]:
    return [(placed.entry.key, placed.depth) for placed in talk.placed()]


def test_a_call_and_its_answer_are_one_entry_with_its_files_and_its_time():
    touched = e.FileTouched(**IDS, path="a.py", change=FileChange.MODIFIED, tool_use_id="c1", added=3, removed=1)
    talk = grown(called("c1"), returned("c1", is_error=True), touched)
    (call,) = talk.entries.values()
    assert (call.kind, call.failed, call.seconds) == (EntryKind.TOOL, True, 1)
    assert (call.content, call.output) == (Content(blob="in"), Content(blob="out"))
    assert call.changes == (Change("a.py", "modified", 3, 1),)
    assert call.rev == 3, "who knows the conversation up to 2 is told of it again"
    assert talk.find("2") is call, "a link to the answer leads to the call"
    assert talk.find("c1") is call


def test_a_reply_says_what_it_cost_beside_its_first_entry_and_a_larger_copy_takes_its_place():
    talk = grown(said("m1", "thinking"), said("m1"), metered("m1", 1), metered("m1", 10))
    assert [placed.leads for placed in talk.placed()] == [True, False]
    assert talk.replies["m1"].cost_nanousd == 10
    assert talk.entries["1"].rev == 4


def test_calls_of_an_older_log_belong_to_the_reply_that_is_metered_next():
    talk = grown(called("c1"), metered("m1"))
    assert talk.entries["1"].message_id == "m1"
    assert talk.placed()[0].leads


def test_what_a_subagent_does_stands_under_the_call_that_started_it():
    talk = grown(
        called("c1", "Task"),
        called("c2", "Task"),
        e.SubagentMoved(**IDS, subagent_id="s1", to="started", parent="c1"),
        called("c3", parent="c2", subagent=True),
        said("m2", parent="c1"),
        e.SubagentMoved(**IDS, subagent_id="s1", to="completed"),
        returned("c1"),
        said("m1"),
    )
    assert order(talk) == [("1", 0), ("3", 1), ("5", 1), ("6", 1), ("2", 0), ("4", 1), ("8", 0)]


def test_a_subagent_of_an_older_log_stands_under_the_call_that_was_open():
    talk = grown(called("c1", "Agent"), called("c2", subagent=True), returned("c2"), returned("c1"), called("c3"))
    assert order(talk) == [("1", 0), ("2", 1), ("5", 0)]


def test_what_happens_beside_the_conversation_is_told_as_notes():
    asked = e.ApprovalAsked(
        **IDS, approval_id="p1", tool="Bash", words="rm x", input_blob="in", why="asks", expires_at=START
    )
    talk = grown(
        e.Prompted(**IDS, chars=2, blob="prompt"),
        e.SessionStarted(**IDS, session_id="s", model="m"),
        e.RetryScheduled(**IDS, attempt=1, max_retries=4, delay_ms=2000, status=529, retry_at=START),
        asked,
        e.ApprovalAnswered(**IDS, approval_id="p1", to=ApprovalStatus.DENIED, by="ann", reason="no"),
        e.AgentTold(**IDS, words="look at b.py", by="ann"),
        e.AgentHeard(**IDS, told=6),
        e.ContextCompacted(**IDS, before_tokens=155_000, after_tokens=12_000),
        e.Diagnostic(**IDS, words="first\nsecond"),
        e.ToolRefused(**IDS, tool="Bash", words="no"),
        e.Activity(**IDS, words="thinking"),
        e.AgentMoved(**IDS, to=AgentStatus.FAILED, why="broken"),
    )
    notes = [(entry.about, entry.words) for entry in talk.entries.values()]
    assert notes == [
        (None, ""),
        (Note.SESSION, "session started on m"),
        (Note.RETRY, "the model service refused (529): try 1 of 4 in 2 s"),
        (Note.APPROVAL, "waits for a person: rm x — denied by ann: no"),
        (Note.TOLD, "message from ann"),
        (Note.COMPACTED, "the context was compacted: 155 k tokens became 12 k (by itself)"),
        (Note.DIAGNOSTIC, "first"),
        (Note.REFUSED, "Bash was not permitted: no"),
        (Note.ENDED, "agent failed: broken"),
    ]
    assert talk.entries["6"].seconds == 1, "read one second later"


# Transcripts


def line(kind: str, uuid: str, content: object, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content, **more.pop("message", {})}
    return {"type": kind, "uuid": uuid, "timestamp": "2026-11-24T12:00:00.000Z", "message": message, **more}


def tool_use(key: str, name: str = "Bash", **given: object) -> dict[str, object]:
    return {"type": "tool_use", "id": key, "name": name, "input": given}


def result(key: str, content: object = "ok", **more: object) -> list[dict[str, object]]:
    return [{"type": "tool_result", "tool_use_id": key, "content": content, **more}]


def test_a_transcript_is_read_with_links_that_hold():
    talk = conversation_lines.read(
        [
            line("user", "u1", "do it"),
            {"type": "attachment", "uuid": "x", "attachment": {"type": "environment"}},
            line("assistant", "u2", [{"type": "thinking", "thinking": "hm"}], message={"id": "m1"}),
            line("assistant", "u3", [tool_use("c1", command="ls -l")], message={"id": "m1"}),
            line("user", "u4", result("c1", [{"type": "text", "text": "a.py"}], is_error=True)),
            line("assistant", "u5", [{"type": "text", "text": "529"}], message={"model": "<synthetic>"}),
            line("user", "u6", "a summary", isCompactSummary=True),
            line("user", "u7", "hidden", isMeta=True),
        ],
        {"m1": Reply("m1", "m", Tokens(output=3), 7)},
    )
    told = [(entry.key, entry.kind, entry.content.text, entry.about) for entry in talk.entries.values()]
    assert told == [
        ("u1", EntryKind.PROMPT, "do it", None),
        ("u2", EntryKind.THINKING, "hm", None),
        ("u3", EntryKind.TOOL, '{"command": "ls -l"}', None),
        ("u5", EntryKind.NOTE, "529", Note.DIAGNOSTIC),
        ("u6", EntryKind.NOTE, "a summary", Note.COMPACTED),
    ]
    call = talk.find("u4")
    assert call is talk.entries["u3"]
    assert (call.words, call.output, call.failed) == ("ls -l", Content("a.py"), True)
    assert talk.replies["m1"].cost_nanousd == 7
    assert [placed.leads for placed in talk.placed()] == [False, True, False, False, False]


def test_subagents_of_a_transcript_stand_under_their_call_however_that_is_known():
    side: dict[str, Any] = {"isSidechain": True, "agentId": "s1"}
    lines = [
        line("assistant", "u1", [tool_use("c1", "Task")]),
        line("assistant", "u2", [tool_use("c2", "Task")]),
        line("user", "u3", "sub prompt", **side),
        line("assistant", "u4", [{"type": "text", "text": "sub answer"}], **side),
    ]
    assert order(conversation_lines.read(lines)) == [("u1", 0), ("u3", 1), ("u4", 1), ("u2", 0)], "by order"
    named = conversation_lines.read(lines, parents={"s1": "c2"})
    assert order(named) == [("u1", 0), ("u2", 0), ("u3", 1), ("u4", 1)]
    answered = line("user", "u5", result("c2"), toolUseResult={"agentId": "s1"})
    assert order(conversation_lines.read([*lines, answered])) == order(named)


def test_the_answer_of_a_tool_tells_what_became_of_a_file():
    patch = [{"lines": [" a", "-b", "+c", "+d"]}]
    edited = {"filePath": "/w/a.py", "structuredPatch": patch, "originalFile": "a\nb"}
    assert conversation_lines.changed("Edit", edited) == Change("/w/a.py", "modified", 2, 1)
    written = {"type": "create", "filePath": "/w/b.py", "content": "1\n2\n", "structuredPatch": []}
    assert conversation_lines.changed("Write", written) == Change("/w/b.py", "created", 2, 0)
    assert conversation_lines.changed("Read", {"file": {"filePath": "/w/c.py"}}) == Change("/w/c.py", "read")
    assert conversation_lines.changed("Bash", {"stdout": ""}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["type", "uuid", "timestamp", "message", "agentId", "toolUseResult", "compactMetadata", "subtype"]
)
INSIDE = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "thinking", "tool_use", "tool_result", "image"]) | JSON,
        "id": st.sampled_from(["c1", "c2"]) | JSON,
        "tool_use_id": st.sampled_from(["c1", "c2"]) | JSON,
        "text": JSON,
        "thinking": JSON,
        "content": JSON,
        "input": JSON,
        "name": st.sampled_from(["Task", "Edit"]) | JSON,
    },
)
LINES = st.dictionaries(NAMES, JSON, max_size=5) | st.fixed_dictionaries(
    {
        "type": st.sampled_from(["user", "assistant", "system"]),
        "message": st.fixed_dictionaries(
            {"content": st.lists(INSIDE | JSON, max_size=3) | JSON}, optional={"id": JSON}
        ),
    },
    optional={
        "uuid": st.sampled_from(["u1", "u2"]) | JSON,
        "isSidechain": st.just(True),
        "agentId": st.sampled_from(["s1"]) | JSON,
        "timestamp": st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]) | JSON,
        "toolUseResult": st.fixed_dictionaries(
            {}, optional={"agentId": JSON, "filePath": JSON, "structuredPatch": JSON}
        ),
        "subtype": st.sampled_from(["compact_boundary", "api_error", "informational"]) | JSON,
        "compactMetadata": st.fixed_dictionaries({}, optional={"preTokens": JSON, "postTokens": JSON}) | JSON,
    },
)


@given(st.lists(LINES | JSON, max_size=8))
def test_whatever_stands_in_a_transcript_every_entry_is_placed_once(lines: list[Any]):
    talk = conversation_lines.read(lines)
    placed = [one.entry.key for one in talk.placed()]
    assert sorted(placed) == sorted(talk.entries)
    assert talk.rev == len(lines)


@given(st.lists(LINES, max_size=8))
def test_a_conversation_that_is_read_while_it_grows_ends_like_one_that_was_read_at_once(lines: list[Any]):
    watched, at_once = Conversation(), Conversation()
    for number, one in enumerate(lines, 1):
        before = watched.placed()
        count = len(before)
        conversation_lines.hear(watched, number, one)
        assert len(before) == count, "what was given stays as it is"
        watched.placed()
        conversation_lines.hear(at_once, number, one)
    assert watched.placed() == at_once.placed()
    assert [watched.where[placed.entry.key] for placed in watched.placed()] == [*range(len(watched))]
