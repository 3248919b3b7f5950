"""Which scenario runs where: what the scenarios say of themselves, and whose turn it is.

A scenario is a bash file in scenarios/. Lines of its own at its top, in this very form, say:

    # host: container     in a container on each release: fast, on this machine's kernel; no limits of
                          memory, CPU or processes, no disks, modules or device mapper of its own
    # host: emulated      on an emulated host of each release (so it is without any such line)
    # host: kernel        on an emulated host of one release a run, in turn: for what is about the kernel,
                          and hardly about systemd; CI_FULL=1 runs it on both
    # host: package       in a container that has none of our programs, and this build's Debian packages in
                          /opt/vps-tests/packages; of one release a run, in turn
    # host: zfs           on an emulated host that has ZFS, and only if it is named: Debian has the module as
                          source alone, and to build it takes longer than all of a run; `release: trixie` too
    # release: trixie     on this release only
    # timeout: 600        has so many seconds (240)
    # shown: yes          has its output shown, even if it passes

`container` and `kernel` together: each gets it. The turn follows from the commit (without git: from
the day), so that it differs from run to run, and one can be repeated; CI_TURN=0 or 1 sets it.
"""

import os
import pathlib
import re
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
RELEASES = ["bookworm", "trixie"]
KINDS = ["container", "emulated", "package"]
ALLOWED = {
    "host": ["container", "emulated", "kernel", "package", "zfs"],
    "release": RELEASES,
    "timeout": None,
    "shown": ["yes"],
}


class Scenario:
    """One file, and what its header says."""

    def __init__(self, path):
        self.path = path
        self.name = path.name
        # The comment at its top ends with the first line that is none.
        top = re.match(r"(#.*\n)*", path.read_text()).group()
        said = {key: re.findall(rf"^# {key}: *(.*)$", top, re.M) for key in ALLOWED}
        for key, values in said.items():
            for value in values:
                if not value.isdigit() if ALLOWED[key] is None else value not in ALLOWED[key]:
                    raise SystemExit(f"{path}: '# {key}: {value}' is not known")
        self.hosts = said["host"] or ["emulated"]
        self.releases = said["release"] or RELEASES
        self.timeout = int((said["timeout"] or ["240"])[0])

    def may_run(self, kind, release):
        """Whether it is for KIND of host of RELEASE, be it its turn or not."""
        kinds = {"emulated": ["emulated", "kernel"]}.get(kind, [kind])
        return release in self.releases and any(host in kinds for host in self.hosts)


def scenarios():
    """All of them, by name."""
    return [Scenario(path) for path in sorted((HERE / "scenarios").iterdir())
            if path.name[0].isdigit()]


def turn():
    """Whose turn it is, 0 or 1, and what that follows from."""
    if os.environ.get("CI_TURN", "") in ("0", "1"):
        return int(os.environ["CI_TURN"]), "by CI_TURN"
    try:
        found = subprocess.run(["git", "-c", "safe.directory=*", "-C", HERE, "rev-parse", "HEAD"],
                               capture_output=True, text=True)
        if found.returncode == 0:
            commit = found.stdout.strip()
            return int(commit, 16) % 2, f"by commit {commit[:12]}"
    except FileNotFoundError:
        pass
    day = int(time.time() // 86400)
    return day % 2, f"by day {day}"


def plan():
    """{(kind, release): [Scenario]} for this run; kind is one of KINDS."""
    full = os.environ.get("CI_FULL", "") not in ("", "0")
    places = {(kind, release): [] for kind in KINDS for release in RELEASES}
    now = turn()[0]
    in_turn = 0
    for scenario in scenarios():
        for release in scenario.releases:
            if "container" in scenario.hosts:
                places["container", release].append(scenario)
            if "emulated" in scenario.hosts:
                places["emulated", release].append(scenario)
            # To build the packages takes longer than their scenarios.
            if "package" in scenario.hosts and release == RELEASES[now]:
                places["package", release].append(scenario)
        if "kernel" in scenario.hosts:
            releases = scenario.releases
            if len(releases) > 1 and not full:
                # Neighbours in the list go to different releases: half of the work to each.
                releases = [releases[(now + in_turn) % len(releases)]]
                in_turn += 1
            for release in releases:
                places["emulated", release].append(scenario)
    return places


def named(words):
    """The scenarios that WORDS name: parts of their names, or files."""
    result = []
    for word in words:
        if "/" in word:
            found = [Scenario(pathlib.Path(word))] if pathlib.Path(word).is_file() else []
        else:
            found = [scenario for scenario in scenarios() if word in scenario.name]
        if not found:
            raise SystemExit(f"no scenario '{word}'; there are: "
                             f"{' '.join(scenario.name for scenario in scenarios())}")
        result += [scenario for scenario in found
                   if scenario.path not in [other.path for other in result]]
    return result


def suites(words):
    """The tests of meson's that run scenarios which WORDS name."""
    found = [kind if kind == "package" else f"{kind}-{release}" for kind in KINDS
             for release in RELEASES
             if any(scenario.may_run(kind, release) for scenario in named(words))]
    if not found:
        raise SystemExit("these run by their names alone: tests/system/run --release trixie --build build "
                         + " ".join(words))
    return list(dict.fromkeys(found))


def print_list():
    """A table of what runs where, now and in turn."""
    number, reason = turn()
    places = plan()
    columns = list(places)
    print(f"{'':24}" + "".join(f"{kind:22}" for kind in KINDS).rstrip())
    print(f"{'scenario':24}" + "".join(f"{release:11}" for _, release in columns))
    for scenario in scenarios():
        cells = []
        for kind, release in columns:
            runs = scenario.name in [other.name for other in places[kind, release]]
            on_demand = kind == "emulated" and release in scenario.releases and "zfs" in scenario.hosts
            cells.append("yes" if runs else "in turn" if scenario.may_run(kind, release) else
                         "by name" if on_demand else "-")
        print(f"{scenario.name:24}" + "".join(f"{cell:11}" for cell in cells).rstrip())
    print(f"turn {number}, {reason}; CI_FULL=1: both")
