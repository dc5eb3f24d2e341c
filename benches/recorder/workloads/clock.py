"""Runs a workload and says how long it took, on standard error: seconds a call, one call a line."""

import sys
import time


def run(work):
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        start = time.perf_counter()
        work()
        print(time.perf_counter() - start, file=sys.stderr)
