"""Planning a task before it costs anything: type, complexity, workflow, price and time."""

from __future__ import annotations

from orchestrator_adapter.planning.complexity import Estimate, estimate
from orchestrator_adapter.planning.drafts import check_description, check_folder, validate
from orchestrator_adapter.planning.forecast import PastCost, Preview, Range, preview, typical
from orchestrator_adapter.planning.plan_reader import AiPlan, read_plan
from orchestrator_adapter.planning.task_types import guess_type
from orchestrator_adapter.planning.workflow_templates import Plan, choose_workflow, has_analyst, with_choice

__all__ = [
    "AiPlan",
    "Estimate",
    "PastCost",
    "Plan",
    "Preview",
    "Range",
    "check_description",
    "check_folder",
    "choose_workflow",
    "estimate",
    "guess_type",
    "has_analyst",
    "preview",
    "read_plan",
    "typical",
    "validate",
    "with_choice",
]
