#!/usr/bin/python3
"""spec.py BUILD SOURCE SBINDIR HELPERDIR: the file lists of the RPM spec are what `meson install`
installs: each file is in one package, and no line names what is not there. The version is meson's."""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys

PLACES = {
    "_bindir": "/usr/bin", "_datadir": "/usr/share", "_initddir": "/etc/init.d",
    "_journalcatalogdir": "/usr/lib/systemd/catalog", "_mandir": "/usr/share/man",
    "_prefix": "/usr", "_sysconfdir": "/etc",
    "_systemdgeneratordir": "/usr/lib/systemd/system-generators",
    "_tmpfilesdir": "/usr/lib/tmpfiles.d", "_udevrulesdir": "/usr/lib/udev/rules.d",
    "_unitdir": "/usr/lib/systemd/system",
}


def read_lists(text, places):
    """The patterns of each %files, by the package's name."""
    lists = {}
    for name, body in re.findall(r"^%files ?(\w*)\n(.*?)(?=^%\w+|\Z)",
                                 re.sub(r"^%(license|doc) .*\n", "", text, flags=re.M)
                                 .replace("%config(noreplace) ", ""), re.M | re.S):
        lines = re.sub(r"%\{(\w+)\}", lambda macro: places[macro.group(1)], body).split()
        lists[name] = [line + "*" if line.endswith("/") else line for line in lines]
    return lists


def main(build, source, sbindir, helperdir):
    spec = pathlib.Path(source, "packaging/rpm/systemd-vps.spec").read_text()
    project = json.loads(subprocess.check_output(["meson", "introspect", "--projectinfo", build]))
    installed = set(json.loads(subprocess.check_output(
        ["meson", "introspect", "--installed", build])).values())
    places = PLACES | {"_sbindir": sbindir, "_libexecdir": str(pathlib.Path(helperdir).parent)}
    problems = []
    if f"\nVersion: {project['version']}\n" not in spec:
        problems.append(f"the version is not {project['version']}")
    lists = read_lists(spec, places)
    assert set(lists) == {"", "vzctl"}, lists
    lines = [line for patterns in lists.values() for line in patterns]
    for path in sorted(installed):
        owners = [line for line in lines if fnmatch.fnmatchcase(path, line)]
        if len(owners) != 1:
            problems.append(f"{path}: in {owners or 'no package'}")
    for line in lines:
        if not any(fnmatch.fnmatchcase(path, line) for path in installed):
            problems.append(f"{line}: is not installed")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
