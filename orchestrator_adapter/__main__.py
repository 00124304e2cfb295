"""`python -m orchestrator_adapter COMMAND`."""

import os
import sys

from orchestrator_adapter import cli_usage, printing

if __name__ == "__main__":
    with printing.to_its_end():
        done = cli_usage.at_once(sys.argv[1:])
    if done:
        os._exit(0)  # at once: to take apart what was read would take a tenth of the time of reading it
    from orchestrator_adapter import cli_part

    if part := cli_part.part(sys.argv[1:]):
        cli_part.run(part)
    from orchestrator_adapter.cli import main

    main()
