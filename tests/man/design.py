#!/usr/bin/python3
"""design.py SOURCE: checks that DESIGN.md leads its readers to places that exist.

- Each file and folder that it names in backticks exists.
- Its table of rooms is that of tests/check/rooms.py, and each room has a chapter.
- No line of prose in DESIGN.md, README.md, SECURITY.md is longer than 100 characters.
"""

import ast
import pathlib
import re
import sys

from report import find, finish

FOLDERS = ("lib", "generator", "helpers", "units", "tmpfiles", "man", "tests")
LONGEST = 100


def read_floors(source):
    """The table FLOORS of rooms.py, without running its main()."""
    tree = ast.parse((source / "tests/check/rooms.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "FLOORS":
            return ast.literal_eval(node.value)
    raise SystemExit("rooms.py has no FLOORS")


def exists(source, name):
    return any((source / (name + suffix)).exists() for suffix in ("", ".cc", ".hh"))


def check_places(source, text):
    for name in sorted(set(re.findall(rf"`((?:{'|'.join(FOLDERS)})/[^`\s]*)`", text))):
        if not exists(source, name):
            find("DESIGN.md", f"{name} is not there")


def check_rooms(text, floors):
    rows = re.findall(r"^\| (\d+) \| ([a-z, ]+) \| [^|]+ \|$", text, re.M)
    drawn = {int(number): set(rooms.split(", ")) for number, rooms in rows}
    expected = {number: set(rooms) for number, rooms in enumerate(floors, 1)}
    if drawn != expected:
        find("DESIGN.md", f"rooms:\n  {drawn}\nbut they are:\n  {expected}")
    headings = " ".join(re.findall(r"^## \d+\. (.*)$", text, re.M))
    for room in sorted(set().union(*floors)):
        if not re.search(rf"\b{room}\b", headings):
            find("DESIGN.md", f"the room {room} has no chapter")


def check_width(name, text):
    """Tables and displays may be wider."""
    prose = re.sub(r"^```.*?^```$", lambda display: "\n" * display.group().count("\n"), text,
                   flags=re.M | re.S)
    for number, line in enumerate(prose.splitlines(), 1):
        if len(line) > LONGEST and not line.startswith("|"):
            find(name, f"line {number} has {len(line)} characters")


def main():
    source = pathlib.Path(sys.argv[1])
    text = (source / "DESIGN.md").read_text()
    check_places(source, text)
    check_rooms(text, read_floors(source))
    for path in sorted(source.glob("*.md")):
        check_width(path.name, path.read_text())
    finish()


main()
