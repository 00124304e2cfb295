"""Reads and writes: one ledger in, one board out, the same on SQLite and PostgreSQL."""

from data.store.board import Board
from data.store.ledger import Ledger, Recorded, StepRun
from data.store.lists import AgentFilter, Page, TaskFilter
from data.store.store import Store

__all__ = ["AgentFilter", "Board", "Ledger", "Page", "Recorded", "StepRun", "Store", "TaskFilter"]
