#!/usr/bin/python3
"""Makes what the system tests boot, and keeps it between runs.

    images.py              make what the tests need, print each path
    images.py NAME…        only these

Names:
    host-bookworm, host-trixie   a host: disk.img (ext4), vmlinuz, initrd.img
    host-trixie-zfs              a host that has ZFS, whose module takes some ten minutes to build
    host-cluster                 a tree of a host of a cluster: Debian 13 with Pacemaker and Corosync
    vps-debian12, vps-debian13   VPS trees with systemd as init
    vps-containers               Debian 13 with podman, docker, WireGuard, OpenVPN
    vps-sysvinit, vps-openrc     with sysvinit's and OpenRC's own init
    vps-busybox                  busybox only: boots and stops at once, for most scenarios
    vps-i386                     the programs of Debian 12 and a static busybox, of 32 bits
    vz                           disk.img (ext4), to be mounted on /vz: all trees under template/
    vz-demo                      for the demonstration: Debian 12 as private area of VPS 101
    build-bookworm               a tree to build the project in, where the machine's own libc is too
                                 new for a bookworm host
    build-trixie                 the same with trixie's compiler and libraries (tests/build-trixie)
    package-bookworm, package-trixie   to build the Debian packages in (./package)

Runs as root (mmdebstrap, mkfs.ext4 -d). The cache is $VPS_TEST_CACHE, else
$XDG_CACHE_HOME/systemd-vps-tests, else /var/cache/systemd-vps-tests. An entry is named after the
hash of its recipe, so a changed recipe makes a new one; it appears whole or not at all, and two
runs at once do not make the same thing twice.
"""

import concurrent.futures
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

# Part of every recipe: raise it when this file makes something else from the same recipe.
FORMAT = 1

HOST_PACKAGES = [
    "systemd", "systemd-sysv", "udev", "dbus", "iproute2", "kmod", "linux-image-cloud-amd64",
    "procps", "psmisc", "util-linux", "e2fsprogs", "strace", "lxcfs", "xfsprogs", "cryptsetup-bin", "rsync",
    "libmnl0", "libnftables1", "iptables", "nftables", "fdisk", "qemu-utils", "systemd-container", "libnss-mymachines",
    # Clients of OpenVZ's vzctl and vzlist.
    "collectd-core", "perl", "resource-agents", "libvirt-clients",
    "nfs-kernel-server",
    # Snapshots of private areas, and backups of them.
    "btrfs-progs", "attr", "restic", "lvm2", "thin-provisioning-tools",
    # Archives of vzdump.
    "lzop",
]

CLUSTER_PACKAGES = [
    "systemd", "systemd-sysv", "dbus", "iproute2", "procps", "util-linux", "libmnl0", "libjson-c5", "libexpat1",
    "libseccomp2", "pacemaker", "pacemaker-cli-utils", "corosync", "resource-agents",
]

BUILD_PACKAGES = [
    "g++", "meson", "ninja-build", "pkg-config", "libsystemd-dev", "libseccomp-dev",
    "libboost-program-options-dev", "libfmt-dev", "libgtest-dev", "systemd",
    "libexpat1-dev", "libmnl-dev", "libnftables-dev", "libjson-c-dev",
]

PACKAGE_PACKAGES = ["build-essential", "debhelper", "lintian", "mandoc", "ccache", "python3"]

# Containers within a VPS, tunnels and packet filters.
CONTAINER_PACKAGES = [
    "systemd", "systemd-sysv", "libpam-systemd", "dbus-user-session", "iproute2", "busybox-static",
    "podman", "crun", "runc", "docker.io", "docker-cli", "uidmap", "fuse-overlayfs", "passt",
    "netavark", "rootlesskit", "slirp4netns", "wireguard-tools", "openvpn", "iptables", "nftables", "iputils-ping",
]

# A small initrd: most of a boot without KVM is spent on unpacking it.
HOST_SETUP = r"""
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/vps-tests"
printf '%s\n' virtio_pci virtio_blk ext4 >"$1/usr/share/initramfs-tools/modules.d/vps-tests"
"""

