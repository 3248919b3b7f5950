"""check.py VPS-CHECK: what it says and ends with, for small hosts below a directory."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

VZ_CONF = "VE_ROOT=/vz/root/$VEID\nVE_PRIVATE=/vz/private/$VEID\n"
PROGRAM = sys.argv[1]


def write(root, path, content, mode=0o644):
    name = os.path.join(root, path)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(name, mode)


def make_host(root, config="ONBOOT=yes\n"):
    write(root, "etc/vz/vz.conf", VZ_CONF)
    write(root, "etc/vz/conf/101.conf", config)
    write(root, "vz/private/101/sbin/init", "", 0o755)


def run(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def check(root, *words):
    """Exit code, and what the JSON says, which must agree with it."""
    done = run(f"--root={root}", "--json", *words)
    found = json.loads(done.stdout.decode())
    codes = [vps["exit_code"] for vps in found["vpses"] if not vps["starts"]]
    if codes:
        assert done.returncode == codes[0], (done, codes)
    text = run(f"--root={root}", *words)
    assert text.returncode == done.returncode
    assert not [byte for byte in text.stdout if byte < 32 and byte != 10], text.stdout
    return done.returncode, found


def rows_of(found, name):
    return [row for file in found["files"] if file["file"].endswith(name) for row in file["rows"]]


def findings_of(found, name):
    return [(finding["severity"], finding["line"], finding["text"]) for file in found["files"]
            if file["file"].endswith(name) for finding in file["findings"]]


def test_exit_codes():
    """Each host is broken in one way; the code is that of the start."""
    def remove(path):
        return lambda root: os.remove(os.path.join(root, path))

    def config(text):
        return lambda root: write(root, "etc/vz/conf/101.conf", text)

    def script(name, text, mode=0o755):
        return lambda root: write(root, "etc/vz/conf/" + name, text, mode)

    def both(*breaks):
        return lambda root: [step(root) for step in breaks]

    def add_disk(root):
        write(root, "vz/private/101/root.hdd/DiskDescriptor.xml", "")

    def remove_files(root):
        shutil.rmtree(os.path.join(root, "vz/private/101"))

    rows = [
        (0, lambda root: None),
        (10, remove("etc/vz/vz.conf")),
        (14, remove("etc/vz/conf/101.conf")),
        (21, config("PHYSPAGES=2x\n")),
        (21, config("NUMPROC=-1\n")),
        (0, config("NUMPROC=-1\nNUMPROC=10\n")),
        (0, config("PHYSPAGES=2.2G:1G\n")),
        (22, lambda root: write(root, "etc/vz/vz.conf", "VE_PRIVATE=/vz/private/$VEID\n")),
        (23, lambda root: write(root, "etc/vz/vz.conf", "VE_ROOT=/vz/root/$VEID\n")),
        (43, lambda root: os.rename(f"{root}/vz/private/101", f"{root}/vz/private/102")),
        (47, remove("vz/private/101/sbin/init")),
        (43, config("VE_LAYOUT=ploop\n")),
        (50, both(remove_files, add_disk)),
        (0, add_disk),  # beside files of a VPS, whose root can have made it
        (50, both(config("VE_LAYOUT=ploop\n"), add_disk)),
        (99, both(config("VE_LAYOUT=simfs\n"), remove_files, add_disk)),
        (105, config("DISABLED=yes\n")),
    ]
    if os.geteuid() == 0:  # whom scripts must belong to
        rows += [
            (0, script("101.mount", "#!/bin/sh\n")),
            (79, script("101.mount", "#!/bin/sh\n", 0o644)),
            (79, script("101.mount", "#!/bin/sh\n", 0o777)),
            (79, script("vps.premount", "echo\n")),
            (79, script("101.mount", "\n#!/bin/sh\n")),
            (79, script("101.mount", "#!/no/such/shell\n")),
            (79, script("101.mount", "#!/bin/sh\r\n")),
            (0, script("101.start", "echo without a shebang\n", 0o644)),
            (79, script("101.start", "#!/bin/sh\n")),  # which this VPS does not have
            (0, script("101.umount", "#!/bin/sh\n", 0o644)),  # does not hinder a start
            (79, lambda root: os.mkdir(f"{root}/etc/vz/conf/101.mount")),
            # Only the users' ids of the private area were shifted on disk.
            (21, lambda root: os.chown(f"{root}/vz/private/101", 524288, 1000)),
            (0, lambda root: os.chown(f"{root}/vz/private/101", 524288, 524288)),
        ]
    for code, breakage in rows:
        with tempfile.TemporaryDirectory() as root:
            make_host(root)
            breakage(root)
            found, said = check(root, "101")
            assert found == code, (found, code, said)


def test_rows():
    with tempfile.TemporaryDirectory() as root:
        make_host(root, "PHYSPAGES=0:256M\nNAME=one\nNAME=two\nCPULIMIT=50\nCPUS=4\nFOO=1\n"
                        "KMEMSIZE=1:2\nONBOOT=no\nDEVNODES=no-such-device:rw\n"
                        "NUMPROC=unlimited\nDISKSPACE=1G\nDISK_QUOTA=no\n")
        code, found = check(root)
        assert code == 0, found
        rows = {(row["line"], row["key"]): row for row in rows_of(found, "101.conf")}
        becomes = {key: row["becomes"] for (_, key), row in reversed(rows.items())}
        assert becomes["PHYSPAGES"] == "MemoryMax=268435456", becomes
        assert becomes["CPULIMIT"] == "CPUQuota=50%", becomes
        assert becomes["CPUS"].startswith("nothing: another key"), becomes
        assert becomes["KMEMSIZE"].startswith("nothing: no equivalent"), becomes
        assert becomes["NUMPROC"] == "none (TasksMax=limit)", becomes
        assert becomes["DISKSPACE"] == "nothing: DISK_QUOTA is no", becomes
        assert becomes["ONBOOT"] == "not started by vps.target", becomes
        assert [rows[2, "NAME"]["counts"], rows[3, "NAME"]["counts"]] == [True, False]
        findings = {(severity, line) for severity, line, _ in findings_of(found, "101.conf")}
        assert {("warning", 3), ("note", 6), ("warning", 9)} <= findings, findings
        assert run(f"--root={root}", "--strict").returncode == 21
        assert run("--root", root).returncode == 0
        assert run("--root").returncode == 20


def test_onboot():
    for value, expected in (("yes", ""), ("auto", " if it ran when the host went down")):
        with tempfile.TemporaryDirectory() as root:
            make_host(root, f"ONBOOT={value}\n")
            _, found = check(root)
            [row] = rows_of(found, "101.conf")
            assert row["becomes"] == "started by vps.target" + expected, row


def test_network():
    """What another VPS has, and what this host has not."""
    with tempfile.TemporaryDirectory() as root:
        make_host(root, 'IP_ADDRESS="192.0.2.1 192.0.2.300"\n'
                  'NETIF="ifname=eth0,bridge=no-bridge"\nNETDEV="no-device"\n')
        write(root, "etc/vz/conf/102.conf", 'ONBOOT=yes\nIP_ADDRESS="192.0.2.2 192.0.2.1/24"\n')
        _, found = check(root)
        texts = {(severity, line): text for severity, line, text in findings_of(found, "101.conf")}
        assert "192.0.2.300" in texts["warning", 1], texts
        assert "no-device" in texts["warning", 3], texts
        netif = [text for _, line, text in findings_of(found, "101.conf") if line == 2]
        assert any("no bridge 'no-bridge'" in text for text in netif), netif
        (finding,) = [row for row in findings_of(found, "102.conf") if row[1] == 2]
        assert finding[0] == "warning" and "192.0.2.1 is VPS 101's, too" in finding[2], finding
    with tempfile.TemporaryDirectory() as root:
        make_host(root, 'NETIF="ifname=eth0;ifname=eth1,ip_filter=ON"\n')
        _, found = check(root)
        (finding,) = [row for row in findings_of(found, "101.conf") if row[1] == 1]
        assert finding[0] == "error" and "'ip_filter=ON': neither on nor off" in finding[2], finding


def test_what_one_vps_has():
    """A cloned configuration: the directories, by whichever name, and the hardware address."""
    with tempfile.TemporaryDirectory() as root:
        netif = 'NETIF="ifname=eth0,mac=00:18:51:aa:bb:01,host_ifname={},bridge=br0"\n'
        make_host(root, netif.format("one"))
        os.makedirs(f"{root}/vz/root/101")
        os.symlink("101", f"{root}/vz/private/other")
        write(root, "etc/vz/conf/102.conf", netif.format("two") +
              "VE_PRIVATE=/vz/private/other\nVE_ROOT=/vz/root/101\n")
        write(root, "etc/vz/conf/103.conf", netif.format("three").replace("br0", "br1"))
        write(root, "vz/private/103/sbin/init", "", 0o755)
        _, found = check(root)
        for line, text in ((1, "the hardware address 00:18:51:aa:bb:01 on the bridge 'br0'"),
                           (2, "the directory '/vz/private/other'"),
                           (3, "the directory '/vz/root/101'")):
            assert ("warning", line, f"{text} is VPS 101's, too: only one of the two can run") in [
                finding for finding in findings_of(found, "102.conf")], (line, found)
        for name in "101.conf", "103.conf":
            assert not [text for *_, text in findings_of(found, name) if "too:" in text], found


def test_masks():
    """What this host does not have refuses a start here, whichever node the files come from."""
    for key, what in ("CPUMASK", "CPU"), ("NODEMASK", "node"):
        line = f"{key}=0,1023\n"
        with tempfile.TemporaryDirectory() as root:
            make_host(root, "ONBOOT=yes\n" + line)
            code, found = check(root)
            assert code == 21, found
            (finding,) = findings_of(found, "101.conf")
            assert finding[:2] == ("error", 2) and f"no {what} 1023" in finding[2], finding
            assert f"101.conf:2:{len(key) + 2}: {key}: " in found["vpses"][0]["reason"], found
            assert run(f"{root}/etc/vz/conf/101.conf").returncode == 21
            write(root, "etc/vz/vz.conf", VZ_CONF + line)
            write(root, "etc/vz/conf/101.conf", "ONBOOT=yes\n")
            code, found = check(root)
            assert code == 21 and findings_of(found, "vz.conf")[0][:2] == ("error", 3), found
            assert f"vz.conf:3:{len(key) + 2}: " in found["vpses"][0]["reason"], found
            write(root, "etc/vz/conf/101.conf", f"{key}=0\n")
            assert check(root, "101")[0] == 0


def test_scripts():
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory() as root:
        make_host(root)
        write(root, "etc/vz/conf/101.mount", """#!/bin/bash
