"""How alerts and reports reach people who do not look at the page."""
