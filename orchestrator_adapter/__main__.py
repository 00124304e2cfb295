"""`python -m orchestrator_adapter COMMAND`."""

import sys

from orchestrator_adapter import cli_usage, printing

if __name__ == "__main__":
    with printing.to_its_end():
        if cli_usage.at_once(sys.argv[1:]):
            sys.exit(0)
    from orchestrator_adapter.cli import main

    main()