# vzctl in a comment
echo 'vzctl in quotes
' vzctl "vzctl"
cat <<'EOF'
vzctl
EOF
case "$1" in
  vzctl) true;;
  *) A=b vzctl start 1;;
esac
mount -n -t simfs /a "$VE_ROOT/a" -o /a
if vzlist -a; then :; fi
A=$(vzlist "$(vzquota show
)" '$(vzctl)') echo "`vzpid 1` ${A:-x} $((vzctl + 1))"
""", 0o755)
        code, found = check(root, "101")
        said = [(severity, line) for severity, line, _ in findings_of(found, "101.mount")]
        assert code == 0 and said == [("warning", 10), ("note", 12), ("warning", 13),
                                      ("warning", 14), ("warning", 15)], found


def test_hostile():
    for config in (b"NAME=\x1b[31m\x9b\xff\nX\x00Y=1\n", b'A="\n' * 2000, b"\xff" * 5000,
                   b"NAME=\xe2\x80\xae\xc2\x9b31m\n", b"=\n"):
        with tempfile.TemporaryDirectory() as root:
            make_host(root, config)
            assert check(root)[0] == 0, config
    for breakage in (lambda path: os.mkfifo(path), lambda path: os.symlink(path, path),
                     lambda path: os.mkdir(path)):
        with tempfile.TemporaryDirectory() as root:
            make_host(root)
            path = f"{root}/etc/vz/conf/101.conf"
            os.remove(path)
            breakage(path)
            assert check(root)[0] == 14


def test_files():
    with tempfile.TemporaryDirectory() as root:
        write(root, "web.conf", "PHYSPAGES=x\n")
        write(root, "notes", "")
        write(root, "vz.conf", "VE_ROOT=@VZDIR@/root\n")
        assert run(f"{root}/vz.conf").returncode == 21
        assert run(f"{root}/web.conf").returncode == 21
        assert run(f"{root}/notes").returncode == 20
        assert run(f"{root}/absent.conf").returncode == 14
        assert run("--no-such-option").returncode == 20
        assert run("0").returncode == 20
        assert run(f"--root={root}").returncode == 10


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