# The serial console is the runner's and the test's; nothing on it may wait for a login. The first
# boot goes through vps-test-init, which lays what the run brings over the image before systemd and
# its generators see it.
HOST_CUSTOMIZE = r"""
cd "$1"
for unit in serial-getty@ttyS0.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_all.timer e2scrub_reap.service dpkg-db-backup.timer fstrim.timer motd-news.timer \
    systemd-timesyncd.service systemd-machined.service collectd.service libvirt-guests.service \
    logd.service rpcbind.service rpcbind.socket nfs-server.service nfs-client.target nfs-blkmap.service \
    nfs-idmapd.service nfs-mountd.service rpc-statd.service rpc-statd-notify.service nfsdcld.service \
    fsidd.service; do
    ln -sf /dev/null "etc/systemd/system/$unit"
done
# Each takes a tenth of a second, or two, of an emulated boot and of each daemon-reload.
mkdir -p etc/systemd/system-generators
for generator in bless-boot debug getty gpt-auto hibernate-resume integritysetup rc-local run ssh \
    system-update sysv tpm2 veritysetup; do
    ln -sf /dev/null "etc/systemd/system-generators/systemd-$generator-generator"
done
for generator in nfs-server rpc-pipefs; do
    ln -sf /dev/null "etc/systemd/system-generators/$generator-generator"
done
echo vps-host >etc/hostname
printf '127.0.0.1 localhost vps-host\n' >etc/hosts
printf '/dev/vda / ext4 defaults 0 0\n/dev/vdb /vz ext4 defaults 0 0\n' >etc/fstab
mkdir -p vz mnt/disk etc/systemd/journald.conf.d etc/systemd/system.conf.d
printf '[Journal]\nStorage=persistent\nSyncIntervalSec=5s\nRateLimitIntervalSec=0\nForwardToConsole=no\n' \
    >etc/systemd/journald.conf.d/vps-tests.conf
printf '[Manager]\nDefaultTimeoutStartSec=120s\nShowStatus=no\n' \
    >etc/systemd/system.conf.d/vps-tests.conf
mkdir -p var/log/journal
# For the scenario that starts it: elsewhere VPSes see the host's /proc.
rm -f etc/systemd/system/multi-user.target.wants/lxcfs.service
passwd -d root >/dev/null 2>&1 || chroot . passwd -d root >/dev/null
cat >sbin/vps-test-init <<'INIT'
#!/bin/bash
mount -o remount,rw / 2>/dev/null
tar -C / --no-overwrite-dir --keep-directory-symlink -xf /dev/vdc || echo "unpacking the run's files failed" >/dev/console
exec /sbin/init "$@"
INIT
chmod 755 sbin/vps-test-init
"""

# ZFS of Debian's contrib, for the kernel that the host has. What builds the module goes again.
ZFS_CUSTOMIZE = r"""
kernel=$(ls lib/modules)
export DEBIAN_FRONTEND=noninteractive
chroot . apt-get -q install --yes --no-install-recommends "linux-headers-$kernel" zfs-dkms
version=$(ls usr/src | sed -n 's/^zfs-//p')
chroot . dkms install --no-depmod "zfs/$version" -k "$kernel" || {
    tail -n 40 "var/lib/dkms/zfs/$version/build/make.log"
    exit 1
}
mkdir -p kept "lib/modules/$kernel/extra"
find "lib/modules/$kernel/updates" -name '*.ko*' -exec mv -t kept {} +
chroot . apt-get -q purge --yes --autoremove "linux-headers-$kernel" zfs-dkms
mv kept/* "lib/modules/$kernel/extra"
rm -r kept
chroot . depmod "$kernel"
for unit in zfs-share.service zfs-volume-wait.service; do
    ln -sf /dev/null "etc/systemd/system/$unit"
done
"""

