"""rooms.py SOURCE: includes point one way: a room of lib/ includes only rooms below it.

A room is a folder. Rooms of one floor do not include each other.
"""

import pathlib
import re
import sys

# The floors from the ground up.
FLOORS = [
    ["sys"],
    ["config"],
    ["systemd", "state"],
    ["limits", "quota", "ploop", "command", "snapshot"],
    ["context"],
    ["script", "list"],
    ["network", "generator"],
    ["files"],
    ["life", "enter"],
    ["check", "manage"],
    ["helpers"],
]
GENERATED = {"installed.hh", "version.hh", "launcher.inc", "every_filter.inc", "host-user_filter.inc", "io-uring_filter.inc",
             "socketcall_filter.inc"}

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def wrong_includes(room, text):
    """What `text`, a file of `room`, includes and must not."""
    for included in INCLUDE.findall(text):
        if included in GENERATED:
            continue
        target = included.partition("/")[0]
        if target != room and FLOOR.get(target, len(FLOORS)) >= FLOOR[room]:
            yield included


def test_wrong_includes():
    assert list(wrong_includes("sys", '#include "sys/fd.hh"\n#include <fmt/format.h>\n')) == []
    assert list(wrong_includes("sys", ' # include "config/veid.hh"\n')) == ["config/veid.hh"]
    assert list(wrong_includes("state", '#include "systemd/log.hh"\n')) == ["systemd/log.hh"]
    assert list(wrong_includes("life", '#include "error.hh"\n')) == ["error.hh"]


def main():
    test_wrong_includes()
    source = pathlib.Path(sys.argv[1])
    found = {path.name for path in (source / "lib").iterdir() if path.is_dir()}
    found |= {"generator", "helpers"}
    problems = [f"{room}: not in the table of floors" for room in found - set(FLOOR)]
    problems += [f"{room}: no such folder" for room in set(FLOOR) - found]
    for room in found & set(FLOOR):
        folder = source / room if (source / room).is_dir() else source / "lib" / room
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".cc", ".hh"):
                problems += [f"{path.relative_to(source)}: includes {included}, which is not below it"
                             for included in wrong_includes(room, path.read_text())]
    for path in (source / "helpers").iterdir():
        if path.suffix == ".hh":
            problems.append(f"{path.relative_to(source)}: helpers/ holds programs only")
    sys.exit("\n".join(sorted(problems)) or 0)


main()
