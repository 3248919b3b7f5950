#!/usr/bin/python3
"""On the throwaway host: measures what the plan asks for, writes results as JSON, powers the host off.

/opt/bench/plan.json: {"what": "starts", "rounds": 50, "together": [100], "generators": [1, 100]} or
{"what": "boot", "count": 100}. See ../run, which makes the host.
"""

import json
import os
import pathlib
import random
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
HERE = pathlib.Path("/opt/bench")
TREES = pathlib.Path("/vz/bench")  # the peers' trees, on the file system of the private areas
FIRST_ID, IDS = 524288, 65536
LONGEST = 20  # seconds that a start may take


def run(*argv, seconds=LONGEST):
    """Runs a command to its end; RuntimeError with the last of what it said if it fails."""
    # no pipe, which processes that it leaves behind would hold
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
        # Popen.wait(timeout) looks again after 1, 2, 4… 50 ms, and these pauses would be measured.
        ended = select.poll()
        handle = os.pidfd_open(process.pid)
        ended.register(handle, select.POLLIN)
        in_time = ended.poll(seconds * 1000)
        os.close(handle)
        if not in_time:
            process.kill()
        code = process.wait()
        if not in_time:
            raise RuntimeError(f"{' '.join(argv)[:80]}: no end in {seconds} s")
        output.seek(0)
        said = output.read()
    if code:
        last = " / ".join(said.strip().splitlines()[-2:])
        raise RuntimeError(f"{' '.join(argv)[:80]}: exit code {code}: {last}")
    return said


def make_tree(path, stay, shifted=False):
    """The same tree for all: the probe as init. Shifted, where a launcher maps no ids by itself."""
    for name in "sbin", "proc", "sys", "dev", "etc", "usr/bin", "tmp", "run", "root", "var":
        (path / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "probe-init", path / "usr/bin/probe-init")
    (path / "sbin/init").symlink_to("../usr/bin/probe-init")
    (path / "etc/os-release").write_text("ID=bench\n")
    (path / "stamp").touch()
    (path / "stamp").chmod(0o666)
    if stay:
        (path / "stay").touch()
    if shifted:
        for folder, folders, names in os.walk(path):
            for name in [".", *folders, *names]:
                os.lchown(os.path.join(folder, name), FIRST_ID, FIRST_ID)


def write_unit(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def pid1_cpu():
    return int(pathlib.Path("/proc/1/schedstat").read_text().split()[0]) / 1e6


def reload_time():
    """PID 1's CPU time for a daemon-reload, ms: the least of some, which other work disturbs least."""
    times = []
    for _ in range(5):
        before = pid1_cpu()
        run("systemctl", "daemon-reload")
        times.append(pid1_cpu() - before)
    return min(times)


def stamp_of(tree):
    """When init was executed, in nanoseconds, or None."""
    text = (tree / "stamp").read_text().split()
    return int(text[-1]) if text else None


def clear_stamp(tree):
    os.truncate(tree / "stamp", 0)


# ---- a launcher by itself -----------------------------------------------------------------------

def oci_config(tree):
    """One config.json for crun and runc: what VPSes get, as far as it has words for it."""
    def mount(kind, target, *options):
        return {"type": kind, "source": kind, "destination": target, "options": list(options)}
    ids = [{"containerID": 0, "hostID": FIRST_ID, "size": IDS}]
    capabilities = [f"CAP_{name}" for name in
                    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_ADMIN NET_RAW "
                    "SYS_CHROOT SYS_ADMIN SYS_BOOT MKNOD AUDIT_WRITE SETFCAP".split()]
    return {
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": 0, "gid": 0}, "args": ["/sbin/init"],
                    "env": ["PATH=/sbin:/bin"], "cwd": "/",
                    "capabilities": {kind: capabilities for kind in
                                     ("bounding", "effective", "permitted")}},
        "root": {"path": str(tree), "readonly": False},
        "hostname": "bench",
        "mounts": [
            mount("proc", "/proc"),
            mount("tmpfs", "/dev", "nosuid", "mode=755", "size=65536k"),
            mount("devpts", "/dev/pts", "nosuid", "noexec", "newinstance", "ptmxmode=0666",
                  "mode=0620"),
            mount("tmpfs", "/dev/shm", "nosuid", "noexec", "nodev", "mode=1777"),
            mount("mqueue", "/dev/mqueue", "nosuid", "noexec", "nodev"),
            mount("sysfs", "/sys", "nosuid", "noexec", "nodev", "ro"),
        ],
        "linux": {
            "uidMappings": ids, "gidMappings": ids,
            "namespaces": [{"type": kind} for kind in
                           ("pid", "network", "ipc", "uts", "mount", "user", "cgroup")],
            "maskedPaths": ["/proc/kcore", "/proc/timer_list"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                              "/proc/sysrq-trigger"],
            # As many system calls are denied as to a VPS.
            "seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                        "syscalls": [{"action": "SCMP_ACT_ERRNO", "names":
                                      "adjtimex clock_adjtime clock_settime settimeofday init_module "
                                      "finit_module delete_module kexec_load kexec_file_load iopl "
                                      "ioperm syslog swapon swapoff acct quotactl add_key keyctl "
                                      "request_key open_by_handle_at bpf perf_event_open "
                                      "userfaultfd".split()}]},
        },
    }


