"""command_lines.py PROGRAM...: all programs but vzlist read their command lines by one grammar,
and none is ended by a standard stream that cannot be written."""

import os
import subprocess
import sys
import tempfile

PROGRAMS = {os.path.basename(path): path for path in sys.argv[1:]}
VZLIST = PROGRAMS.pop("vzlist", None)  # OpenVZ's grammar
OF_A_VPS = {"vps-enter", "vps-machine", "vps-mount", "vps-network", "vps-ploop", "vps-reload", "vps-run", "vps-stop",
            "vps-umount"}
ONE_CODE = {"vzpid", "vzubc"}  # for each error, as OpenVZ's have it
WITH_ROOT = {"systemd-vps-generator": ["--dry-run"], "vps-check": ["--quiet"]}


def usage_code(name):
    return 1 if name in ONE_CODE | {"mount.simfs"} else 20  # mount(8) has codes of its own


def run(name, *words, **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               **streams}
    return subprocess.run([PROGRAMS[name], *words], timeout=60, check=False, **streams)


def make_node(root, config="ONBOOT=yes\n", numbers=(101,)):
    os.makedirs(f"{root}/etc/vz/conf")
    files = {f"conf/{number}.conf": config for number in numbers}
    for path, text in {**files, "vz.conf": "VE_ROOT=/r/$VEID\nVE_PRIVATE=/p/$VEID\n"}.items():
        with open(f"{root}/etc/vz/{path}", "w") as file:
            file.write(text)


def expect_refusal(name, *words):
    """One line, which names the program, on standard error, and the code of wrong usage."""
    done = run(name, *words)
    said = done.stderr.decode()
    assert done.returncode == usage_code(name), (name, words, done)
    assert done.stdout == b"" and said.startswith(name + ": ") and said.count("\n") == 1, (
        name, words, done)
    assert "--help" in said and said.removesuffix("\n").isprintable(), (name, words, done)


def test_help_and_version():
    for name in PROGRAMS:
        for word in "--help", "-h":
            done = run(name, word)
            assert done.returncode == 0 and done.stderr == b"", (name, done)
            assert done.stdout.decode().startswith(f"Usage: {name}"), (name, done)
        done = run(name, "--version")
        assert done.returncode == 0 and done.stderr == b"", (name, done)
        assert done.stdout.decode().startswith(f"{name} ") and done.stdout.count(b"\n") == 1


def test_unknown_words():
    for name in PROGRAMS:
        for words in (["--frobnicate"], ["--hel"], ["--versio"], ["--Help"], ["-Z"], ["--help=x"],
                      ["--help", "--frobnicate"], ["--frobnicate=1", "101"],
                      ["--\x1b[2Jx\ny\u202e"]):
            expect_refusal(name, *words)
        if name not in ("vps-check", "vps-lxcfs", "vps-network-guard", "vzubc"):  # want no words
            expect_refusal(name)
    for name in OF_A_VPS:
        for words in (["0"], ["--", "--help"], ["no-such\nname"], [""]):
            expect_refusal(name, *words)
        if name not in ("vps-enter", "vps-network"):
            expect_refusal(name, "101", "102")
    for name, words in (("vps-umount", ["--forc", "101"]), ("vps-umount", ["--force=yes", "101"]),
                        ("vps-enter", ["--user"]), ("vps-enter", ["--user=", "101"]),
                        ("vps-enter", ["--user", "--help", "101"]),
                        ("vps-enter", ["--us", "x", "101"]), ("vps-lxcfs", ["101"]),
                        ("vps-network-guard", ["101"]),
                        ("vps-mount", ["--force", "101"]), ("vps-check", ["--stric"]),
                        ("mount.simfs", ["/a", "/b", "/c"]), ("mount.simfs", ["/a", "/b", "-o"]),
                        ("systemd-vps-generator", ["/a", "/b"])):
        expect_refusal(name, *words)


