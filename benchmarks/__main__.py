"""`python -m benchmarks [NAME[=SIZE]...]`: measures, prints one table, keeps it in var/bench.

Some can be made smaller, to fit into less time, or larger: `transcripts=100` (megabytes), `search=200000` (messages),
`warehouse=10000000`, `spending=100000` (replies).
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator

from benchmarks import (
    cancel,
    conversation,
    figures,
    files,
    first_visit,
    idle,
    intake,
    kills,
    lists,
    logs,
    memory,
    money,
    overshoot,
    pixels,
    questions,
    queue,
    replay,
    roi,
    search,
    spending,
    steps,
    takeover,
    transcripts,
    warehouse,
)
from benchmarks.figures import Figure

SIZED: dict[str, Callable[[int | None], Iterator[Figure]]] = {
    "pixels": pixels.measure,
    "search": search.measure,
    "search_postgresql": search.on_postgresql,
    "transcripts": transcripts.measure,
    "warehouse": warehouse.measure,
    "questions": questions.measure,
    "spending": spending.measure,
}
ALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "pixels": lambda: pixels.measure(None),
    "idle": idle.measure,
    "first_visit": first_visit.measure,
    "lists": lists.measure,
    "logs": logs.measure,
    "steps": steps.measure,
    "files": files.measure,
    "money": money.measure,
    "memory": memory.measure,
    "search": lambda: search.measure(None),
    "search_postgresql": lambda: search.on_postgresql(None),
    "takeover": takeover.measure,
    "queue": queue.measure,
    "replay": replay.measure,
    "roi": roi.measure,
    "kills": kills.measure,
    "cancel": cancel.measure,
    "overshoot": overshoot.measure,
    "transcripts": lambda: transcripts.measure(None),
    "conversation": conversation.measure,
    "intake": intake.measure,
    "warehouse": lambda: warehouse.measure(None),
    "questions": lambda: questions.measure(None),
    "spending": lambda: spending.measure(None),
}


def _wanted(asked: str) -> tuple[str, Callable[[], Iterator[Figure]]]:
    """A name, and what measures it; raises ValueError for what there is not."""
    name, _, size = asked.partition("=")
    if name not in ALL:
        raise ValueError(f"There is no benchmark {name}; there are {', '.join(ALL)}.")
    if not size:
        return name, ALL[name]
    if name not in SIZED or not size.isdecimal() or not int(size):
        raise ValueError(f"A size is a whole number, for {', '.join(SIZED)}; {asked} cannot be measured.")
    return name, lambda: SIZED[name](int(size))


def main() -> int:
    try:
        wanted = [_wanted(asked) for asked in sys.argv[1:] or ALL]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    found: list[Figure] = []
    crashed = False
    for name, run in wanted:
        try:
            for figure in run():
                print(f"{name}: {figure.name}: {figure.measured} {figure.beside}", file=sys.stderr, flush=True)
                found.append(figure)
        except Exception as error:  # the boundary of a benchmark: the others are measured all the same
            traceback.print_exc()
            found.append(figures.lost(name, error))
            crashed = True
    figures.show(found)
    print(f"\n{figures.machine(found)}\nKept in {figures.keep(found)}")
    return int(crashed)


if __name__ == "__main__":
    sys.exit(main())
