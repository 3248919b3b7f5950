"""list.py [--accept] PRINT-LIST TRANSCRIPT: vzlist, vzubc and vzpid over a small host print what the transcript has.

The transcript has a command line behind each "$", and below it what that prints, both
streams, and its exit code where that is not 0. --accept writes it anew.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

FILES = {
    "etc/vz/vz.conf": "VE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\n"
                      "CONFIGFILE=basic\nDEF_OSTEMPLATE=centos-6-x86_64\n",
    # Runs; has much.
    "etc/vz/conf/101.conf": """# a comment
ONBOOT="yes"
BOOTORDER="10"
PHYSPAGES="0:256M"
SWAPPAGES="0:64M"
NUMPROC="400:450"
KMEMSIZE="14372700:14790164"
NUMFILE="9312:9312"
DCACHESIZE="unlimited"
DISKSPACE="2G:2200M"
DISKINODES="131072:144179"
CPUUNITS="1000"
CPULIMIT="150"
CPUS="2"
IOPRIO="3"
IOLIMIT="10M"
IOPSLIMIT="500"
IP_ADDRESS="192.0.2.101 2001:db8::101 198.51.100.7/24"
NAMESERVER="192.0.2.53 2001:db8:ffff:ffff::53"
SEARCHDOMAIN="example.org example.com"
HOSTNAME="a-name-that-is-longer-than-its-column.example.org"
NAME="web"
DESCRIPTION="the shop, and more than fits into its column"
OSTEMPLATE="debian-12-x86_64"
ORIGIN_SAMPLE="basic"
FEATURES="nfs:on tun:off fuse:on"
CAPABILITY="SYS_TIME:off CHOWN:on"
NETFILTER="stateful"
VM_OVERCOMMIT="1.5"
MOUNT_OPTS="noatime"
""",
    # Does not run; says nothing but its name, which no column holds.
    "etc/vz/conf/102.conf": "HOSTNAME=db\nNAME=a-long-name-of-one\nONBOOT=no\n",
    # Mounted; has half of some pairs of settings.
    "etc/vz/conf/103.conf": "HOSTNAME=mail\nCPUUNITS=500\nDISABLED=yes\nBOOTORDER=20\n"
                            "IP_ADDRESS=2001:db8:1111:2222:3333:4444:5555:6666\nLAYOUT=simfs\n",
    # Its private area is gone: not listed, but known.
    "etc/vz/conf/104.conf": "HOSTNAME=gone\n",
    # Stands still; an image by its area.
    "etc/vz/conf/1050.conf": "HOSTNAME=lab\nCPULIMIT=50%\n",
    # What is written there acts on no terminal.
    "etc/vz/conf/106.conf": "NAME=\"\x1b[31mred\"\nDESCRIPTION=\"\xc3\xa4\xc3\xa4 \xff\\\"\xe2\x80\xae\"\nNUMPROC=x\n",
    "etc/vz/conf/0.conf": "HOSTNAME=host\n",
    "etc/vz/conf/x.conf": "HOSTNAME=none\n",
    "run/vps/101/state": "phase=running\nve_root=/vz/root/101\nve_private=/vz/private/101\n"
                         "mount_point=/vz/root/101\ninit_pid=7\ninit_start=1000\n",
    "run/vps/103/state": "phase=mounted\nve_root=/vz/root/103\nve_private=/vz/private/103\n"
                         "mount_point=/vz/root/103\n",
    "run/vps/1050/state": "phase=running\nve_root=/vz/root/1050\nve_private=/vz/private/1050\n"
                          "mount_point=/vz/root/1050\ninit_pid=9\ninit_start=5999000\n",
    # Runs, and has neither a configuration nor a number any more.
    "run/vps/107/state": "phase=running\nve_root=/r\nve_private=/p\nmount_point=/r\ninit_pid=8\n"
                         "init_start=0\n",
    "cgroup/vps-107.slice/vps-107.scope/cgroup.events": "populated 1\nfrozen 0\n",
    # Has been started so far that its keeper is in the scope.
    "etc/vz/conf/108.conf": "HOSTNAME=soon\n",
    "vz/private/108/etc/x": "",
    "run/vps/108/state": "phase=starting\nve_root=/vz/root/108\nve_private=/vz/private/108\n"
                         "mount_point=/elsewhere/108\n",
    "cgroup/vps-108.slice/vps-108.scope/cgroup.events": "populated 1\nfrozen 0\n",
    # Its state is lost: it is looked for by its scope.
    "etc/vz/conf/109.conf": "HOSTNAME=lost\n",
    "run/vps/109/network": "",
    "cgroup/vps-109.slice/vps-109.scope/cgroup.events": "populated 1\nfrozen 0\n",
    # Has ended; nobody has seen to it yet.
    "etc/vz/conf/110.conf": "HOSTNAME=ended\n",
    "vz/private/110/etc/x": "",
    "run/vps/110/state": "phase=running\nve_root=/vz/root/110\nve_private=/vz/private/110\n"
                         "mount_point=/vz/root/110\ninit_pid=5\ninit_start=5\n",
    "cgroup/vps-110.slice/vps-110.scope/cgroup.events": "populated 0\nfrozen 0\n",
    "run/vps/ids": "",
    "mountinfo": "21 1 254:1 / / rw,relatime - ext4 /dev/vda rw\n"
                 "30 21 254:1 /vz/private/103 /vz/root/103 rw,relatime - ext4 /dev/vda rw\n"
                 "32 21 254:1 /vz/private/108 /elsewhere/108 rw - ext4 /dev/vda rw\n"
                 "31 21 254:1 / /a\\040blank rw - ext4 /dev/vda rw\n",
    "vz/private/101/etc/x": "", "vz/private/102/etc/x": "", "vz/private/103/etc/x": "",
    "vz/private/106/etc/x": "",
    "vz/private/1050/root.hdd/DiskDescriptor.xml": "<x/>",
    "vz/root/101/x": "", "vz/root/1050/x": "",
    "cgroup/vps-101.slice/pids.max": "450\n",
    "cgroup/vps-101.slice/pids.events": "max 3\n",
    "cgroup/vps-101.slice/memory.max": "268435456\n",
    "cgroup/vps-101.slice/memory.swap.max": "67108864\n",
    "cgroup/vps-101.slice/memory.events": "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\n",
    "cgroup/vps-101.slice/memory.swap.events": "high 0\nmax 5\nfail 4\n",
    "cgroup/vps-101.slice/vps-101.scope/pids.current": "23\n",
    "cgroup/vps-101.slice/vps-101.scope/pids.peak": "77\n",
    "cgroup/vps-101.slice/vps-101.scope/pids.events": "max 0\n",
    "cgroup/vps-101.slice/vps-101.scope/memory.current": "104857600\n",
    "cgroup/vps-101.slice/vps-101.scope/memory.peak": "209715200\n",
    "cgroup/vps-101.slice/vps-101.scope/memory.swap.current": "4096\n",
    "cgroup/vps-101.slice/vps-101.scope/memory.swap.peak": "8192\n",
    "cgroup/vps-101.slice/vps-101.scope/memory.stat":
        "anon 40960000\nfile 4096\nkernel 5000000\nshmem 409600\nunevictable 8192\n"
        "slab_reclaimable 123456\n",
    "cgroup/vps-101.slice/vps-101.scope/cpu.stat":
        "usage_usec 12500000\nuser_usec 12000000\nsystem_usec 500000\n",
    "cgroup/vps-101.slice/vps-101.scope/io.stat":
        "8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"
        "8:16 rbytes=1000 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n",
    "cgroup/vps-101.slice/vps-101.scope/cpu.pressure":
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
    "cgroup/vps-101.slice/vps-101.scope/cgroup.events": "populated 1\nfrozen 0\n",
    "cgroup/vps-101.slice/vps-101.scope/cgroup.threads": "",
    "cgroup/vps-101.slice/vps-101.scope/a/cgroup.threads": "11\n12\n",
    "cgroup/vps-101.slice/vps-101.scope/a/b/cgroup.threads": "13\n14\n",
    "proc/11/stat": "11 (sh) S 1 1 1\n",
    "proc/11/status": "Name:\tsh\nUmask:\t0022\n",
    "proc/11/cgroup": "1:name=systemd:/vps.slice/vps-7.slice/vps-7.scope\n"
                      "0::/vps.slice/vps-101.slice/vps-101.scope/a\n",
    "proc/12/status": "Name:\ta\x1b[31m b\n",
    "proc/12/cgroup": "0::/vps.slice/vps-101.slice/scripts-of-vps-101.scope\n",
    "proc/13/status": "Name:\tx\n",
    "proc/13/cgroup": "0::/system.slice/0::/vps.slice/vps-9.slice/vps-9.scope\n",
    "run/vps/counts/101": "7 2 1 1250 5 1 2500 4 900\n",
    "run/vps/counts/102": "",
    "run/vps/links/venet101": "-> 101",
    "run/vps/links/veth101.0": "-> 101",
    "run/vps/links/venet102": "-> 102",
    "proc/net/dev": "Inter-|   Receive                  |  Transmit\n"
                    " face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
                    "    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
                    "venet101: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0\n"
                    "veth101.0:12345678901 1 0 0 0 0 0 0 2 2 0 0 0 0 0 0\n"
                    "venet107: 5 5 0 0 0 0 0 0 5 5 0 0 0 0 0 0\n",
    "proc/12/stat": "12 (a) R) ) R 1 1 1\n",
    "proc/13/stat": "13 (x) D 1 1 1\n",
    "cgroup/vps-1050.slice/pids.max": "max\n",
    "cgroup/vps-1050.slice/vps-1050.scope/pids.current": "2\n",
    "cgroup/vps-1050.slice/vps-1050.scope/cgroup.events": "populated 1\nfrozen 1\n",
}


def make_host(root):
    for path, text in FILES.items():
        name = os.path.join(root, path)
        os.makedirs(os.path.dirname(name), exist_ok=True)
        if text.startswith("-> "):
            os.symlink(text[3:], name)
            continue
        with open(name, "w", encoding="latin-1") as file:
            file.write(text)


def split(line):
    """The words and the name of "$ vzlist -a"."""
    _, name, *words = shlex.split(line)
    return words, name


def run(program, root, words, name="vzlist"):
    done = subprocess.run([program, root, name, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    said = done.stdout + "".join(f"! {line}\n" for line in done.stderr.splitlines())
    return done, said + (f"exit {done.returncode}\n" if done.returncode else "")


def expect_json(program, root):
    """JSON is well-formed, has the order of the fields and no other ones, and all VPSes."""
    for words in (["-aj"], ["-ajH", "-o", "veid,status,cpus,physpages,laverage"], ["-a1j"]):
        done, _ = run(program, root, words)
        vpses = json.loads(done.stdout)
        assert len({tuple(vps) for vps in vpses}) == 1, words
        assert [vps.get("veid") for vps in vpses] == [101, 102, 103, 106, 107, 108, 109, 110, 1050], vpses
    listed = {line.split()[0] for line in run(program, root, ["-L"])[0].stdout.splitlines()}
    whole = set(json.loads(run(program, root, ["-aj"])[0].stdout)[0])
    assert whole == {name for name in listed if "." not in name}, whole ^ listed
    for name in listed:
        for words in (["-a", "-o", name], ["-a", "-s", name], ["-as-" + name, "-1"]):
            done, _ = run(program, root, words)
            assert done.returncode == 0 and done.stderr == "", (words, done)


def expect_metrics(program, root):
    """A family has its help and type first, a counter is called so, and no sample is there twice."""
    text = run(program, root, ["--prometheus"])[0].stdout
    families = re.findall(r"((# HELP (\w+) \S.*\n# TYPE \3 (gauge|counter)\n)((?:\3\{.*\n)+))", text)
    assert "".join(whole for whole, *_ in families) == text, text
    label = r'\w+="(?:[^"\\]|\\["\\])*"'
    for _, _, name, kind, samples in families:
        assert name.endswith("_total") == (kind == "counter"), name
        series = [line.rpartition(" ")[0] for line in samples.splitlines()]
        assert len(set(series)) == len(series), series
        for line in samples.splitlines():
            assert re.fullmatch(rf"\w+\{{{label}(?:,{label})*\}} \d+(\.\d+)?", line), line
    assert len({name for _, _, name, *_ in families}) == len(families)
    if promtool := os.environ.get("PROMTOOL") or shutil.which("promtool"):  # of Prometheus
        judged = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True,
                                text=True)
        assert judged.returncode == 0 and judged.stderr == "", judged


def main():
    accept = sys.argv[1] == "--accept"
    program, transcript = sys.argv[1 + accept:]
    with open(transcript) as file:
        commands = [line for line in file if line.startswith("$ ")]
    with tempfile.TemporaryDirectory() as root:
        make_host(root)
        found = "".join(line + run(program, root, *split(line))[1] for line in commands)
        expect_json(program, root)
        expect_metrics(program, root)
    # Versions of json-c differ in where an empty array ends.
    found = re.sub(r"\[\s+\]", "[]", found)
    if accept:
        with open(transcript, "w") as file:
            file.write(found)
        return
    with open(transcript) as file:
        expected = file.read()
    if found != expected:
        with tempfile.NamedTemporaryFile("w", suffix=".found") as file:
            file.write(found)
            file.flush()
            subprocess.run(["diff", "-u", transcript, file.name])
        sys.exit(1)


main()
