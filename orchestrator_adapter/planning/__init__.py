"""Planning a task before it costs anything: type, complexity, workflow, price and time."""

from __future__ import annotations

from orchestrator_adapter.planning.complexity import Estimate, estimate
from orchestrator_adapter.planning.drafts import check_description, check_folder, validate
from orchestrator_adapter.planning.forecast import Preview, Range, StepCost, lot_words, preview, settled, typical
from orchestrator_adapter.planning.plan_reader import AiPlan, read_plan
from orchestrator_adapter.planning.task_types import guess_type
from orchestrator_adapter.planning.workflow_templates import Plan, by_lot, choose_workflow, has_analyst, with_choice

__all__ = [
    "AiPlan",
    "Estimate",
    "Plan",
    "Preview",
    "Range",
    "StepCost",
    "by_lot",
    "check_description",
    "check_folder",
    "choose_workflow",
    "estimate",
    "guess_type",
    "has_analyst",
    "lot_words",
    "preview",
    "read_plan",
    "settled",
    "typical",
    "validate",
    "with_choice",
]
