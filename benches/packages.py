"""Real test suites, plain and recorded: the same tests, the same outcomes, the same exit status.

    python3 benches/packages.py BINARY [--python PATH]... [--only NAME]... [--work DIR] [--json FILE]

Takes the sources of each package from the package index (once; they stay in DIR), makes a virtual
environment for each interpreter, and runs the package's own tests in it twice: with `pytest`, and with
`BINARY record -m pytest`. The package is imported from its sources, so both the package and its tests are
stepped through. Exit status 1 if any suite differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import time
import xml.etree.ElementTree as xml
from pathlib import Path

# Name on the index: where the package is imported from, its tests, what they need, what is left out.
# Of packaging a part: its sixty thousand cases of versions take minutes either way.
PACKAGES = {
    "attrs": ("src", "tests", ["hypothesis", "cloudpickle", "pympler"], ["--ignore=tests/test_mypy.yml"]),
    "more-itertools": (".", "tests", [], []),
    "jinja2": ("src", "tests", ["markupsafe", "trio"], []),
    "networkx": (
        ".",
        "networkx/algorithms/shortest_paths networkx/algorithms/traversal networkx/algorithms/tree",
        [],
        [],
    ),
    "packaging": (
        "src",
        "tests/test_tags.py tests/test_markers.py tests/test_utils.py tests/test_metadata.py",
        ["pretend", "hypothesis", "tomli_w"],
        [],
    ),
    "toolz": (".", "toolz/tests", [], []),
}
# What takes its time must not fail for that alone. Packages load settings of their own, so it comes after.
UNHURRIED = """
def pytest_collection(session):
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:
        return
    slow = {HealthCheck.too_slow} | set(settings.default.suppress_health_check)
    settings.register_profile("unhurried", settings.default, deadline=None, suppress_health_check=list(slow))
    settings.load_profile("unhurried")
"""
# Newest releases that still run on both interpreters and carry their tests.
PINNED = {"networkx": "networkx<3.6"}


def run(words, **more):
    return subprocess.run([str(it) for it in words], **more)


def environment(work, python):
    version = run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True)
    version = version.stdout.strip()
    folder = work / f"venv-{version}"
    if not (folder / "done").exists():
        run([python, "-m", "venv", "--clear", folder], check=True)
        needs = sorted({need for it in PACKAGES.values() for need in it[2]})
        own = [PINNED.get(it, it) for it in PACKAGES]
        pip = [folder / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        run([*pip, "pytest", *needs, *own], check=True)
        (folder / "done").touch()
    return version, folder / "bin/python"


def sources(work, python, name):
    folder = work / "sources" / name
    if not folder.exists():
        into = work / "downloads" / name
        pip = [python, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        run([*pip, "--no-binary", name, "-d", into, PINNED.get(name, name)], check=True)
        (archive,) = into.glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(into)
        (unpacked,) = [it for it in into.iterdir() if it.is_dir()]
        folder.parent.mkdir(parents=True, exist_ok=True)
        unpacked.rename(folder)
    return folder


def outcomes(report):
    """Every test by its name, with what became of it and, where it failed, the first line of why."""
    res = {}
    if not report.exists():
        return res
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        what = "passed"
        for child in case:
            if child.tag in ("failure", "error", "skipped"):
                what = f"{child.tag}: {(child.get('message') or '').splitlines()[:1]}"
        res[name] = what
    return res


def suite(work, python, name, prefix):
    path, tests, _, more = PACKAGES[name]
    folder = sources(work, python, name)
    report = work / "report.xml"
    report.unlink(missing_ok=True)
    (work / "plugins").mkdir(exist_ok=True)
    (work / "plugins/unhurried.py").write_text(UNHURRIED)
    paths = f"{folder / path}{os.pathsep}{work / 'plugins'}"
    env = dict(os.environ, PYTHONPATH=paths, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", CI="1")
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "unhurried", f"--junitxml={report}", *more, *tests.split()]
    start = time.perf_counter()
    log = work / f"{name}-{'recorded' if len(prefix) > 1 else 'plain'}.log"
    with open(log, "wb") as out:
        done = run([*prefix, *words], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    return done.returncode, outcomes(report), time.perf_counter() - start, log


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("binary", type=Path)
    asked.add_argument("--python", action="append", default=[])
    asked.add_argument("--only", action="append", default=[], choices=PACKAGES)
    asked.add_argument("--work", type=Path, default=Path("/tmp/monologue-packages"))
    asked.add_argument("--json", type=Path)
    asked = asked.parse_args()
    work = asked.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    binary = asked.binary.absolute()

    rows = []
    print(f"{'package':<16}{'python':<8}{'tests':>6}{'plain s':>9}{'rec. s':>9}  outcome", flush=True)
    for python in asked.python or ["python3.11", "python3.13"]:
        version, inside = environment(work, python)
        for name in asked.only or PACKAGES:
            trace = work / "run.trace"
            record = [binary, "record", "--python", inside, "-o", trace]
            plain = suite(work, inside, name, [inside])
            recorded = suite(work, inside, name, record)
            tests = plain[1].keys() | recorded[1].keys()
            differ = sorted(it for it in tests if plain[1].get(it) != recorded[1].get(it))
            same = not differ and plain[0] == recorded[0] and tests
            row = {
                "package": name,
                "python": version,
                "tests": len(tests),
                "status": [plain[0], recorded[0]],
                "seconds": [round(plain[2], 2), round(recorded[2], 2)],
                "trace_bytes": trace.stat().st_size if trace.exists() else None,
                "differ": differ,
            }
            trace.unlink(missing_ok=True)
            rows.append(row)
            said = "same" if same else f"DIFFER: status {row['status']}, {len(differ)} tests; see {recorded[3]}"
            print(f"{name:<16}{version:<8}{len(tests):>6}{plain[2]:>9.1f}{recorded[2]:>9.1f}  {said}", flush=True)
            for it in differ[:10]:
                print(f"    {it}\n      plain    {plain[1].get(it)}\n      recorded {recorded[1].get(it)}", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    bad = [it for it in rows if it["differ"] or it["status"][0] != it["status"][1] or not it["tests"]]
    sys.exit(1 if bad else 0)


main()
