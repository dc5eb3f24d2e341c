"""Runs a workload and says how long it took, on standard error: a line for each call, with seconds by the
clock on the wall and seconds of processor time. The second does not count what other programs took."""

import sys
import time


def run(work):
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        wall, own = time.perf_counter(), time.process_time()
        work()
        own, wall = time.process_time() - own, time.perf_counter() - wall
        print(wall, own, file=sys.stderr)
