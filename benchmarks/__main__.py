"""`python -m benchmarks [NAME...]`: measures, prints one table, keeps it in var/bench."""

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
    queue,
    replay,
    search,
    steps,
    takeover,
    transcripts,
)
from benchmarks.figures import Figure

ALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "pixels": pixels.measure,
    "idle": idle.measure,
    "first_visit": first_visit.measure,
    "lists": lists.measure,
    "logs": logs.measure,
    "steps": steps.measure,
    "files": files.measure,
    "money": money.measure,
    "memory": memory.measure,
    "search": search.measure,
    "takeover": takeover.measure,
    "queue": queue.measure,
    "replay": replay.measure,
    "kills": kills.measure,
    "cancel": cancel.measure,
    "overshoot": overshoot.measure,
    "transcripts": transcripts.measure,
    "conversation": conversation.measure,
    "intake": intake.measure,
}


def main() -> int:
    names = sys.argv[1:] or list(ALL)
    if unknown := [name for name in names if name not in ALL]:
        print(f"There is no benchmark {unknown[0]}; there are {', '.join(ALL)}.", file=sys.stderr)
        return 2
    found: list[Figure] = []
    crashed = False
    for name in names:
        try:
            for figure in ALL[name]():
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
