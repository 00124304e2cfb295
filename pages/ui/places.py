"""Where the page scripts lie."""

from __future__ import annotations

from pathlib import Path

PAGES = Path(__file__).parents[1]

FLEET = PAGES / "watch" / "fleet.py"
TASKS = PAGES / "watch" / "tasks.py"
TASK = PAGES / "watch" / "task.py"
AGENT = PAGES / "watch" / "agent.py"
SEARCH = PAGES / "watch" / "search.py"
QUEUE = PAGES / "watch" / "queue.py"
HISTORY = PAGES / "watch" / "history.py"
APPROVALS = PAGES / "watch" / "approvals.py"
NEW_TASK = PAGES / "run" / "new_task.py"
COSTS = PAGES / "measure" / "costs.py"
PERFORMANCE = PAGES / "measure" / "performance.py"
TRENDS = PAGES / "measure" / "trends.py"
REPORTS = PAGES / "measure" / "reports.py"
SQL = PAGES / "measure" / "sql.py"
ANALYST_ROI = PAGES / "measure" / "analyst_roi.py"
ALERTS = PAGES / "guard" / "alerts.py"
BUDGETS = PAGES / "guard" / "budgets.py"
LIMITS = PAGES / "guard" / "limits.py"
CONNECT = PAGES / "guard" / "connect.py"
GALLERY = PAGES / "guard" / "gallery.py"