def lxc_config(name, tree):
    return (f"lxc.uts.name = {name}\nlxc.rootfs.path = dir:{tree}\nlxc.init.cmd = /sbin/init\n"
            f"lxc.idmap = u 0 {FIRST_ID} {IDS}\nlxc.idmap = g 0 {FIRST_ID} {IDS}\n"
            "lxc.net.0.type = empty\nlxc.mount.auto = proc:mixed sys:ro\n"
            "lxc.signal.halt = SIGTERM\n"
            "lxc.console.path = none\nlxc.tty.max = 0\nlxc.pty.max = 16\nlxc.autodev = 1\n"
            "lxc.apparmor.profile = unconfined\n")


class Launcher:
    def __init__(self, name, argv, tree):
        self.name, self.argv, self.tree = name, argv, tree
        self.rows, self.reason = [], None

    def launch(self):
        """Runs it to the end of its init; returns what timed-start has printed."""
        with tempfile.TemporaryFile("w+") as output:
            subprocess.run([HERE / "timed-start", str(LONGEST), *self.argv],
                           stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True)
            output.seek(0)
            return output.read()

    def start_once(self):
        clear_stamp(self.tree)
        lines = self.launch().splitlines()
        if not lines:
            raise RuntimeError("it was not started")
        *said, taken = lines
        taken = json.loads(taken)
        stamp = stamp_of(self.tree)
        if stamp is None or os.WIFSIGNALED(taken["status"]):
            raise RuntimeError("its init did not come up, or it did not end: " +
                               " / ".join(said[-3:]))
        return {"init": (stamp - taken["begin"]) / 1e6,
                "end": (taken["end"] - taken["begin"]) / 1e6, "cpu": taken["cpu"],
                "kib": taken["kib"]}

    def try_once(self, warm_up):
        if self.reason:
            return
        try:
            row = self.start_once()
            if not warm_up:
                self.rows.append(row)
        except (RuntimeError, OSError) as error:
            self.reason = str(error)
            print(f"{self.name}: {self.reason}", flush=True)


