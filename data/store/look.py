"""The base of the board: one open look at the store, which each noun extends in a file of its own."""

from __future__ import annotations

import sqlalchemy as sa


class Look:
    """Reads by one connection; everything it answers is of the same moment."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
