"""A server that also commits changes by itself when its input says so: `python -m benchmarks.host`.

With `index` it lets the search index follow too, as only the engine of a store does otherwise.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict

from benchmarks import changes
from data.store.search_clock import Indexer
from orchestrator_adapter import cli, deck


def obey() -> None:
    """Each line of input is a change to commit, and each is answered by what it was."""
    for line in sys.stdin:
        order = json.loads(line)
        who = changes.Target(**order["who"])
        change = changes.commit(deck.current().store, who, order["number"], "inside")
        print(json.dumps(asdict(change)), flush=True)


if __name__ == "__main__":
    if "index" in sys.argv:
        Indexer(deck.current().store).start()
    threading.Thread(target=obey, name="bench-changes", daemon=True).start()
    sys.argv[1:] = ["serve", "--port", "0"]
    cli.main()