class VpsRun(Launcher):
    """It runs in its unit only: what is timed comes after vps-mount; PID 1 makes the scope in it."""

    OUTPUT = HERE / "vps-run.txt"

    def __init__(self, name, veid, vps_run, more=""):
        tree = pathlib.Path(f"/vz/private/{veid}")
        super().__init__(name, [], tree)
        make_tree(tree, stay=False)
        pathlib.Path(f"/etc/vz/conf/{veid}.conf").write_text('ONBOOT="no"\n')
        self.unit = f"vps@{veid}.service"
        write_unit(f"/run/systemd/system/{self.unit}.d/bench.conf", f"""\
[Service]
{more}ExecStart=
ExecStart=/bin/sh -c 'exec {HERE}/timed-start {LONGEST} {vps_run} {veid} 2>{self.OUTPUT}'
""")
        run("systemctl", "daemon-reload")

    def launch(self):
        self.OUTPUT.write_text("")
        # The init ends at once, perhaps before systemd has heard that the container is up.
        subprocess.run(["systemctl", "start", self.unit], check=False,
                       stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + LONGEST
        while subprocess.run(["systemctl", "is-active", "-q", self.unit],
                             check=False).returncode == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        run("systemctl", "stop", self.unit)
        run("systemctl", "reset-failed")
        return self.OUTPUT.read_text()


# What a scope has, its cgroup and devices, the service has then.
WITHOUT_SCOPE = "Delegate=yes\nDevicePolicy=closed\n"


def program(name):
    return shutil.which(name) or f"/usr/bin/{name}"


def make_launchers():
    for name in "subuid", "subgid":  # for LXC's newuidmap
        pathlib.Path(f"/etc/{name}").write_text(f"root:{FIRST_ID}:{IDS}\n")
    own = TREES / "own"
    make_tree(own, stay=False)
    shifted = TREES / "shifted"
    make_tree(shifted, stay=False, shifted=True)
    for name in "crun", "runc":
        bundle = TREES / f"bundle-{name}"
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(oci_config(shifted)))
    lxc = TREES / "lxc/bench"
    lxc.mkdir(parents=True)
    (lxc / "config").write_text(lxc_config("bench", shifted))
    return [
        Launcher("bare C program", [str(HERE / "bare-start"), str(own)], own),
        VpsRun("vps-run", 102, "/usr/lib/systemd-vps/vps-run"),
        VpsRun("vps-run without a scope", 103, HERE / "unscoped-vps-run", WITHOUT_SCOPE),
        Launcher("bubblewrap", [program("bwrap"), "--unshare-all", "--uid", "0", "--gid", "0",
                                "--cap-add", "ALL", "--as-pid-1", "--die-with-parent",
                                "--bind", str(shifted), "/", "--proc", "/proc", "--dev", "/dev",
                                "--mqueue", "/dev/mqueue", "--hostname", "bench", "/sbin/init"],
                 shifted),
        Launcher("crun", [program("crun"), "run", "--bundle", str(TREES / "bundle-crun"), "bench"],
                 shifted),
        Launcher("lxc-start", [program("lxc-start"), "-F", "-P", str(TREES / "lxc"), "-n", "bench"],
                 shifted),
        Launcher("runc", [program("runc"), "run", "--bundle", str(TREES / "bundle-runc"), "bench"],
                 shifted),
        Launcher("systemd-nspawn", [program("systemd-nspawn"), "-q", "--keep-unit", "--register=no",
                                    "--console=pipe", "--private-network",
                                    f"--private-users={FIRST_ID}:{IDS}", "-D", str(shifted),
                                    "/sbin/init"], shifted),
    ]


def measure_launchers(rounds):
    launchers = make_launchers()
    for number in range(rounds + 2):
        for launcher in launchers:
            launcher.try_once(warm_up=number < 2)
    return [{"name": one.name, "rows": one.rows, "reason": one.reason} for one in launchers]


# ---- units ---------------------------------------------------------------------------------------

class Kind:
    """A template of units, or a unit for each number, and its trees."""

    def __init__(self, name, unit, tree, prepare, first=201):
        self.name, self.unit, self.tree, self.prepare = name, unit, tree, prepare
        self.first = first
        self.reason = None
        self.one, self.many, self.memory = [], {}, None

    def units(self, count):
        return [self.unit.format(self.first + i) for i in range(count)]

    def trees(self, count):
        return [pathlib.Path(str(self.tree).format(self.first + i)) for i in range(count)]

    def be_alone(self, count):
        """PID 1 looks at all slices of VPSes at each start: there are no others' but the kind's own."""
        run("systemctl", "stop", "vps.slice")  # which measure_units() has allowed
        if self.unit.startswith("vps@"):
            run("systemctl", "start", *(f"vps-{self.first + i}.slice" for i in range(count)))

    def start(self, count):
        trees = self.trees(count)
        for tree in trees:
            clear_stamp(tree)
        before = pid1_cpu()
        begin = time.monotonic_ns()
        run("systemctl", "start", *self.units(count), seconds=LONGEST + count)
        active = time.monotonic_ns()
        deadline = time.monotonic() + LONGEST
        while not all(stamp_of(tree) for tree in trees):
            if time.monotonic() > deadline:
                raise RuntimeError("systemctl start succeeded, but no init came up")
            time.sleep(0.0005)
        last = max(stamp_of(tree) for tree in trees)
        return {"active": (active - begin) / 1e6, "init": (last - begin) / 1e6,
                "ready": (max(active, last) - begin) / 1e6, "cpu_pid1": pid1_cpu() - before}

    def stop(self, count):
        begin = time.monotonic_ns()
        run("systemctl", "stop", *self.units(count), seconds=LONGEST + count)
        subprocess.run(["systemctl", "reset-failed"], check=False)
        return (time.monotonic_ns() - begin) / 1e6


