"""Who decided about the ANALYST, and what counts as rework, on tasks that are really submitted."""

from __future__ import annotations

from collections.abc import Callable

from data.domain.agents import Role
from data.domain.assignment import AssignedBy, Assignment, draw
from data.domain.fleet import Lottery
from data.domain.tasks import AnalystChoice, Task
from orchestrator_adapter import commands, commands_fleet
from orchestrator_adapter.access import LOCAL
from tests.test_commands import Bridge, bridge, ended  # noqa: F401


def test_a_lot_decides_about_a_borderline_task_and_stands_on_it(bridge: Bridge) -> None:  # noqa: F811
    commands_fleet.set_lottery(bridge.deck, LOCAL, Lottery(share=100, chance=30))
    drawn = bridge.submit("Refactor the parser")
    again = draw(drawn.id, Lottery(share=100, chance=30))
    assert again is not None
    assert drawn.assignment == Assignment(AssignedBy.LOTTERY, 0.3)
    assert (drawn.analyst_included, drawn.borderline) == (again.included, True)
    assert drawn.analyst_included == any(step.role is Role.ANALYST for step in drawn.workflow)
    forced = bridge.submit("Refactor the parser", analyst=AnalystChoice.FORCE)
    assert (forced.assignment.by, forced.analyst_included) == (AssignedBy.PERSON, True)
    assert bridge.submit("Fix the typo").assignment == Assignment(AssignedBy.RULE, 0.0)
    single = commands.start_agent(bridge.deck, LOCAL, Role.ANALYST, "Refactor the parser")
    assert bridge.task(single.task_id).assignment.by is AssignedBy.NOBODY


def test_a_rerun_and_a_retry_of_what_had_completed_are_rework(
    bridge: Bridge,  # noqa: F811
    ended: Callable[[str], Task],  # noqa: F811
) -> None:
    task = ended(bridge.submit().id)
    assert (task.outcome.known, task.good) == (False, None)
    again = commands.rerun_task(bridge.deck, LOCAL, task.id)
    found = bridge.task(task.id)
    assert (found.outcome.reworked, found.outcome.rework_task, found.good) == (True, again.id, False)
    ended(again.id)
    commands.resume_task(bridge.deck, LOCAL, again.id, from_step="tester")
    assert bridge.task(again.id).outcome.reworked is True
