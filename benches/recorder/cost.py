"""What recording costs, in one run: plain Python, this recorder, and others that record values.

    cost.py --monologue target/release/monologue [--pythons 3.11 3.13] [--rounds 7]
            [--workloads bubble fib …] [--peers FOLDER] [--limit 60]

Every run is a process of its own. Plain and recorded runs take turns, round by round, so that whatever
else the machine does meets both. Times are taken inside the process around the workload; the table gives
the least and the median, by the clock and in processor time, which does not count what other programs
took meanwhile. Start-up is that of the whole command on an empty program, over plain Python's.

`--peers FOLDER` adds pysnooper, snoop, hunter, birdseye and (where it can be had) codetracer's recorder,
each installed into a virtual environment below FOLDER at the first run. They run once for every workload,
for at most `--limit` seconds of processor time.

`--extension FILE` measures an extension alone, without the command around it.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOADS = ["bubble", "fib", "words", "sieve", "grow", "library"]
PEERS = ["pysnooper", "snoop", "hunter", "birdseye", "codetracer"]
PACKAGES = ["pysnooper", "snoop", "hunter", "birdseye", "setuptools<81"]


def interpreter(version):
    """The newest of that version that pyenv has, or the one on the path."""
    folder = os.path.expanduser("~/.pyenv/versions")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [it for it in names if it.startswith(version + ".")]
    newest = max(found, key=lambda it: [int(part) for part in it.split(".")], default=None)
    return f"{folder}/{newest}/bin/python3" if newest else f"python{version}"


class Recorder:
    """How a script is run under this recorder."""

    def __init__(self, options):
        self.options = options

    def command(self, python, trace, script, *words):
        if self.options.extension:
            boot = os.path.join(HERE, "../../src/recorder/boot.py")
            own = [python, boot, os.path.abspath(self.options.extension), f"trace={trace}", "--"]
            return [*own, "script", script, *words]
        own = [os.path.abspath(self.options.monologue), "record", "--python", python, "-o", trace]
        return [*own, script, *words]


def run(command, folder, limit=None):
    """Seconds by the clock and of processor time, as the program says; `None` if it did not end well.

    The limit is in seconds of processor time, so that a busy machine is not held against anybody. Where
    it is set the system counts in coarse steps, so runs that are short go without."""

    def bound():
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))

    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            preexec_fn=bound if limit else None,
            timeout=20 * (limit or 30),
        )
    except subprocess.TimeoutExpired:
        return None
    times = []
    for line in done.stderr.decode(errors="replace").splitlines():
        parts = line.split()
        try:
            times.append((float(parts[0]), float(parts[1])))
        except (ValueError, IndexError):
            continue
    return times[-1] if done.returncode == 0 and times else None


def least(times, which):
    return min(it[which] for it in times) * 1e3


def median(times, which):
    return statistics.median(it[which] for it in times) * 1e3


def startup(python, recorder, folder, rounds):
    """Seconds of the whole command on a program that does nothing: plain, recorded."""
    script = folder + "/nothing.py"
    with open(script, "w") as file:
        file.write("pass\n")
    plain, recorded = [], []
    for _ in range(rounds):
        for command, times in [
            ([python, script], plain),
            (recorder.command(python, folder + "/trace", script), recorded),
        ]:
            start = time.perf_counter()
            subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
            times.append(time.perf_counter() - start)
    return min(plain), min(recorded)


def installed(python, version, folder):
    """The interpreter of a virtual environment with the peers."""
    home = os.path.join(os.path.abspath(folder), version)
    inner = home + "/bin/python"
    if not os.path.exists(inner):
        subprocess.run([python, "-m", "venv", home], check=True)
        install = [inner, "-m", "pip", "-q", "install"]
        subprocess.run([*install, *PACKAGES], check=True)
        # Not made for every version.
        subprocess.run([*install, "codetracer-python-recorder"], stderr=subprocess.DEVNULL)
    return inner


def peer(tool, python, workload, limit):
    with tempfile.TemporaryDirectory() as folder:
        script = f"{HERE}/workloads/{workload}.py"
        if tool != "codetracer":
            return run([python, HERE + "/peers.py", tool, workload, folder], folder, limit)
        module = ["-m", "codetracer_python_recorder"]
        probe = [python, "-c", "import codetracer_python_recorder"]
        if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode:
            return None
        # It runs a script without the script's folder on the path.
        path = ["env", f"PYTHONPATH={HERE}/workloads"]
        return run([*path, python, *module, "--trace-dir", folder + "/out", script], folder, limit)


def measure(version, options, recorder):
    python = interpreter(version)
    with tempfile.TemporaryDirectory() as folder:
        plain, recorded = startup(python, recorder, folder, options.rounds)
        print(f"{version} start-up of an empty program: plain {plain * 1e3:.1f} ms, "
              f"recorded {recorded * 1e3:.1f} ms, {(recorded - plain) * 1e3:+.1f} ms")
        print(f"{version} {'':8} {'plain ms':>16} {'recorded ms':>16} {'clock':>7} {'cpu':>7} "
              f"{'bytes':>10}   least / median; ratio of the least")
        for workload in options.workloads:
            script = f"{HERE}/workloads/{workload}.py"
            trace = folder + "/trace"
            plain, recorded = [], []
            for _ in range(options.rounds):
                plain.append(run([python, script], folder))
                recorded.append(run(recorder.command(python, trace, script), folder))
            if None in plain or None in recorded:
                print(f"{version} {workload:8} failed")
                continue
            clock, cpu = (least(recorded, it) / least(plain, it) for it in (0, 1))
            both = [f"{least(it, 0):.2f} / {median(it, 0):.2f}" for it in (plain, recorded)]
            size = os.path.getsize(trace)
            print(f"{version} {workload:8} {both[0]:>16} {both[1]:>16} {clock:6.1f}x {cpu:6.1f}x "
                  f"{size:10}", flush=True)
            if options.peers:
                ours = [least(recorded, it) for it in (0, 1)]
                against(version, python, workload, ours, options)


def against(version, python, workload, ours, options):
    inner = installed(python, version, options.peers)
    for tool in options.tools:
        times = peer(tool, inner, workload, options.limit)
        if times is None:
            said = f"no result within {options.limit} s, or it cannot run here"
        else:
            clock, cpu = (it * 1e3 for it in times)
            said = (f"{clock:10.1f} ms, {clock / ours[0]:8.1f} times ours; "
                    f"processor {cpu:10.1f} ms, {cpu / ours[1]:8.1f} times ours")
        print(f"{version} {workload:8}   {tool:10} {said}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--monologue", default="target/release/monologue")
    parser.add_argument("--extension")
    parser.add_argument("--pythons", nargs="+", default=["3.11", "3.13"])
    parser.add_argument("--workloads", nargs="+", default=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers")
    parser.add_argument("--tools", nargs="+", default=PEERS)
    parser.add_argument("--limit", type=float, default=60)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}, {sys.platform}")
    for version in options.pythons:
        measure(version, options, Recorder(options))


main()
