"""many.py GENERATOR: a thousand VPSes, all their units, and no more edges than they need."""

import collections
import os
import re
import sys
import tempfile

from golden import generate

COUNT, PARALLEL, LEVELS = 1000, 8, 4


def write_configs(root):
    conf = os.path.join(root, "etc/vz/conf")
    os.makedirs(conf)
    with open(os.path.join(root, "etc/vz/vz.conf"), "w") as file:
        file.write(f"VE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\nVE_PARALLEL={PARALLEL}\n")
    for veid in range(1, COUNT + 1):
        with open(os.path.join(conf, f"{veid}.conf"), "w") as file:
            file.write(f'ONBOOT="yes"\nBOOTORDER="{veid % LEVELS}"\nPHYSPAGES="0:{veid + 9}M"\n')


def main(generator):
    with tempfile.TemporaryDirectory() as root:
        write_configs(root)
        units, words, status = generate(generator, root)
        # The generator works on as many CPUs as it may use.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        assert generate(generator, root) == (units, words, status), "one CPU makes a difference"
    assert (words, status) == (b"", b"0\n"), (words, status)

    paths = re.findall(r"^--- (\S+)", units.decode(), re.M)
    kinds = collections.Counter(re.sub(r"\d+", "N", path) for path in paths)
    assert kinds == {
        "vps@N.service.d/N-vps.conf": COUNT,
        "vps-N.slice": COUNT,
        "late/vps@N.service": COUNT,
        "vps.target.wants/vps@N.service": COUNT,
        "vps-bootorder-N.target": LEVELS,
        "vps.target.wants/vps-bootorder-N.target": LEVELS,
    }, kinds

    window = dict(re.findall(r"^--- vps-(\d+)\.slice$(?:.(?!---))*?^After=vps@(\d+)\.service$",
                             units.decode(), re.M | re.S))
    assert len(window) == COUNT - LEVELS * PARALLEL, len(window)
    assert all(int(late) - int(early) == LEVELS * PARALLEL for late, early in window.items())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
