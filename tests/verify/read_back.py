"""read_back.py UNITS GOLDEN-CASE: systemd reads hostile names and paths as the configuration meant
them, and nothing more. Asks a `systemd --test`, which starts nothing.
"""

import os
import re
import subprocess
import sys
import tempfile

from verify import copy_shipped, skip, unflatten

SYSTEMD = "/lib/systemd/systemd"
NOBODY = 65534

EXPECTED = {
    "101": ("VPS 101 (a [Service] ExecStart=/bin/sh): %n %% \\ $(id) `id`",
            {"/vz/private/101", "/vz/root"}),
    "103": ("VPS 103 (ends in a backslash\\)",
            {"/vz/root", "/vz/with space/and%n/and\"quote/and'one/and\\back\\"}),
    "104": ("VPS 104", {"/vz/ok"}),
    "105": ("VPS 105 ( [31mred )", {"/vz/root"}),
}


def drop_root():
    """systemd --test refuses to run as root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def read_back(directory, unit):
    """systemd's description of one unit."""
    done = subprocess.run([SYSTEMD, "--test", "--system", "--unit=" + unit], preexec_fn=drop_root,
                          env={"SYSTEMD_UNIT_PATH": directory + ":", "XDG_RUNTIME_DIR": directory,
                               "SYSTEMD_IGNORE_CHROOT": "1"},
                          capture_output=True, timeout=60, cwd="/")
    dump = done.stdout.decode(errors="replace")
    found = re.search(rf"^\t*-> Unit {re.escape(unit)}:\n((?:\t\t.*\n)*)", dump, re.M)
    if not found:
        skip("systemd --test does not work here: " + done.stderr.decode(errors="replace")[-300:])
    return found[1]


def main(units, case):
    if not os.path.exists(SYSTEMD):
        skip("no systemd here")
    bad = 0
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        copy_shipped(units, directory)
        unflatten(open(os.path.join(case, "units"), "rb").read(), directory)
        for veid, (description, mounts) in EXPECTED.items():
            dump = read_back(directory, f"vps@{veid}.service")
            found = (re.search(r"^\t\tDescription: (.*)$", dump, re.M)[1],
                     set(re.findall(r"^\t\tRequiresMountsFor: (.*) \(origin-file\)$", dump, re.M)))
            if found != (description, mounts):
                print(f"vps {veid}: expected {(description, mounts)}, found {found}")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
