"""What the live parts of the pages show; the stream and the pages draw from the same views."""

from orchestrator_adapter.views import home
from orchestrator_adapter.views.now import current

__all__ = ["current", "home"]