def memory_of(pids):
    """KiB that these processes have for themselves, each, on average."""
    private = []
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        private.append(sum(int(line.split()[1]) for line in text.splitlines()
                           if line.startswith("Private_")))
    return statistics.mean(private)


def numbers_of(name, units):
    """A property of each unit, as far as it is a number that says something."""
    text = run("systemctl", "show", f"--property={name}", "--value", *units, seconds=LONGEST + 600)
    return [int(word) for word in text.split() if word.isdigit() and int(word) < 1 << 63]


def main_pids(units):
    return [number for number in numbers_of("MainPID", units) if number]


def switches(pids):
    return sum(int(line.split()[1]) for pid in pids
               for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if "ctxt_switches" in line)


def connections_to_pid1():
    return sum(line.split()[5] == "03" and line.endswith("/run/systemd/private\n")
               for line in open("/proc/net/unix"))


def prepare_own(count, first=201):
    for veid in range(first, first + count):
        make_tree(pathlib.Path(f"/vz/private/{veid}"), stay=True)
        pathlib.Path(f"/etc/vz/conf/{veid}.conf").write_text('ONBOOT="no"\nSTOP_TIMEOUT="30"\n')


UNSCOPED = 1201  # the first of the VPSes without a scope


def prepare_unscoped(count):
    prepare_own(count, UNSCOPED)
    for veid in range(UNSCOPED, UNSCOPED + count):
        write_unit(f"/etc/systemd/system/vps@{veid}.service.d/bench.conf", f"""\
[Service]
{WITHOUT_SCOPE}ExecStartPre=
ExecStartPre={HERE}/unscoped-vps-mount {veid}
ExecStart=
ExecStart={HERE}/unscoped-vps-run {veid}
ExecStop=
ExecStop=/bin/sh -c 'kill $(cat /proc/$MAINPID/task/$MAINPID/children); while kill -0 $MAINPID; do sleep 0.01; done 2>/dev/null'
ExecStopPost=
ExecStopPost={HERE}/unscoped-vps-umount {veid}
""")


def prepare_bare(count):
    for number in range(201, 201 + count):
        make_tree(TREES / f"bare/{number}", stay=True)
        (TREES / f"bare-root/{number}").mkdir(parents=True)
    write_unit("/etc/systemd/system/bare@.service", f"""\
[Service]
Type=exec
ExecStartPre=/bin/mount --bind {TREES}/bare/%i {TREES}/bare-root/%i
ExecStart={HERE}/bare-start {TREES}/bare-root/%i
ExecStopPost=/bin/umount {TREES}/bare-root/%i
""")


def prepare_nspawn(count):
    for number in range(201, 201 + count):
        make_tree(pathlib.Path(f"/var/lib/machines/b{number}"), stay=True)


def prepare_lxc(count):
    for number in range(201, 201 + count):
        tree = TREES / f"lxc-trees/{number}"
        make_tree(tree, stay=True, shifted=True)
        write_unit(f"/var/lib/lxc/b{number}/config", lxc_config(f"b{number}", tree))


def prepare_crun(count):
    for number in range(201, 201 + count):
        tree = TREES / f"crun-trees/{number}"
        make_tree(tree, stay=True, shifted=True)
        write_unit(TREES / f"crun/{number}/config.json", json.dumps(oci_config(tree)))
    write_unit("/etc/systemd/system/crun@.service", f"""\
[Service]
Type=exec
Delegate=yes
ExecStart={program('crun')} run --bundle {TREES}/crun/%i unit-%i
ExecStop={program('crun')} kill unit-%i TERM
ExecStopPost=-{program('crun')} delete --force unit-%i
""")


def prepare_quadlet(count):
    if not shutil.which("podman"):
        raise RuntimeError("this release has no podman with Quadlet (4.4 or newer)")
    # A host in a container has no controller for the first setting, and must not write the second.
    write_unit("/etc/containers/containers.conf",
               "[containers]\npids_limit = 0\ndefault_sysctls = []\n")
    for number in range(201, 201 + count):
        tree = TREES / f"quadlet-trees/{number}"
        make_tree(tree, stay=True)
        write_unit(f"/etc/containers/systemd/q{number}.container", f"""\
[Container]
Rootfs={tree}
Exec=/sbin/init
Network=none
ContainerName=q{number}
""")


