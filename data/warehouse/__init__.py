"""The analytic half: a copy of the rows that questions need, in DuckDB, and the questions."""

from data.warehouse.mirror import Standing
from data.warehouse.warehouse import Reader, Warehouse

__all__ = ["Reader", "Standing", "Warehouse"]
