"""Runs one workload under another recorder of values, as that one is meant to be used.

    peers.py TOOL WORKLOAD FOLDER

Prints seconds by the clock and seconds of processor time, from before the recorder is switched on until
what it wrote is in FOLDER. `codetracer` is started as a program instead, see cost.py.
"""

import importlib.util
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def loaded(path):
    spec = importlib.util.spec_from_file_location("workload", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["workload"] = module
    spec.loader.exec_module(module)
    return module


def pysnooper(path, folder):
    import pysnooper

    main = loaded(path).main
    with open(folder + "/out", "w") as out:
        pysnooper.snoop(out, depth=50, color=False)(main)()


def snoop(path, folder):
    import snoop

    main = loaded(path).main
    with open(folder + "/out", "w") as out:
        snoop.install(out=out, color=False)
        snoop.snoop(depth=50)(main)()


def hunter(path, folder):
    import hunter

    main = loaded(path).main
    with open(folder + "/out", "w") as out:
        hunter.trace(filename=path, actions=[hunter.VarsSnooper(stream=out)])
        main()
        hunter.stop()


def birdseye(path, folder):
    os.environ["BIRDSEYE_DB"] = f"sqlite:///{folder}/out.db"
    with open(path) as file:
        text = re.sub(r"^def ", "@eye\ndef ", file.read(), flags=re.M)
    copy = folder + "/workload.py"
    with open(copy, "w") as file:
        file.write("from birdseye import eye\n" + text)
    loaded(copy).main()


TOOLS = {it.__name__: it for it in (pysnooper, snoop, hunter, birdseye)}


def main():
    tool, workload, folder = sys.argv[1:4]
    # Importing the tool is its start-up and not its cost.
    __import__(tool)
    wall, own = time.perf_counter(), time.process_time()
    TOOLS[tool](f"{HERE}/workloads/{workload}.py", folder)
    own, wall = time.process_time() - own, time.perf_counter() - wall
    print(wall, own, file=sys.stderr)


main()