# A cluster is configured by the test; nothing else runs there.
CLUSTER_CUSTOMIZE = r"""
cd "$1"
for unit in getty@tty1.service console-getty.service apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_all.timer e2scrub_reap.service dpkg-db-backup.timer fstrim.timer systemd-timesyncd.service \
    systemd-networkd.service systemd-logind.service; do
    ln -sf /dev/null "etc/systemd/system/$unit"
done
mkdir -p vz/private vz/root var/log/journal etc/systemd/system/multi-user.target.wants
: >etc/fstab
ln -sf /usr/lib/systemd/system/corosync.service /usr/lib/systemd/system/pacemaker.service \
    etc/systemd/system/multi-user.target.wants/
"""

# Gettys on virtual consoles that a VPS does not have, as every OpenVZ template left them out.
SYSVINIT_CUSTOMIZE = r"""
cd "$1"
sed -i '/getty/d' etc/inittab
"""

OPENRC_CUSTOMIZE = r"""
cd "$1"
ln -sfn openrc-init sbin/init
"""

BUSYBOX_FINISH = r"""
cd "$1"
rm -rf usr/share etc/apt var usr/lib
mkdir -p bin sbin etc/init.d dev proc sys tmp root run var/log mnt usr/bin usr/sbin
busybox=$(find bin usr/bin -type f -name busybox)
[ "$busybox" = bin/busybox ] || mv "$busybox" bin/busybox
for applet in $(bin/busybox --list); do
    case $applet in busybox|init) continue;; esac
    ln -sfn busybox "bin/$applet"
done
ln -sfn ../bin/busybox sbin/init
for link in poweroff halt reboot; do ln -sfn ../bin/busybox "sbin/$link"; done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >etc/group
: >etc/fstab
cat >etc/inittab <<'TAB'
::sysinit:/etc/init.d/rcS
::shutdown:/etc/init.d/rcK
TAB
cat >etc/init.d/rcS <<'RC'
#!/bin/sh
hostname >/tmp/hostname
echo "busybox VPS is up"
date +%s.%N >>/tmp/booted
[ ! -x /etc/rc.local ] || /etc/rc.local
RC
cat >etc/init.d/rcK <<'RC'
#!/bin/sh
echo "busybox VPS goes down"
date +%s.%N >>/tmp/shut-down
RC
chmod 755 etc/init.d/rcS etc/init.d/rcK
chmod 1777 tmp
"""

# Programs and libraries alone, unpacked and not configured, since the kernel here may not run them: they
# take the places of those of a tree of Debian 12.
I386_FINISH = r"""
cd "$1"
mv bin/busybox ..
for directory in bin sbin lib; do
    cp -a $directory/. usr/$directory/
done
find . -mindepth 1 -maxdepth 1 -not -name usr -exec rm -rf {} +
rm -rf usr/share usr/include usr/src usr/games
mv ../busybox .
"""

HOST = {"kind": "host", "packages": HOST_PACKAGES, "variant": "minbase", "essential": HOST_SETUP,
        "customize": HOST_CUSTOMIZE}


def vps(suite, packages, **more):
    return {"kind": "tree", "suite": suite, "packages": packages, "variant": "minbase"} | more


