"""`python -m policies.worker`: started by `policies.worker.child`, of no use to people."""

import os
import sys

from policies.worker.serve import main

if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # nothing to put away, and a thread that still loads must not hold it up
