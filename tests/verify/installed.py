"""installed.py BUILD: where `meson install` puts things.

- Nothing lies in a directory that is a link on a host (/lib, /sbin, ...): a tree of DESTDIR that is
  copied to a host would put a directory in the link's place.
- Programs that the installed units name are installed there.
"""

import json
import os
import re
import subprocess
import sys

LINKS = ("/bin/", "/lib/", "/lib32/", "/lib64/", "/sbin/")


def main(build):
    installed = json.loads(subprocess.check_output(["meson", "introspect", "--installed", build]))
    places = set(installed.values())
    problems = [f"{place}: below a directory that is a link on a host"
                for place in sorted(places) if place.startswith(LINKS)]
    named = 0
    for source, place in installed.items():
        # A link, to /dev/null or to another file, has no source.
        if not re.search(r"\.(service|slice|target|conf)$", place) or not os.path.isabs(source):
            continue
        with open(source) as unit:
            for program in re.findall(r"^Exec\w+=[-+!:@]*(\S*vps-\S+)", unit.read(), re.M):
                named += 1
                if program not in places:
                    problems.append(f"{place}: runs {program}, which is not installed")
    if not named:
        problems.append("no unit runs a program")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
