"""What the checks of documentation have in common: the program's tables, findings, exit codes."""

import os
import shutil
import subprocess
import sys

SKIPPED = 77  # meson's exit code for it

findings = []


def find(where, what):
    findings.append(f"{where}: {what}")


def require(tool):
    """Skips the test where TOOL is not installed; fails it in CI."""
    if shutil.which(tool):
        return
    print(f"{tool} is not installed")
    sys.exit(1 if os.environ.get("CI") else SKIPPED)


def finish():
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)


def read_tables(program):
    """{"exit": [columns…], "key": …, "script": …}, as print_tables.cc prints them."""
    tables = {}
    out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        kind, *columns = line.split("\t")
        tables.setdefault(kind, []).append(columns)
    return tables


def check_shell(where, script):
    """Whether SCRIPT is well-formed for the shell that it names, sh if it names none."""
    shell = "bash" if script.startswith("#!/bin/bash") else "sh"
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
    if done.returncode or done.stderr:
        find(where, f"{shell} -n: {done.stderr.strip()}")


def dry_run(generator, root):
    """What the generator makes of ROOT/etc/vz, and what it says to it."""
    done = subprocess.run([generator, f"--root={root}", "--dry-run"], capture_output=True,
                          text=True)
    return done.stdout, done.stderr + (f"exit {done.returncode}\n" if done.returncode else "")