def measure_units(rounds, counts):
    kinds = [
        Kind("vps@", "vps@{}.service", "/vz/private/{}", prepare_own),
        Kind("vps@ without a scope", "vps@{}.service", "/vz/private/{}", prepare_unscoped,
             UNSCOPED),
        Kind("mount + bare C program, no scope", "bare@{}.service", TREES / "bare/{}", prepare_bare),
        Kind("systemd-nspawn@", "systemd-nspawn@b{}.service", "/var/lib/machines/b{}", prepare_nspawn),
        Kind("lxc@", "lxc@b{}.service", TREES / "lxc-trees/{}", prepare_lxc),
        Kind("crun unit", "crun@{}.service", TREES / "crun-trees/{}", prepare_crun),
        Kind("Quadlet", "q{}.service", TREES / "quadlet-trees/{}", prepare_quadlet),
    ]
    most = max(counts)

    def attempt(kind, action):
        if kind.reason:
            return
        try:
            action()
        except (RuntimeError, OSError) as error:
            kind.reason = str(error)
            print(f"{kind.name}: {kind.reason}", flush=True)

    write_unit("/etc/systemd/system/vps.slice.d/bench.conf", "[Unit]\nRefuseManualStop=no\n")
    for kind in kinds:
        attempt(kind, lambda: kind.prepare(most))
    run("systemctl", "daemon-reload")

    def one(kind, keep):
        row = kind.start(1)
        kind.stop(1)
        if keep:
            kind.one.append(row)

    def together(kind, count):
        kind.be_alone(count)
        looks = count == most and kind.memory is None
        reload_before = reload_time() if looks else None
        row = kind.start(count)
        if looks:
            pids = main_pids(kind.units(count))
            time.sleep(2)  # by then systemctl's own connection is gone
            before = switches(pids)
            time.sleep(3)
            kind.memory = {"private_kib": memory_of(pids), "wakeups": switches(pids) - before,
                           "processes": len(pids), "connections_to_pid1": connections_to_pid1(),
                           "reload_before": reload_before, "reload": reload_time()}
        row["stop"] = kind.stop(count)
        kind.many.setdefault(count, []).append(row)

    # A start is faster or slower after another kind's start, so that the order of the kinds
    # changes.
    order = random.Random(1)
    for number in range(rounds + 1):
        for kind in order.sample(kinds, len(kinds)):
            attempt(kind, lambda: one(kind, number > 0))
    for count in counts:
        for number in range(rounds):
            for kind in order.sample(kinds, len(kinds)):
                attempt(kind, lambda: together(kind, count))
    return [{"name": kind.name, "one": kind.one, "many": kind.many, "memory": kind.memory,
             "reason": kind.reason} for kind in kinds]


# ---- generators ----------------------------------------------------------------------------------

def write_fstab(top, count):
    path = top / "fstab"
    path.write_text("".join(f"/srv/{i} /mnt/{i} none bind,nofail 0 0\n" for i in range(count)))
    return {"SYSTEMD_FSTAB": str(path)}


def write_quadlets(top, count):
    folder = top / "quadlets"
    folder.mkdir()
    for i in range(count):
        (folder / f"c{i}.container").write_text(
            f"[Unit]\nDescription=Container {i}\n[Container]\nImage=example.org/image\n"
            f"ContainerName=c{i}\nPodmanArgs=--memory=1g\n[Install]\nWantedBy=multi-user.target\n")
    return {"QUADLET_UNIT_DIRS": str(folder)}


