"""Runs a program where it can write to nothing but the directories it is given."""

import ctypes
import os
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
SYS_MOUNT_SETATTR = 442

libc = ctypes.CDLL(None, use_errno=True)


class MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


def mount_setattr(path, flags, set=0, clear=0):
    attr = MountAttr(set=set, clear=clear)
    check(
        libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, ctypes.byref(attr),
                     ctypes.sizeof(attr)),
        f"mount_setattr {path}",
    )


def make_read_only(writable):
    user = CLONE_NEWUSER if os.geteuid() != 0 else 0
    check(libc.unshare(CLONE_NEWNS | user), "unshare")
    check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    for path in writable:
        check(libc.mount(path.encode(), path.encode(), None, MS_BIND, None), f"bind {path}")
    mount_setattr("/", AT_RECURSIVE, set=MOUNT_ATTR_RDONLY)
    for path in writable:
        mount_setattr(path, 0, clear=MOUNT_ATTR_RDONLY)


def run(argv, writable=()):
    """The finished process, output captured; skips the whole test where this cannot be done."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SYSTEMD_")}
    try:
        return subprocess.run(argv, preexec_fn=lambda: make_read_only(writable), env=environment,
                              capture_output=True, stdin=subprocess.DEVNULL)
    except subprocess.SubprocessError as error:
        skip(f"no read-only root here: {error}")


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") else 77)
