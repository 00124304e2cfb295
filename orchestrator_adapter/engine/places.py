"""Gives free places to whoever is first in order: the one decision about who works next, for all processes.

The engine's queues know neither machines of different size nor an order across users, so they only carry what is
decided here: a step waits in one queue that nobody serves, and a process that has room moves it into a queue of its
own. A place that is given is a row of the engine, so limits hold across processes, and who is killed takes none along.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from dbos import DBOS, SetWorkflowID, WorkflowStatus

from data.domain.fleet import Limits
from data.store import Store, places, seats, settings, workers
from data.store.places import Standing
from data.store.workers import Worker
from orchestrator_adapter.engine import flow, names

OPEN = ["PENDING", "ENQUEUED"]
BUSY_S = 1.0
"""How often somebody looks again while tasks are open: other processes' steps and ends cannot all be heard."""
CROWDED_S = 0.1
"""How soon a process looks again that found another one deciding."""
ALL = frozenset({"tasks", "agents"})
"""What a process may be asked to take from: tasks to begin, and steps to work on."""


def queue_of(worker: str) -> str:
    return f"{flow.QUEUE}@{worker}"


@dataclass
class View:
    """What is at work and what waits, at one moment."""

    limits: Limits
    workers: dict[str, Worker]
    """Those that live."""
    waiting: list[str] = field(default_factory=list)
    """Step runs that wait for a place."""
    taken: dict[str, str] = field(default_factory=dict)
    """Step runs that have a place, and the process that has each."""
    open: dict[str, str] = field(default_factory=dict)
    """Tasks that have begun, and the engine's id of each."""
    paid: set[str] = field(default_factory=set)
    standings: dict[str, Standing] = field(default_factory=dict)

    def users(self) -> Counter[str]:
        """How many agents each person has at work."""
        found = (self.standings.get(names.task_of(run)) for run in self.taken)
        return Counter(standing.user for standing in found if standing is not None)

    def between(self) -> list[Standing]:
        """Open tasks of which no step waits or works just now: the next one is about to, and its place is kept."""
        seen = {names.task_of(run) for run in (*self.waiting, *self.taken)}
        found = (self.standings[task] for task in self.open if task not in seen and task in self.standings)
        return [standing for standing in found if standing.wants]


@dataclass
class Room:
    """How many more agents may begin."""

    here: int
    in_all: int
    per_user: int | None
    users: Counter[str]

    def full(self, user: str) -> bool:
        return self.per_user is not None and self.users[user] >= self.per_user

    def take(self, user: str, *, here: bool = True) -> None:
        self.in_all -= 1
        self.here -= int(here)
        self.users[user] += 1


