"""completions.py SOURCE VZLIST VZCTL...: the completions of bash and zsh, by their own functions.

Programs that are completed for are stand-ins with the --help of the real ones; vzlist lists four
VPSes in four states. Each case is a command line, whose last word is being completed, and what is
offered.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LISTED = ("running          101 web\n" "stopped          102 -\n" "mounted          103 mail\n"
          "suspended       1040 -\n")
BASH = r"""
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
function=$(complete -p "$1" | sed 's/.*-F \([^ ]*\).*/\1/')
"$function" "$1"
printf '%s\n' "${COMPREPLY[@]}"
"""
# compadd is what offers words in the end; here it prints those that begin as the word does.
ZSH = r"""
autoload -Uz compinit
compadd() {
    local -a words_ shown_
    while (( $# )); do
        case $1 in
            (-a) words_+=("${(@P)2}"); shift 2 ;;
            (-d) shown_=("${(@P)2}"); shift 2 ;;
            (-l) shift ;;
            (*) print -u 2 "compadd $*"; exit 1 ;;
        esac
    done
    local at
    for at in {1..$#words_}; do
        [[ $words_[at] == $PREFIX* ]] || continue
        print -r -- "${IPREFIX}$words_[at]"
        (( $#shown_ == 0 )) || print -r -u 2 -- "$shown_[at]"
    done
}
compset() { # -P PATTERN
    [[ $PREFIX == ${~2}* ]] || return 1
    local rest=${PREFIX##${~2}}
    IPREFIX+=${PREFIX%"$rest"} PREFIX=$rest
}
_files() { print -r -- files }
file=$1
shift
words=("$@") CURRENT=$# PREFIX=$words[-1] IPREFIX=
source $file
"""


def make_stand_ins(folder, programs):
    for name, program in programs.items():
        help_text = subprocess.run([program, "--help"], capture_output=True, text=True,
                                   check=True).stdout
        (folder / f"{name}.help").write_text(help_text)
        lines = ["#!/bin/sh", f'[ "$1" != --help ] || exec cat {folder}/{name}.help']
        if name == "vzlist":
            fields = subprocess.run([program, "-L"], capture_output=True, text=True,
                                    check=True).stdout
            (folder / "fields").write_text(fields)
            (folder / "listed").write_text(LISTED)
            lines += [f'[ "$1" != -L ] || exec cat {folder}/fields',
                      f'[ "$1" != -a ] || exec cat {folder}/listed',
                      '[ "$*" != "-H -o ip 101" ] || echo "192.0.2.7 2001:db8::7"']
        if name == "vzctl":
            lines += ['[ "$*" != "--quiet snapshot-list 101 -H -o uuid" ] || echo "{abc-d}"']
        path = folder / name
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o755)


class Shell:
    def __init__(self, name, command, script, file, folder):
        self.name, self.command, self.script, self.file = name, command, script, file
        self.environment = os.environ | {"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    def run(self, line):
        words = line.split(" ")
        name = {"bash": "bash", "zsh": "zsh"}[self.name]
        return subprocess.run([*self.command, self.script, name, self.file, *words],
                              capture_output=True, text=True, timeout=60, env=self.environment)

    def offered(self, line):
        done = self.run(line)
        if done.returncode > 1:
            sys.exit(f"{self.name}: '{line}': {done}")
        return [word for word in done.stdout.splitlines() if word]


def expect(shell, line, *words):
    found = sorted(set(shell.offered(line)))
    if found != sorted(words):
        sys.exit(f"{shell.name}: '{line}': offers {found}, not {sorted(words)}")


def expect_among(shell, line, *words):
    found = shell.offered(line)
    if missing := set(words) - set(found):
        sys.exit(f"{shell.name}: '{line}': offers {found}, without {sorted(missing)}")
    return found


def check_lists(shell):
    everything = ("101", "web", "102", "103", "mail", "1040")
    expect(shell, "vzlist ", *everything)
    expect(shell, "vzlist w", "web")
    expect(shell, "vzlist 10", "101", "102", "103", "1040")
    expect_among(shell, "vzlist --", "--all", "--no-header", "--name_filter", "--version")
    expect_among(shell, "vzlist -", "-a", "-1", "--json")
    expect(shell, "vzlist -o host", "hostname")
    expect(shell, "vzlist -aHo ct", "ctid")
    expect(shell, "vzlist -o ctid,numproc.", *(f"ctid,numproc.{part}" for part in "mblf"))
    expect(shell, "vzlist -s -boot", "-bootorder")
    expect(shell, "vzlist -h ")


def check_programs(shell):
    expect(shell, "vps-mount ", "102")
    expect(shell, "vps-umount ", "102", "103", "mail")
    expect(shell, "vps-enter ", "101", "web", "1040")
    expect(shell, "vps-enter --user www 1", "101", "1040")
    expect(shell, "vps-enter 101 ")
    expect_among(shell, "vzpid ", str(os.getpid()))
    expect(shell, "vps-ploop ", "info", "check", "merge", "convert")
    expect(shell, "vps-ploop info 10", "101", "102", "103", "1040")
    expect(shell, "vps-ploop check --repair ", "102")
    expect(shell, "vps-ploop convert --to ", "simfs", "raw", "ploop")
    expect_among(shell, "vps-ploop --", "--repair", "--verify")
    expect(shell, "vzmigrate ")
    expect(shell, "vzmigrate host2 1", "101", "102", "103", "1040")
    expect_among(shell, "vzmigrate --", "--keep-dst", "--remove-area", "--check-only")
    expect_among(shell, "vzrestore --", "--force", "--version")
    expect(shell, "vzrestore x.tgz ")
    expect_among(shell, "vps-check --", "--root", "--json", "--quiet", "--no-notes", "--strict")
    expect_among(shell, "vps-umount --", "--force", "--help")


def check_vzctl(shell, help_text):
    verbs = set(re.findall(r"^  vzctl ([a-z][a-z0-9-]*)", help_text, re.M))
    assert {"start", "stop", "exec", "status"} <= verbs, verbs
    expect(shell, "vzctl ", "--quiet", "--verbose", "--help", "--version", *verbs)
    expect(shell, "vzctl snapshot-delete 101 --id ", "abc-d")
    expect(shell, "vzctl snapshot-delete 101 ", "--id")
    expect(shell, "vzctl sto", *(verb for verb in verbs if verb.startswith("sto")))
    expect(shell, "vzctl --quiet sta", *(verb for verb in verbs if verb.startswith("sta")))
    expect(shell, "vzctl start ", "102", "103", "mail")
    expect(shell, "vzctl --verbose stop ", "101", "web", "1040")
    expect(shell, "vzctl status w", "web")
    expect(shell, "vzctl umount ", "103", "mail")
    expect(shell, "vzctl console 10", "101", "102", "103", "1040")
    expect(shell, "vzctl console 101 --", "--force")
    expect(shell, "vzctl create ")
    expect(shell, "vzctl start 102 --", "--wait", "--force")
    expect(shell, "vzctl stop 101 --f", "--fast")
    expect(shell, "vzctl exec 101 ")
    expect_among(shell, "vzctl set 101 --", "--save", "--ipadd", "--hostname", "--stop-timeout",
                 "--name", "--iolimit")
    expect(shell, "vzctl set 101 --onboot ", "yes", "no")
    expect(shell, "vzctl set 101 --setmode r", "restart")
    expect(shell, "vzctl set 101 --ipdel ", "all", "192.0.2.7", "2001:db8::7")
    expect(shell, "vzctl set 101 --save --ioprio ", *"01234567")


def check_states(shell):
    """zsh shows states beside the words."""
    shown = shell.run("vzctl restart ").stderr.splitlines()
    for line in "101 -- running, web", "web -- running, 101", "1040 -- suspended":
        assert line in shown, shown


def main():
    source, *paths = sys.argv[1:]
    programs = {pathlib.Path(path).name: path for path in paths}
    completions = pathlib.Path(source) / "completions"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_stand_ins(folder, programs)
        shells = [Shell("bash", ["bash", "-c"], BASH, completions / "systemd-vps.bash", folder)]
        if shutil.which("zsh"):
            shells.append(Shell("zsh", ["zsh", "-f", "-c"], ZSH, completions / "_systemd-vps",
                                folder))
        elif os.environ.get("CI"):
            sys.exit("zsh is not installed")
        for shell in shells:
            check_lists(shell)
            check_programs(shell)
            if "vzctl" in programs:
                check_vzctl(shell, (folder / "vzctl.help").read_text())
            if shell.name == "zsh":
                check_states(shell)


main()
