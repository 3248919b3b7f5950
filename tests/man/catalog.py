#!/usr/bin/python3
"""catalog.py SOURCE: checks the message catalog against the message ids of lib/systemd/log.hh, the pages
that its entries and vps@.service(5) name, and journalctl's own parser."""

import pathlib
import re
import subprocess
import sys
import tempfile

from report import find, finish, require

HEADERS = {"Subject", "Defined-By", "Documentation"}


def check_entries(entries, ids, fields):
    for name, id in ids.items():
        if id not in entries:
            find("catalog", f"{name} ({id}) is missing")
    for id in entries.keys() - ids.values():
        find("catalog", f"{id} is no message id of lib/systemd/log.hh")
    for id, text in entries.items():
        head, _, body = text.strip().partition("\n\n")
        headers = dict(line.partition(": ")[::2] for line in head.splitlines())
        if headers.keys() != HEADERS or headers["Defined-By"] != "systemd-vps":
            find("catalog", f"{id}: headers {sorted(headers)}")
        if not body.strip():
            find("catalog", f"{id}: no explanation")
        for field in re.findall(r"@([A-Z0-9_]+)@", text):
            if field not in fields:
                find("catalog", f"{id}: nothing sends a field {field}")


def check_parser(catalog, ids):
    require("journalctl")
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root, "usr/lib/systemd/catalog")
        folder.mkdir(parents=True)
        pathlib.Path(root, "var/lib/systemd/catalog").mkdir(parents=True)
        (folder / catalog.name).write_bytes(catalog.read_bytes())
        made = subprocess.run(["journalctl", f"--root={root}", "--update-catalog"],
                              capture_output=True, text=True)
        if made.returncode or made.stderr:
            find("journalctl --update-catalog", made.stderr.strip() or f"exit {made.returncode}")
        listed = subprocess.run(["journalctl", f"--root={root}", "--list-catalog"],
                                capture_output=True, text=True).stdout
        for id in ids.values():
            if id not in listed:
                find("journalctl --list-catalog", f"does not know {id}")


def main():
    source = pathlib.Path(sys.argv[1])
    ids = dict(re.findall(r'string_view (k\w+) = "([0-9a-f]{32})"',
                          (source / "lib/systemd/log.hh").read_text()))
    if not ids:
        find("lib/systemd/log.hh", "no message ids found")
    if len(set(ids.values())) != len(ids):
        find("lib/systemd/log.hh", "two messages have one id")
    sources = "".join(path.read_text()
                      for folder in ("lib", "helpers") for path in (source / folder).rglob("*.cc"))
    # The fields that journalctl may fill in: those that lib/systemd/log.cc or a caller of it sends.
    fields = set(re.findall(r'"([A-Z][A-Z_]+)=?"', sources))
    catalog = source / "units/systemd-vps.catalog"
    parts = re.split(r"^-- ([0-9a-f]{32})\n", catalog.read_text(), flags=re.M)
    entries = dict(zip(parts[1::2], parts[2::2]))
    if len(entries) != len(parts) // 2:
        find("catalog", "an id is there twice")
    check_entries(entries, ids, fields)

    page = (source / "man/vps@.service.5").read_text()
    listed = re.findall(r"^\.It Li ([0-9a-f]{32})$", page, re.M)
    for id in set(ids.values()) ^ set(listed):
        find("vps@.service.5", f"message id {id} is in one of lib/systemd/log.hh and the page only")
    check_parser(catalog, ids)
    finish()


main()
