"""generator.py GENERATOR BARE [--smoke]: what the generator costs beside what it cannot do without.

For each number of VPSes, interleaved: the generator, and `bare`, which reads the same files and
writes the same bytes and links. Wall-clock time of the whole process, all on one tmpfs, medians.
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time

RUNS = {0: 100, 1: 100, 100: 100, 1000: 40, 10000: 20}
SMOKE_RUNS = {0: 3, 1: 3, 100: 3}
TMPFS = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

VZ_CONF = """\
# Global parameters
VIRTUOZZO="yes"
LOCKDIR="/vz/lock"
LOGFILE="/var/log/vzctl.log"
TEMPLATE="/vz/template"
VE_ROOT="/vz/root/$VEID"
VE_PRIVATE="/vz/private/$VEID"
VE_PARALLEL="8"
"""

# A configuration as nodes have them: the UBC set of a sample, an address, a name.
VPS_CONF = """\
# Written for this measurement
ONBOOT="yes"
BOOTORDER="{order}"
PHYSPAGES="0:262144"
SWAPPAGES="0:524288"
KMEMSIZE="14372700:14790164"
LOCKEDPAGES="2048:2048"
PRIVVMPAGES="65536:69632"
SHMPAGES="21504:21504"
NUMPROC="240:240"
VMGUARPAGES="33792:unlimited"
OOMGUARPAGES="26112:unlimited"
NUMTCPSOCK="360:360"
NUMFLOCK="188:206"
NUMPTY="16:16"
NUMSIGINFO="256:256"
TCPSNDBUF="1720320:2703360"
TCPRCVBUF="1720320:2703360"
OTHERSOCKBUF="1126080:2097152"
DGRAMRCVBUF="262144:262144"
NUMOTHERSOCK="360:360"
DCACHESIZE="3409920:3624960"
NUMFILE="9312:9312"
NUMIPTENT="128:128"
DISKSPACE="2G:2.2G"
DISKINODES="131072:144179"
QUOTATIME="0"
CPUUNITS="1000"
CPULIMIT="50"
IP_ADDRESS="10.{high}.{low}.1"
HOSTNAME="vps{veid}.example.org"
NAME="vps{veid}"
NAMESERVER="inherit"
OSTEMPLATE="debian-12-x86_64"
ORIGIN_SAMPLE="basic"
"""


def write_configs(root, count):
    conf = os.path.join(root, "etc/vz/conf")
    os.makedirs(conf)
    with open(os.path.join(root, "etc/vz/vz.conf"), "w") as file:
        file.write(VZ_CONF)
    for veid in range(101, 101 + count):
        with open(os.path.join(conf, f"{veid}.conf"), "w") as file:
            file.write(VPS_CONF.format(veid=veid, order=veid % 5, high=veid >> 8, low=veid & 255))


def write_recipe(path, root, tree):
    """All that the generator has read and written, for `bare`."""
    records = []
    for parent, _, names in os.walk(os.path.join(root, "etc")):
        records += [("R", os.path.join(parent, name)) for name in names]
    for parent, directories, names in os.walk(tree):
        relative = os.path.relpath(parent, tree)
        records += [("D", os.path.normpath(os.path.join(relative, name))) for name in directories
                    if not os.path.islink(os.path.join(parent, name))]
        for name in names:
            full = os.path.join(parent, name)
            short = os.path.normpath(os.path.join(relative, name))
            if os.path.islink(full):
                records.append(("L", short, os.readlink(full)))
            else:
                with open(full) as file:
                    text = file.read()
                records.append(("F", short, str(len(text.encode())), text))
    with open(path, "wb") as file:
        for kind, *fields in records:
            last = fields.pop() if kind == "F" else ""
            file.write("\0".join([kind, *fields, ""]).encode() + last.encode())


def time_run(argv, output, environment={}):
    """Milliseconds that one run takes, into an empty directory."""
    os.mkdir(output)
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ | environment)
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter() - start
    assert status == 0, (argv, status)
    shutil.rmtree(output)
    return elapsed * 1000


def measure(generator, bare, count, runs):
    with tempfile.TemporaryDirectory(dir=TMPFS) as top:
        root, tree, recipe, output = (os.path.join(top, name)
                                      for name in ("root", "tree", "recipe", "output"))
        write_configs(root, count)
        os.mkdir(tree)
        os.spawnv(os.P_WAIT, generator, [generator, "--root=" + root, tree])
        write_recipe(recipe, root, tree)
        argvs = ([generator, "--root=" + root, output], [bare, recipe, output])
        times = ([], [])
        for run in range(runs + 1):
            for argv, found in zip(argvs, times):
                milliseconds = time_run(argv, output)
                if run > 0:  # the first run warms up
                    found.append(milliseconds)
        return [statistics.median(found) for found in times]


def main(generator, bare, *options):
    runs = SMOKE_RUNS if "--smoke" in options else RUNS
    print(f"{platform.release()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
          f"{TMPFS or tempfile.gettempdir()}")
    print(f"{'VPSes':>6} {'runs':>5} {'generator ms':>13} {'bare ms':>9} {'ratio':>6} {'us a VPS':>9}")
    for count, repeat in runs.items():
        ours, bares = measure(generator, bare, count, repeat)
        each = f"{1000 * ours / count:9.1f}" if count else f"{'':9}"
        print(f"{count:6} {repeat:5} {ours:13.2f} {bares:9.2f} {ours / bares:6.2f} {each}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