def measure_generators(rounds, counts):
    """Milliseconds of each run, by number of entries and generator."""
    import generator  # beside this file
    folder = "/usr/lib/systemd/system-generators"
    ours, bare = f"{folder}/systemd-vps-generator", str(HERE / "bare")
    peers = {"systemd-fstab-generator": (f"{folder}/systemd-fstab-generator", write_fstab, 3),
             "Quadlet": ("/usr/libexec/podman/quadlet", write_quadlets, 1)}
    results, reasons = {}, {}
    for count in counts:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
            top = pathlib.Path(name)
            generator.write_configs(str(top / "root"), count)
            (top / "tree").mkdir()
            run(ours, f"--root={top}/root", str(top / "tree"))
            generator.write_recipe(str(top / "recipe"), str(top / "root"), str(top / "tree"))
            commands = {"bare loop": ([bare, str(top / "recipe"), "{}"], {}),
                        "systemd-vps-generator": ([ours, f"--root={top}/root", "{}"], {})}
            for peer, (path, write, directories) in peers.items():
                if os.access(path, os.X_OK):
                    commands[peer] = ([path] + ["{}"] * directories, write(top, count))
                else:
                    reasons[peer] = f"this release has no {path}"
            times = {one: [] for one in commands}
            for number in range(rounds + 1):
                for one, (argv, environment) in commands.items():
                    words = [word.format(top / "out") for word in argv]
                    milliseconds = generator.time_run(words, str(top / "out"), environment)
                    if number:
                        times[one].append(milliseconds)
            results[count] = times
    return {"times": results, "reasons": reasons}


# ---- a whole boot --------------------------------------------------------------------------------

def anonymous_of_pid1():
    for line in open("/proc/1/smaps_rollup"):
        if line.startswith("Anonymous:"):
            return int(line.split()[1])
    return 0


def measure_boot(count):
    """All VPSes of this host start at boot: what that has taken when they are up."""
    units = [f"vps@{veid}.service" for veid in range(101, 101 + count)]
    deadline = time.monotonic() + 900
    while True:
        text = run("systemctl", "list-units", "--plain", "--no-legend", "--all", "vps@*.service",
                   seconds=300)
        up = sum(" active " in line for line in text.splitlines())
        failed = sum(" failed " in line for line in text.splitlines())
        if up + failed >= count or time.monotonic() > deadline:
            break
        time.sleep(1)
    last = max(numbers_of("ActiveEnterTimestampMonotonic", units)) / 1e6
    begin = min(number for number in numbers_of("InactiveExitTimestampMonotonic", units)
                if number) / 1e6
    pids = main_pids(units)
    cpu = {"pid1": pid1_cpu()}
    result = {"count": count, "up": up, "failed": failed, "seconds": last - begin, "cpu_ms": cpu,
              "pid1_anonymous_kib": anonymous_of_pid1(), "supervisor_private_kib": memory_of(pids),
              "mounts": sum(1 for _ in open("/proc/1/mountinfo"))}
    cpu["services"] = sum(numbers_of("CPUUsageNSec", units)) / 1e6
    reloads = []
    for _ in range(3):
        begin = time.monotonic()
        run("systemctl", "daemon-reload", seconds=300)
        reloads.append(time.monotonic() - begin)
    result["reload_seconds"] = statistics.median(reloads)
    begin, before = time.monotonic(), switches(pids)
    time.sleep(5)
    result["wakeups_a_second"] = (switches(pids) - before) / (time.monotonic() - begin)
    return result


def starts(plan):
    """The parts of the measurement, each a name and what gives its results."""
    yield "systemd", lambda: run("systemctl", "--version").split()[1]
    yield "generators", lambda: measure_generators(plan["rounds"], plan["generators"])
    yield "launchers", lambda: measure_launchers(plan["rounds"])
    yield "units", lambda: measure_units(plan["rounds"], plan["together"])


def boot(plan):
    yield "boot", lambda: measure_boot(plan["count"])
    yield "poweroff_at", time.time


def main():
    plan = json.loads((HERE / "plan.json").read_text())
    results = {}
    try:
        for name, measure in {"starts": starts, "boot": boot}[plan["what"]](plan):
            print(f"measuring {name}", flush=True)
            results[name] = measure()
            # The results so far are written, should the host not come to its end.
            (HERE / "results/results.json").write_text(json.dumps(results))
    except Exception:  # the program that made the host has to hear of it
        results["error"] = traceback.format_exc()
    with open(HERE / "results/journal.txt", "w") as journal:
        subprocess.run(["journalctl", "--no-pager", "-b"], stdout=journal, check=False)
    (HERE / "results/results.json").write_text(json.dumps(results))
    subprocess.run(["systemctl", "poweroff", "--no-block"], check=False)


if __name__ == "__main__":
    main()