@dataclass
class Places:
    """The places of one engine process."""

    store: Store
    worker: str
    host: str
    max_agents: int
    runtimes: Collection[str]
    sweep: Callable[[int], object]
    """Ends what the agents of a dead process on this machine left behind."""
    queues: Collection[str] = ALL

    def give(self) -> float | None:
        """Take what this process has room for; in how many seconds to look again, None if all is quiet."""
        with seats.turn(self.store) as ours:
            if not ours:
                return CROWDED_S
            view = self._look()
            self._take(view, self._room(view))
        return BUSY_S if view.open or view.waiting or view.taken else None

    def _look(self) -> View:
        rows = DBOS.list_workflows(name=["run_task", "run_node"], status=OPEN, load_input=False, load_output=False)
        with self.store.read() as board:
            db = board.connection
            living = {worker.id: worker for worker in workers.living(db)}
            view = View(settings.limits(db), living)
            view.paid = places.paid(db, [row.workflow_id for row in rows])
            view.taken = {run: owner for run, owner in places.at_work(db).items() if owner in living}
            view.standings = places.standings(db, {names.task_of(row.workflow_id) for row in rows} | _tasks(view.taken))
        lost: dict[str, list[str]] = {}
        for row in rows:
            self._sort(view, row, lost)
        self._put_back(lost)
        return view

    def _sort(self, view: View, row: WorkflowStatus, lost: dict[str, list[str]]) -> None:
        """One workflow of the engine: open, at work, waiting, or left behind by a process that is gone."""
        run, queue = row.workflow_id, row.queue_name
        held = row.executor_id if row.status == "PENDING" else _worker_of(queue)
        if row.name == "run_task":
            view.open[names.task_of(run)] = run
            if held is not None and held not in view.workers:
                lost.setdefault(held, []).append(run)
        elif held is not None and held in view.workers:
            if run not in view.paid:  # else its agent has ended, and the engine is about to write that down
                view.taken[run] = held
        else:
            view.waiting.append(run)
            if queue != flow.QUEUE or held is not None:
                lost.setdefault(held or "", []).append(run)

    def _put_back(self, lost: Mapping[str, list[str]]) -> None:
        """What dead processes had waits again, once nothing of their agents is alive on this machine."""
        if not lost:
            return
        with self.store.read() as board:
            gone = workers.on_host(board.connection, lost, self.host)
        for pid in gone:
            self.sweep(pid)
        runs = [run for found in lost.values() for run in found]
        if steps := [run for run in runs if "/" in run]:
            DBOS.resume_workflows(steps, queue_name=flow.QUEUE)
        if tasks := [run for run in runs if "/" not in run]:
            DBOS.resume_workflows(tasks)

    def _room(self, view: View) -> Room:
        limit = view.limits.per_machine
        sizes: dict[str, int] = {}
        for worker in view.workers.values():
            sizes[worker.host] = limit or max(sizes.get(worker.host, 0), worker.max_agents)
        here = [worker.id for worker in view.workers.values() if worker.host == self.host]
        taken_here = sum(1 for owner in view.taken.values() if owner in here)
        most = sum(sizes.values())
        in_all = most if view.limits.in_all is None else min(most, view.limits.in_all)
        room = (limit or self.max_agents) - taken_here
        return Room(room, in_all - len(view.taken), view.limits.per_user, view.users())

    def _take(self, view: View, room: Room) -> None:
        steps = {
            run: view.standings[names.task_of(run)] for run in view.waiting if names.task_of(run) in view.standings
        }
        free = [run for run in steps if run in view.paid]
        line: list[tuple[Standing, int, str]] = [(s, 0, run) for run, s in steps.items() if run not in view.paid]
        line += [(standing, 1, "") for standing in view.between()]
        line += [(standing, 2, "") for standing in self._beginners(view, room)]
        mine = list(free)
        for standing, kind, run in sorted(line):
            if room.in_all <= 0 or room.here <= 0:
                break
            if room.full(standing.user):
                continue
            if kind == 1:
                room.take(standing.user, here=False)
            elif kind == 0 and "agents" in self.queues and standing.runtime in self.runtimes:
                room.take(standing.user)
                mine.append(run)
            elif kind == 2:
                room.take(standing.user)
                self._begin(standing)
        if mine:
            DBOS.resume_workflows(mine, queue_name=queue_of(self.worker))

    def _beginners(self, view: View, room: Room) -> list[Standing]:
        """Tasks that could begin or go on, as many as there may be room for."""
        if "tasks" not in self.queues or room.here <= 0 or room.in_all <= 0:
            return []
        full = [user for user in room.users if room.full(user)]
        with self.store.read() as board:
            found = places.waiting(
                board.connection, self.runtimes, known=view.open, users=full, limit=max(2 * room.in_all, 20)
            )
        begun = {names.task_run(s.task_id, s.run): s for s in found if not s.pending}
        rows = DBOS.list_workflows(workflow_ids=list(begun), load_input=False, load_output=False) if begun else []
        done = {row.workflow_id for row in rows}
        return [s for s in found if names.task_run(s.task_id, s.run) not in done]

    def _begin(self, standing: Standing) -> None:
        with SetWorkflowID(names.task_run(standing.task_id, standing.run)):
            DBOS.start_workflow(flow.run_task, standing.task_id, standing.run)


def _tasks(runs: Iterable[str]) -> set[str]:
    return {names.task_of(run) for run in runs}


def _worker_of(queue: str | None) -> str | None:
    """The process whose own queue this is."""
    prefix = queue_of("")
    return queue.removeprefix(prefix) if queue is not None and queue.startswith(prefix) else None
