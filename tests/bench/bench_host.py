"""The throwaway host that the starts are measured on: a release of Debian with all peers installed.

It is run by systemd-nspawn on this machine's kernel, with a real systemd as PID 1.
"""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
import images  # noqa: E402

PEERS = ["bubblewrap", "crun", "lxc", "runc", "systemd-container"]
PACKAGES = ["systemd", "systemd-sysv", "dbus", "iproute2", "kmod", "python3", "uidmap", *PEERS]

CUSTOMIZE = r"""
cd "$1"
for unit in console-getty.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
    e2scrub_reap.service dpkg-db-backup.timer fstrim.timer motd-news.timer lxc-net.service \
    lxc-monitord.service systemd-networkd.service systemd-networkd.socket podman.socket \
    podman.service podman-auto-update.timer podman-restart.service; do
    ln -sf /dev/null "etc/systemd/system/$unit"
done
mkdir -p vz etc/systemd/journald.conf.d etc/systemd/system.conf.d
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' >etc/systemd/journald.conf.d/bench.conf
printf '[Manager]\nDefaultTimeoutStartSec=300s\n' >etc/systemd/system.conf.d/bench.conf
"""

RECIPES = {
    "bench-bookworm": images.vps("bookworm", PACKAGES, customize=CUSTOMIZE),
    # Quadlet came with podman 4.4.
    "bench-trixie": images.vps("trixie", [*PACKAGES, "podman"], customize=CUSTOMIZE),
}
images.RECIPES |= RECIPES


def ensure(release):
    """The tree with the peers, made with apt-get where it is not there yet."""
    return images.ensure(f"bench-{release}") / "tree"


# The shell's mounts are in a namespace of their own, and end with the shell. systemd-nspawn needs a
# cgroup that no other process is in, and a hierarchy of version 2.
BOOT = r"""
    set -e
    root=$1 results=$2
    shift 2
    for cgroup; do
        mkdir -p "$cgroup"
        echo $$ >"$cgroup/cgroup.procs"
    done
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    exec systemd-nspawn -q --boot -D "$root" --register=no --keep-unit --machine="vps-bench-$$" \
        --hostname=vps-bench --capability=all --system-call-filter=@known --rlimit=RLIMIT_NOFILE=524288:524288 \
        --bind="$results:/opt/bench/results"
"""


def boot(root, results, log):
    """Boots the host at `root` and waits until it has powered off."""
    cgroups = [pathlib.Path(words[1]) / f"vps-bench.{os.getpid()}"
               for words in map(str.split, open("/proc/mounts"))
               if words[2] == "cgroup2" or "name=systemd" in words[3].split(",")]
    with open(log, "ab") as console:
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", BOOT, "sh", root, results,
                                    *cgroups],
                                   stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            for top in cgroups:
                for folder, _, _ in os.walk(top, topdown=False):
                    try:
                        os.rmdir(folder)
                    except OSError:
                        pass  # a cgroup that is left is empty and does no harm