def test_root():
    for name, words in WITH_ROOT.items():
        for root in (["--root"], ["--root="], ["--root", "--help"], ["--roo", "/"], ["--root", "-x"]):
            expect_refusal(name, *words, *root)
        with tempfile.TemporaryDirectory() as root:
            make_node(root, "ONBOOT=yes\nFROBNICATE=1\nNAME=\n")
            said = [run(name, *line) for line in (
                [*words, f"--root={root}"], [*words, "--root", root], ["--root", root, *words],
                [*words, "--root=/none", f"--root={root}//"])]
            assert said[0].stdout != b"" and b"101" in said[0].stdout, said[0]
            for done in said:
                assert done.returncode == said[0].returncode, done
                assert done.stdout.replace(b"//etc", b"/etc") == said[0].stdout, done


def test_what_cannot_be_printed_is_an_error():
    with open("/dev/full", "w") as full:
        for name in PROGRAMS:
            for word in "--help", "-h", "--version":
                done = run(name, word, stdout=full)
                assert done.returncode not in ((0,) if name in ONE_CODE else (0, usage_code(name))), (
            name, done)
                assert done.returncode > 0 and done.stderr.count(b"\n") == 1, (name, done)
                assert b"No space left on device" in done.stderr, (name, done)
        with tempfile.TemporaryDirectory() as root:
            make_node(root)
            for name, words in WITH_ROOT.items():
                done = run(name, *words, f"--root={root}", stdout=full)
                assert done.returncode == 3 and b"No space" in done.stderr, (name, done)


def close_all():
    os.closerange(0, 3)


def test_vzlist():
    if VZLIST is None:
        return
    PROGRAMS["vzlist"] = VZLIST
    try:
        for word, start in ("--help", "Usage: vzlist "), ("--version", "vzlist "):
            done = run("vzlist", word)
            assert done.returncode == 0 and done.stderr == b"", done
            assert done.stdout.decode().startswith(start), done
        with open("/dev/full", "w") as full:
            done = run("vzlist", "-L", stdout=full)
        assert done.returncode == 1 and b"No space left on device" in done.stderr, done
        for words in ["--frobnicate"], ["-Z"], ["-h"], ["-o", "\x1b[2Jx\ny\u202e"]:
            done = run("vzlist", *words)
            said = done.stderr.decode()
            assert done.returncode == 1 and done.stdout == b"", done
            assert said.startswith("vzlist: ") and said.removesuffix("\n").isprintable(), done
        done = run("vzlist", "-a1", stdin=None, stdout=None, stderr=None, preexec_fn=close_all)
        assert done.returncode in (0, 1), done
    finally:
        del PROGRAMS["vzlist"]

def test_lost_streams_end_nobody():
    """The exit code stays what it is, whatever cannot be written; nothing dies of a signal."""
    with open("/dev/full", "w") as full, open("/dev/null") as unwritable:
        for name in PROGRAMS:
            for streams in ({"stderr": full}, {"stderr": unwritable}, {"stdout": unwritable},
                            {"stdin": None, "stdout": None, "stderr": None,
                             "preexec_fn": close_all}):
                done = run(name, "--frobnicate", **streams)
                assert done.returncode == usage_code(name), (name, streams, done)
            done = run(name, "--help", stdout=full, stderr=full)
            assert 0 < done.returncode < 128, (name, done)
        for name in OF_A_VPS:  # what fails later goes through their log
            done = run(name, "1", *(["down"] if name == "vps-network" else []),
                       stdout=full, stderr=full)
            assert 0 <= done.returncode < 128, (name, done)


def test_closed_streams_are_not_taken():
    """A file that is opened must not get the number of a closed stream, and be written into."""
    with tempfile.TemporaryDirectory() as root:
        make_node(root, "ONBOOT=yes\nPHYSPAGES=frobnicate\n", range(101, 105))
        outcomes = []
        for out, hook in (f"{root}/as-it-is", None), (f"{root}/closed", close_all):
            os.makedirs(out)
            done = run("systemd-vps-generator", f"--root={root}", out, preexec_fn=hook)
            assert done.returncode == 0, done
            files = {}
            for folder, _, names in os.walk(out):
                for name in names:
                    path = os.path.join(folder, name)
                    files[path.removeprefix(out)] = os.path.islink(path) or open(path).read()
            outcomes.append(files)
        assert outcomes[0] == outcomes[1] and len(outcomes[0]) > 4, outcomes


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
