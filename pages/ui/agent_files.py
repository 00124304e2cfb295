"""The files that one agent read and changed."""

from __future__ import annotations

from data.domain.agents import Agent
from pages.ui import cards, file_lists, session


def draw(agent: Agent) -> None:
    with session.read() as board:
        found = board.files_of_agent(agent.id)
    if not found:
        later = " What its commands change is listed when it has ended." if agent.live else ""
        cards.empty("No file", f"This agent has neither read nor changed a file.{later}")
        return
    file_lists.draw(found, place="agent-files", title=f"Files of {agent.name}", agents=False)
