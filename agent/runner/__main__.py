"""See `agent.runner.main`."""

import sys

from agent.runner.main import main

if __name__ == "__main__":
    sys.exit(main())
