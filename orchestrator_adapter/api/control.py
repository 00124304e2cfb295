"""What programs ask and tell the fleet: tasks, agents and the prompts."""

from __future__ import annotations

from data.domain.agents import Role
from data.domain.errors import AgentNotFound, RoleUnknown, TaskNotFound
from data.domain.tasks import AnalystChoice, Draft
from orchestrator_adapter import commands, commands_tell, planning, prompts
from orchestrator_adapter.api import bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, answer, encoded


def tasks(call: Call, query: bodies.TaskQuery) -> Answer:
    with call.deck.store.read() as board:

        def ask() -> bytes:
            page = board.tasks(query.wanted(), query.limit, query.cursor)
            return encoded({"items": [shapes.task(t) for t in page.items], "next_cursor": page.next_cursor})

        return _listed(call.kept.get((board.clock(), query), ask))


def agents(call: Call, query: bodies.AgentQuery) -> Answer:
    with call.deck.store.read() as board:

        def ask() -> bytes:
            page = board.agents(query.wanted(), query.limit, query.cursor)
            return encoded({"items": [shapes.agent(a) for a in page.items], "next_cursor": page.next_cursor})

        return _listed(call.kept.get((board.clock(), query), ask))


def _listed(body: bytes) -> Answer:
    return Answer(body, headers={"cache-control": "no-store"})


def task(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer(shapes.task(board.task(call.id(TaskNotFound))))


def agent(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer(shapes.agent(board.agent(call.id(AgentNotFound))))


def submit_task(call: Call, body: bodies.TaskBody) -> Answer:
    made = commands.submit_task(call.deck, call.actor, body.draft())
    return answer(shapes.task(made), 201, location=f"/api/v1/tasks/{made.id}")


def start_agent(call: Call, body: bodies.AgentBody) -> Answer:
    made = commands.start_agent(
        call.deck,
        call.actor,
        body.role,
        body.prompt,
        model=body.model,
        working_directory=body.working_directory,
        runtime=body.runtime,
        scenario=body.scenario,
    )
    return answer(shapes.agent(made), 201, location=f"/api/v1/agents/{made.id}")


def cancel_task(call: Call, _: bodies.Nothing) -> Answer:
    return answer(shapes.task(commands.cancel_task(call.deck, call.actor, call.id(TaskNotFound))))


def pause_task(call: Call, body: bodies.PauseBody) -> Answer:
    return answer(
        shapes.task(commands.pause_task(call.deck, call.actor, call.id(TaskNotFound), stop_agents=body.stop_agents))
    )


def resume_task(call: Call, body: bodies.ResumeBody) -> Answer:
    return answer(
        shapes.task(commands.resume_task(call.deck, call.actor, call.id(TaskNotFound), from_step=body.from_step))
    )


def rerun_task(call: Call, _: bodies.Nothing) -> Answer:
    made = commands.rerun_task(call.deck, call.actor, call.id(TaskNotFound))
    return answer(shapes.task(made), 201, location=f"/api/v1/tasks/{made.id}")


def delete_task(call: Call, _: bodies.Nothing) -> Answer:
    commands.delete_task(call.deck, call.actor, call.id(TaskNotFound))
    return Answer(b"", 204)


def tell_agent(call: Call, body: bodies.MessageBody) -> Answer:
    told = commands_tell.tell_agent(call.deck, call.actor, call.id(AgentNotFound), body.text)
    return answer(shapes.agent(told), 202)


def delete_agent(call: Call, _: bodies.Nothing) -> Answer:
    commands.delete_agent(call.deck, call.actor, call.id(AgentNotFound))
    return Answer(b"", 204)


def events(call: Call, query: bodies.EventQuery) -> Answer:
    """The task's log, oldest first; the cursor is the clock of the last event."""
    with call.deck.store.read() as board:
        task_id = board.task(call.id(TaskNotFound)).id
        found = board.events(task_id=task_id, after=query.cursor, limit=query.limit + 1)
    items = [shapes.recorded(entry) for entry in found[: query.limit]]
    return answer({"items": items, "next_cursor": items[-1]["id"] if len(found) > query.limit else None})


def role_prompt(call: Call, query: bodies.RoleQuery) -> Answer:
    try:
        role = Role(call.path["role"].lower())
    except ValueError as error:
        roles = ", ".join(Role)
        raise RoleUnknown(f"That role is not known; known are {roles}.", field="role") from error
    text = prompts.system_prompt(role, query.complexity)
    return answer({"role": role, "complexity": query.complexity, "system_prompt": text})


def preview_prompts(call: Call, query: bodies.PromptQuery) -> Answer:
    """The very texts that each step would be sent, without what earlier steps will have reported."""
    planning.check_description(query.description)
    draft = Draft(query.description, query.type, AnalystChoice(query.analyst))
    previewed = commands.preview_task(call.deck, draft)
    steps = [
        {
            "key": step.key,
            "role": step.role,
            "system_prompt": prompts.system_prompt(step.role, previewed.complexity),
            "prompt": prompts.step_prompt(step, query.description, previewed.complexity),
        }
        for step in previewed.plan.workflow
    ]
    return answer({"complexity": previewed.complexity, "steps": steps})
