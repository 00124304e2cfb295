"""`python -m orchestrator_adapter COMMAND`."""

from orchestrator_adapter.cli import main

if __name__ == "__main__":
    main()
