"""verify.py UNITS GOLDEN-CASE...: systemd has nothing to say against the units of UNITS, nor
against those together with the ones that the generator makes in each golden case.

The helpers need not be installed: in the copy that is verified, Exec lines run /bin/true.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") else 77)


def copy_shipped(units, directory):
    for name in os.listdir(units):
        if not re.search(r"\.(service|slice|target|mount|socket|path|timer)$", name):
            continue
        with open(os.path.join(units, name)) as source:
            text = re.sub(r"^(Exec\w+=[-+!:@]*)(?:@[A-Z_]+@)?/\S+", r"\1/bin/true", source.read(), flags=re.M)
        with open(os.path.join(directory, name), "w") as copy:
            copy.write(text)


def unflatten(flat, directory):
    """Writes the files of a golden case's `units` and returns the names of the units in it."""
    names = set()
    for entry in re.split(rb"^--- ", flat, flags=re.M)[1:]:
        head, text = entry.split(b"\n", 1)
        path, _, target = head.decode().removeprefix("late/").partition(" -> ")
        names.add(re.sub(r"\.d/.*", "", path.removeprefix("vps.target.wants/")))
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if target:
            os.symlink(target.replace("@UNIT_DIR@", directory), full)
        else:
            with open(full, "wb") as file:
                file.write(text)
    return names


def verify(units, flat):
    with tempfile.TemporaryDirectory() as directory:
        copy_shipped(units, directory)
        names = unflatten(flat, directory) | {"vps.target", "vps.slice", "vps@4711.service"}
        # A scope exists only while it runs: real ones prove its settings, in system tests.
        names = {name for name in names if not name.endswith(".scope")}
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *sorted(names)],
                              env={**os.environ, "SYSTEMD_UNIT_PATH": directory + ":"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    sys.stdout.write(done.stdout.decode(errors="backslashreplace"))
    return done.returncode == 0 and not done.stdout


def main(units, *cases):
    if not shutil.which("systemd-analyze"):
        skip("no systemd-analyze here")
    bad = 0
    for case in (None, *cases):
        flat = open(os.path.join(case, "units"), "rb").read() if case else b""
        if not verify(units, flat):
            print("not clean:", case or units)
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
