"""Pages whose live parts stand on the screen: whoever draws the rest of a page can let its first picture go ahead."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

MOST = 1_000
"""Pages that are waited for at the same time; the oldest is given up for one more."""


class Arrivals:
    """Marks of pages that were sent out, until their browser says that it has drawn them; safe for all threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._expected: OrderedDict[str, threading.Event] = OrderedDict()

    def expect(self) -> str:
        """A mark for a page that is sent out now."""
        mark = secrets.token_urlsafe(12)
        with self._lock:
            self._expected[mark] = threading.Event()
            while len(self._expected) > self._most:
                self._expected.popitem(last=False)[1].set()
        return mark

    def came(self, mark: str) -> None:
        """The page with this mark is on the screen; a mark that nobody waits for is none of our business."""
        with self._lock:
            found = self._expected.get(mark)
        if found is not None:
            found.set()

    def wait(self, mark: str, seconds: float) -> bool:
        """Whether it came within this time. Each mark is waited for once."""
        with self._lock:
            found = self._expected.get(mark)
        came = found is not None and found.wait(seconds)
        with self._lock:
            self._expected.pop(mark, None)
        return came


arrivals = Arrivals()
"""Those of this process."""
