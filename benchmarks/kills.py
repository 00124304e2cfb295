"""SIGKILL of the server at a hundred seeded places: what is done twice, and how soon the next one goes on."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from benchmarks import fleets
from benchmarks.figures import Figure, at_most, p95, told
from data.domain.money import NANO
from tests.engine.killing import Found, Ground

ROUNDS = 5
KILLS = 20
"""In each round, which has a store of its own."""
MOST_S = 5.0


def measure() -> Iterator[Figure]:
    rounds = [_round(seed) for seed in range(1, ROUNDS + 1)]
    kinds: Counter[str] = sum((found.kills for found in rounds), Counter())
    first = [seconds for found in rounds for seconds in found.to_first_step_s]
    places = f"{kinds['moment']} at any moment, {kinds['event']} after an event, "
    places += f"{kinds['finish']} between a step's end and its checkpoint, "
    places += f"{kinds['reply']} between a reply that is paid and its record"
    finished = sum(found.finished_steps for found in rounds)
    beside = f"{kinds.total()} kills: {places}; {finished} steps finished"
    again = sum(found.run_again for found in rounds)
    yield at_most("finished steps run again after kill -9 of the server", again, 0, "steps", beside)
    up = statistics.median(seconds for found in rounds for seconds in found.to_up_s)
    spread = f"{len(first)} restarts that met a step at work, p50 {statistics.median(first):.1f} s, {up:.1f} s to be up"
    yield at_most("restart to the first continued step, max", max(first), MOST_S, "s", spread, digits=1)
    yield at_most("restart to the first continued step, p95", p95(first), MOST_S, "s", digits=1)
    unseen, billed = sum(f.unseen_nanousd for f in rounds), sum(f.billed_nanousd for f in rounds)
    most = max(found.most_unseen_nanousd for found in rounds) / NANO
    paid = f"of {billed / NANO:.2f} USD of finished replies; most right after a kill {most:.2f} USD"
    yield at_most("billed for finished replies and never recorded", unseen / NANO, 0, "USD", paid, digits=2)
    completed, given_up = sum(f.completed for f in rounds), sum(f.given_up for f in rounds)
    ended = f"{completed} completed, {given_up} given up because one step was begun three times"
    yield told("tasks that lived through the kills", f"{completed + given_up} ended", ended)


def _round(seed: int) -> Found:
    with fleets.empty_home() as home:
        ground = Ground(home, seed)
        try:
            ground.kill(KILLS)
        finally:
            ground.close()
        return ground.found
