"""The command by which a person at a terminal reads what an agent was sent, said and called."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from data.domain import words
from data.domain.conversation import Placed
from data.store import Store
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table
from orchestrator_adapter.views import conversation
from orchestrator_adapter.views.conversation import Talk

app = typer.Typer()
AgentId = Annotated[str, typer.Argument(metavar="AGENT", help="Its id; `agents` lists them")]
_WIDTH = 120
_AT_ONCE = 200


@app.command(name="conversation")
def read(
    agent: AgentId,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print all of it as Markdown")] = False,
    as_json: AsJson = False,
) -> None:
    """What an agent was sent, said, thought and called, one line each; all of it with --md or --json."""
    with opened() as store:
        if as_json:
            print_json(_items(store, agent))
        elif as_markdown:
            _markdown(store, agent)
        else:
            _table(store, agent)


def _items(store: Store, agent_id: str) -> list[object]:
    with store.read() as board:
        talk = conversation.kept.of(store, board, agent_id)
        return [*conversation.items(board, talk, range(len(talk.placed)), whole=True)]


def _markdown(store: Store, agent_id: str) -> None:
    with store.read() as board:
        talk = conversation.kept.of(store, board, agent_id)
        for piece in conversation.markdown(board, talk, board.agent(agent_id).name):
            sys.stdout.write(piece)


def _table(store: Store, agent_id: str) -> None:
    with store.read() as board:
        talk = conversation.kept.of(store, board, agent_id)
        rows: list[list[str]] = []
        for start in range(0, len(talk.placed), _AT_ONCE):
            stretch = range(start, min(start + _AT_ONCE, len(talk.placed)))
            said = conversation.items(board, talk, stretch, whole=False)
            rows += [
                _row(talk, talk.placed[place], str(item["text"] or ""))
                for place, item in zip(stretch, said, strict=True)
            ]
    print_table(["time", "what", "words", "cost"], rows)


def _row(talk: Talk, one: Placed, said: str) -> list[str]:
    entry, reply = one.entry, talk.reply(one.entry)
    cost = words.dollars(reply.cost_nanousd) if reply and one.leads and reply.cost_nanousd is not None else ""
    what = "  " * one.depth + (entry.tool or entry.kind.value) + (" (failed)" if entry.failed else "")
    line = " ".join((entry.words or said).split())
    return [f"{entry.at:%H:%M:%S}" if entry.at else "", what, words.shortened(line, _WIDTH), cost]
