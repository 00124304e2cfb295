"""A program that offers what an existing orchestrator offers, and does nothing: for tests of attaching to one.

`STAND_IN` names what happens: `hold` waits in the tester until the file `STAND_IN_GO` is there, `boom` lets the builder
fail and goes on as theirs does, `cancel` has the run cancelled from inside.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class AgentRole(StrEnum):
    PLANNER = "planner"
    BUILDER = "builder"
    TESTER = "tester"


class AgentStatus(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    DELETED = "deleted"


@dataclass
class AgentMetrics:
    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    total_cost: float = 0.0


@dataclass
class AgentConfig:
    name: str
    role: AgentRole
    model: str = "claude-sonnet-4-5-20250929"


@dataclass
class TaskResult:
    agent_id: str
    success: bool
    output: str | None
    error: str | None = None


@dataclass
class OrchestratorTask:
    task_id: str
    subtasks: list[dict[str, Any]]
    metadata: dict[str, Any] = field(default_factory=dict)


COSTS = {AgentRole.PLANNER: 0.05, AgentRole.BUILDER: 0.25, AgentRole.TESTER: 0.1}


class Agent:
    def __init__(self, agent_id: str, config: AgentConfig, progress_callback: Any = None) -> None:
        self.agent_id, self.config, self.progress_callback = agent_id, config, progress_callback
        self.status, self.metrics, self.completed_at = AgentStatus.CREATED, AgentMetrics(), None

    async def execute_task(self, prompt: str) -> TaskResult:
        self.status = AgentStatus.RUNNING
        await self._tell("started")
        await self._tell("thinking")
        await self._tell("tool_call", "Read")
        try:
            await self._work()
        except Exception as error:
            self.status = AgentStatus.FAILED
            await self._tell("failed", str(error))
            return TaskResult(self.agent_id, False, None, str(error))
        cost = COSTS[self.config.role]
        self.metrics = AgentMetrics(4330, 10, 20, 300, 4000, cost)
        self.status, self.completed_at = AgentStatus.COMPLETED, "2026-11-24T13:00:00"
        await self._tell("completed")
        return TaskResult(self.agent_id, True, f"{self.config.role.value} did it")

    async def _work(self) -> None:
        story = os.environ.get("STAND_IN", "")
        if story == "boom" and self.config.role is AgentRole.BUILDER:
            raise RuntimeError("boom")
        if story == "cancel" and self.config.role is AgentRole.TESTER:
            raise asyncio.CancelledError
        while story == "hold" and self.config.role is AgentRole.TESTER and not Path(os.environ["STAND_IN_GO"]).exists():
            await asyncio.sleep(0.01)

    async def _tell(self, event: str, data: str = "") -> None:
        if self.progress_callback is not None:
            told = self.progress_callback(event, data)
            if asyncio.iscoroutine(told):
                await told


class AgentManager:
    def __init__(self, monitor: Any = None) -> None:
        self.monitor, self.agents = monitor, {}

    async def create_agent(self, name: str, role: AgentRole) -> Agent:
        agent = Agent(uuid.uuid4().hex, AgentConfig(name, role))
        self.agents[agent.agent_id] = agent
        if self.monitor is not None:
            await self.monitor.log_agent_created(agent)
        return agent

    async def delete_agent(self, agent_id: str) -> bool:
        agent = self.agents.pop(agent_id)
        if self.monitor is not None:
            await self.monitor.log_agent_deleted(agent)
        agent.status = AgentStatus.DELETED
        return True


class TaskPlanner:
    def __init__(self) -> None:
        self.agent_manager = AgentManager()

    async def plan_task(self, task_id: str, description: str, task_type: str = "custom") -> OrchestratorTask:
        agent = await self.agent_manager.create_agent("Workflow Planner", AgentRole.PLANNER)
        await agent.execute_task(f"Analyze this task: {description}")
        await self.agent_manager.delete_agent(agent.agent_id)
        steps = [(AgentRole.BUILDER, "Fix the issue"), (AgentRole.TESTER, "Verify the fix works")]
        subtasks = [
            {
                "role": role,
                "description": f"{scope}: {description}",
                "context": description,
                "constraints": ["no mocks"],
            }
            for role, scope in steps
        ]
        return OrchestratorTask(
            task_id, subtasks, {"rationale": "Two steps will do.", "skip_reasoning": "It is simple."}
        )


class ProgressTracker:
    """Says on the terminal what happens; sync, as theirs."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def start(self, workflow_steps: Any = None) -> None: ...

    def stop(self) -> None: ...

    def agent_created(self, agent_id: str, name: str, role: Any) -> None:
        self.heard.append("created")

    def agent_started(self, agent_id: str) -> None: ...

    def thinking(self, agent_id: str) -> None: ...

    def tool_call(self, agent_id: str, tool_name: str) -> None: ...

    def agent_completed(self, agent_id: str, cost: float) -> None:
        self.heard.append("completed")

    def agent_failed(self, agent_id: str, error: str) -> None:
        self.heard.append("failed")


class WorkflowExecutor:
    def __init__(self, agent_manager: AgentManager, monitor: Any, progress_tracker: Any = None) -> None:
        self.agent_manager, self.monitor, self.progress_tracker = agent_manager, monitor, progress_tracker

    async def execute_sequential(self, task: OrchestratorTask) -> list[TaskResult]:
        results = []
        for subtask in task.subtasks:
            role = subtask["role"]
            agent = await self.agent_manager.create_agent(f"{role.value.capitalize()} Agent", role)
            agent.progress_callback = self._callback(agent)
            results.append(await agent.execute_task(subtask["description"]))
            await self.monitor.log_task_completed(agent, subtask["description"])
            self.progress_tracker.agent_completed(agent.agent_id, agent.metrics.total_cost)  # after a failure too
        return results

    def _callback(self, agent: Agent) -> Any:
        def told(event: str, data: str) -> None:
            tracker, key = self.progress_tracker, agent.agent_id
            if event == "started":
                tracker.agent_created(key, agent.config.name, agent.config.role.value)
                tracker.agent_started(key)
            elif event == "thinking":
                tracker.thinking(key)
            elif event == "tool_call":
                tracker.tool_call(key, data)
            elif event == "failed":
                tracker.agent_failed(key, data)

        return told

    async def cleanup(self) -> None:
        for agent_id in list(self.agent_manager.agents):
            await self.agent_manager.delete_agent(agent_id)


class AgentMonitor:
    async def log_agent_created(self, agent: Any) -> None: ...

    async def log_agent_deleted(self, agent: Any) -> None: ...

    async def log_task_completed(self, agent: Any, description: str) -> None: ...


class Orchestrator:
    def __init__(self, enable_monitoring: bool = True, enable_progress_display: bool = True) -> None:
        self.working_directory = None
        self.monitor = AgentMonitor()
        self.progress_tracker = ProgressTracker()
        self.agent_manager = AgentManager(self.monitor)
        self.planner = TaskPlanner()
        self.executor = WorkflowExecutor(self.agent_manager, self.monitor, self.progress_tracker)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def execute(self, prompt: str, task_type: str = "custom", execution_mode: str = "sequential") -> TaskResult:
        task = await self.planner.plan_task(uuid.uuid4().hex, prompt, task_type)
        self.progress_tracker.start(workflow_steps=[subtask["description"] for subtask in task.subtasks])
        try:
            results = await self.executor.execute_sequential(task)
        finally:
            self.progress_tracker.stop()
            await self.executor.cleanup()
        output = "\n\n".join(f"[{result.agent_id}]: {result.output}" for result in results)
        return TaskResult("all", all(result.success for result in results), output)
