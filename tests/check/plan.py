"""plan.py SOURCE: the scenarios' headers can be read and none is left out; runs are counted rightly."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
source = pathlib.Path(sys.argv[1])
sys.path[:0] = [str(source / "tests/system"), str(source / "tests")]
import plan  # noqa: E402
import report  # noqa: E402

FINDINGS = []


def expect(what, expected, found):
    if found != expected:
        FINDINGS.append(f"{what}: expected {expected!r}, found {found!r}")


def names(turn="", full=""):
    """What runs, as {(kind, release): names}."""
    os.environ["CI_TURN"], os.environ["CI_FULL"] = turn, full
    return {place: {scenario.name for scenario in found} for place, found in plan.plan().items()}


def check_turns():
    full, turns = names(full="1"), [names("0"), names("1")]
    for place, all_of_it in full.items():
        if place[0] != "package":
            expect(f"both turns of {place}", all_of_it, turns[0][place] | turns[1][place])
    packages = {scenario.name for scenario in plan.scenarios() if "package" in scenario.hosts}
    for release, turn in zip(plan.RELEASES, turns):
        expect(f"packages in the turn of {release}", packages, turn["package", release])
    for kind in "container", "emulated":
        every = full[kind, "bookworm"] | full[kind, "trixie"]
        for number, turn in enumerate(turns):
            expect(f"{kind} on either release, turn {number}", every,
                   turn[kind, "bookworm"] | turn[kind, "trixie"])
    by_name = {scenario.name for scenario in plan.scenarios() if "zfs" in scenario.hosts}
    expect("scenarios that run only by their names", by_name,
           {scenario.name for scenario in plan.scenarios()} - set.union(*full.values()))


def check_headers():
    def read(text):
        path = pathlib.Path(folder, "x")
        path.write_text(text)
        return plan.Scenario(path)

    with tempfile.TemporaryDirectory() as folder:
        both = read("# What it is.\n# host: container\n# host: kernel\n# timeout: 600\n\nstart 101\n")
        expect("hosts", ["container", "kernel"], both.hosts)
        expect("timeout", 600, both.timeout)
        expect("is for", [("container", "trixie"), ("emulated", "trixie")],
               [(kind, "trixie") for kind in ("container", "emulated") if both.may_run(kind, "trixie")])
        plain = read("# What it is.\nstart 101\n# host: container\n# release: trixie\n")
        expect("hosts without a line at the top", ["emulated"], plain.hosts)
        expect("releases without a line at the top", plan.RELEASES, plain.releases)
        for line in "# host: contaner", "# release: sid", "# timeout: long", "# host: container, fast":
            try:
                read(f"{line}\n")
                FINDINGS.append(f"'{line}' was taken")
            except SystemExit:
                pass


def check_count():
    tap = "1..4\nok 1 - a # 2.0 s\n# why\nnot ok 2 - b # 300.5 s\nok 3 - c # SKIP no power 1.0 s\nok 4 - d # 9.1 s\n"
    total = report.Sum()
    total.add({"name": "container-trixie", "result": "FAIL", "stdout": tap, "duration": 320})
    total.add({"name": "host", "result": "OK", "stdout": "PASSED", "duration": 12.25})
    total.add({"name": "systemd-vps:fuzz / fuzz", "result": "TIMEOUT", "duration": 60})
    total.add({"name": "readme", "result": "SKIP", "duration": 0})
    total.add({"name": "emulated-trixie", "result": "ERROR", "stdout": "1..2\nok 1 - e # 1.0 s\n"})
    with contextlib.redirect_stdout(io.StringIO()) as said:
        total.print()
    lines = said.getvalue().splitlines()
    expect("the last line", "4 passed, 3 failed, 2 skipped", lines[-1])
    expect("the slowest", ["   300.5 s  b, container-trixie", "    60.0 s  fuzz", "    12.2 s  host",
                           "     9.1 s  d, container-trixie", "     2.0 s  a, container-trixie"],
           lines[-6:-1])
    for reason in "# why", "container-trixie: not ok 2 - b # 300.5 s", "fuzz: TIMEOUT":
        expect(f"'{reason}' is told", True, reason in lines)


check_turns()
check_headers()
check_count()
print(*FINDINGS, sep="\n")
sys.exit(1 if FINDINGS else 0)