RECIPES = {
    # The genuine ploop tool; Debian 13 has none.
    "host-bookworm": HOST | {"suite": "bookworm", "packages": [*HOST_PACKAGES, "ploop"]},
    "host-trixie": HOST | {"suite": "trixie",
                           "packages": [*HOST_PACKAGES, "systemd-cryptsetup"]},
    "host-trixie-zfs": HOST | {"suite": "trixie", "components": "main,contrib",
                               "packages": [*HOST_PACKAGES, "systemd-cryptsetup", "zfsutils-linux"],
                               "customize": HOST_CUSTOMIZE + ZFS_CUSTOMIZE},
    "host-cluster": vps("trixie", CLUSTER_PACKAGES, customize=CLUSTER_CUSTOMIZE),
    "vps-debian12": vps("bookworm", ["systemd", "systemd-sysv"]),
    "vps-debian13": vps("trixie", ["systemd", "systemd-sysv", "dbus"]),
    "vps-containers": vps("trixie", CONTAINER_PACKAGES),
    "vps-sysvinit": vps("bookworm", ["sysvinit-core", "initscripts"], customize=SYSVINIT_CUSTOMIZE),
    "vps-openrc": vps("bookworm", ["openrc"], customize=OPENRC_CUSTOMIZE),
    "vps-busybox": vps("bookworm", ["busybox-static"], variant="extract", finish=BUSYBOX_FINISH),
    "vps-i386": vps("bookworm", ["?essential", "systemd", "systemd-sysv", "busybox-static"],
                    variant="extract", architecture="i386", finish=I386_FINISH,
                    mirror="http://deb.debian.org/debian"),
    "build-bookworm": vps("bookworm", BUILD_PACKAGES, documentation=True) ,
    "build-trixie": vps("trixie", [*BUILD_PACKAGES, "ccache", "systemd-dev"]),
    "package-bookworm": vps("bookworm", [*BUILD_PACKAGES, *PACKAGE_PACKAGES], documentation=True),
    "package-trixie": vps("trixie", [*BUILD_PACKAGES, *PACKAGE_PACKAGES, "systemd-dev"],
                          documentation=True),
}
# Which tree lies where on the disk.
for name, places in {
    "vz": {f"template/{t}": t for t in ("debian12", "debian13", "containers", "sysvinit", "openrc",
                                           "busybox", "i386")},
    "vz-demo": {"private/101": "debian12"},
}.items():
    RECIPES[name] = {"kind": "vz", "places": places,
                     "trees": {t: RECIPES[f"vps-{t}"] for t in places.values()}}


class ImageError(Exception):
    """An image could not be made; the message is for whoever started the run."""


def cache_dir():
    """The cache folder, made if need be."""
    path = os.environ.get("VPS_TEST_CACHE")
    if not path:
        base = os.environ.get("XDG_CACHE_HOME")
        path = os.path.join(base, "systemd-vps-tests") if base else "/var/cache/systemd-vps-tests"
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    return path


def entry(name):
    """Where image NAME lies once made."""
    recipe = json.dumps([FORMAT, RECIPES[name]], sort_keys=True)
    return cache_dir() / f"{name}.{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


_say_lock = threading.Lock()


def say(text):
    """Progress, for a person and as a TAP comment alike."""
    with _say_lock:
        print(f"# {text}", flush=True)


def run(command, log):
    with open(log, "ab") as out:
        out.write(f"+ {' '.join(map(str, command))}\n".encode())
        out.flush()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, env=os.environ | {"LC_ALL": "C.UTF-8"})
    if done.returncode:
        tail = pathlib.Path(log).read_text(errors="replace").splitlines()[-15:]
        raise ImageError(f"{command[0]} exited {done.returncode}:\n" + "\n".join(tail))


def debootstrap(recipe, tree, log):
    command = ["mmdebstrap", '--aptopt=Acquire::Retries "5"', f"--variant={recipe['variant']}",
               "--dpkgopt=force-unsafe-io", *(f"--include={name}" for name in recipe["packages"])]
    if recipe.get("components"):
        command.append(f"--components={recipe['components']}")
    if recipe.get("architecture"):
        command.append(f"--architectures={recipe['architecture']}")
    if not recipe.get("documentation"):
        command += ["--dpkgopt=path-exclude=/usr/share/man/*",
                    "--dpkgopt=path-exclude=/usr/share/locale/*",
                    "--dpkgopt=path-exclude=/usr/share/doc/*",
                    # No host has its root there, and a large initrd is slow.
                    "--dpkgopt=path-exclude=/usr/share/initramfs-tools/hooks/btrfs"]
    for hook in "essential", "customize":
        if recipe.get(hook):
            script = tree.parent / f"{hook}-hook"
            script.write_text("#!/bin/sh\nset -e\n" + recipe[hook])
            script.chmod(0o755)
            command.append(f"--{hook}-hook={script}")
    source = [recipe["suite"], str(tree)]
    if recipe.get("mirror"):
        source.append(recipe["mirror"])
    # A mirror is out of reach or out of step for a moment now and then.
    for attempt in range(3):
        try:
            run(command + source, log)
            break
        except ImageError:
            if attempt == 2:
                raise
            say(f"{tree.parent.name[1:].removesuffix('.new')}: mmdebstrap failed, trying again")
            remove(tree)
            time.sleep(5 * attempt)
    if recipe.get("finish"):
        run(["sh", "-ec", recipe["finish"], "sh", str(tree)], log)


def make_disk(tree, disk, label, spare_mib, log):
    used = subprocess.run(["du", "-sk", "--apparent-size", tree], check=True, capture_output=True)
    # An inode for each file and some: small files take more room than they hold.
    mib = int(used.stdout.split()[0]) * 14 // 10 // 1024 + spare_mib
    run(["mkfs.ext4", "-q", "-F", "-L", label, "-E", "lazy_itable_init=0,root_owner=0:0", "-m", "0",
         "-d", str(tree), str(disk), f"{mib}M"], log)


def make_host(recipe, out, log):
    tree = out / "tree"
    debootstrap(recipe, tree, log)
    for pattern, target in ("vmlinuz-*", "vmlinuz"), ("initrd.img-*", "initrd.img"):
        found = sorted((tree / "boot").glob(pattern))
        if len(found) != 1:
            raise ImageError(f"{recipe['suite']}: expected one boot/{pattern}, found {len(found)}")
        shutil.copy(found[0], out / target)
    make_disk(tree, out / "disk.img", "host", 1024, log)
    shutil.rmtree(tree)


def make_vz(recipe, out, log):
    tree = out / "tree"
    for name in "template", "private", "root":
        (tree / name).mkdir(parents=True)
    for place, name in recipe["places"].items():
        source = ensure(f"vps-{name}")
        run(["cp", "-a", source / "tree", tree / place], log)
    make_disk(tree, out / "disk.img", "vz", 1024, log)
    shutil.rmtree(tree)


def ensure(name):
    """Makes image NAME if it is missing; returns its folder. Waits while another run makes it."""
    final = entry(name)
    with open(cache_dir() / f".{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"image {name}: waiting for another run that makes it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.exists():
            say(f"image {name}: making it")
            start = time.monotonic()
            out = cache_dir() / f".{name}.new"
            remove(out)
            out.mkdir()
            log = cache_dir() / f"{name}.log"
            log.unlink(missing_ok=True)
            recipe = RECIPES[name]
            try:
                if recipe["kind"] == "host":
                    make_host(recipe, out, log)
                elif recipe["kind"] == "tree":
                    debootstrap(recipe, out / "tree", log)
                else:
                    make_vz(recipe, out, log)
            except ImageError as error:
                raise ImageError(f"image {name}: {error}\n(all of it: {log})") from None
            out.rename(final)
            say(f"image {name}: made in {time.monotonic() - start:.0f} s")
        os.utime(final)
        forget_old(name, final)
    return final


def forget_old(name, current):
    """Removes what older recipes made, unless a run of the last day used it."""
    for path in cache_dir().glob(f"{name}.????????????"):
        if path != current and time.time() - path.stat().st_mtime > 86400:
            remove(path)


def remove(path):
    if path.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(path)], check=True)


def ensure_all(names):
    """Makes all of NAMES, several at once; returns {name: folder}."""
    # Parts before what is made of them, so that the workers are not spent on waiting.
    parts = [f"vps-{tree}" for name in names if RECIPES[name]["kind"] == "vz" and
             not entry(name).exists() for tree in RECIPES[name]["trees"]]
    hosts = [name for name in names if name not in parts]
    order = sorted(hosts, key=lambda name: RECIPES[name]["kind"] == "vz")
    order = [n for n in order if RECIPES[n]["kind"] != "vz"] + parts + \
            [n for n in order if RECIPES[n]["kind"] == "vz"]
    with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        futures = {name: pool.submit(ensure, name) for name in order}
        return {name: futures[name].result() for name in names}


def main():
    names = sys.argv[1:] or ["host-bookworm", "host-trixie", "host-cluster", "vz"]
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        sys.exit(f"{sys.argv[0]}: no image '{unknown[0]}'; there are: {' '.join(RECIPES)}")
    try:
        for name, path in ensure_all(names).items():
            print(f"{name} {path}")
    except ImageError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
