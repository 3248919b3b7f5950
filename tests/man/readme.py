#!/usr/bin/python3
"""readme.py PRINT-TABLES SOURCE GENERATOR: checks what README.md tells its readers to type.

- Shell blocks and scripts are well-formed.
- The configuration of the first VPS makes units for it, and no warning.
- The table of scripts is the program's; exit codes and files that are named exist.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from report import check_shell, dry_run, find, finish, read_tables


def check_first_vps(blocks, generator):
    """Runs the blocks that write below /etc/vz as they are, with another /etc/vz."""
    with tempfile.TemporaryDirectory() as folder:
        conf = pathlib.Path(folder, "etc/vz/conf")
        conf.mkdir(parents=True)
        for block in blocks:
            if ">/etc/vz/" in block:
                script = block.replace("/etc/vz/", f"{folder}/etc/vz/")
                subprocess.run(["sh", "-e"], input=script, text=True, check=True)
        units, said = dry_run(generator, folder)
        if said:
            find("README.md", f"the generator says to the first VPS: {said}")
        for unit in "vps-101.slice", "vps.target.wants/vps@101.service":
            if f"--- {unit}" not in units:
                find("README.md", f"the first VPS has no {unit}")
        if "MemoryMax=" not in units:
            find("README.md", "PHYSPAGES of the first VPS sets no limit")
        for script in sorted(conf.glob("101.[a-z]*")):
            if script.suffix != ".conf":
                check_shell(f"README.md, {script.name}", script.read_text())


def check_scripts(text, scripts):
    rows = re.findall(r"^\| (`(?:vps|N)\.\w+`.*?) \| (\w+) \| (.*?) \| (.*?) \|$", text, re.M)
    found = [[name, *rest] for names, *rest in rows for name in re.findall(r"`(.*?)`", names)]
    if found != scripts:
        find("README.md", f"table of scripts:\n  {found}\nbut they are:\n  {scripts}")


def main():
    print_tables, source, generator = sys.argv[1:]
    source = pathlib.Path(source)
    tables = read_tables(print_tables)
    text = (source / "README.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    for block in blocks:
        check_shell(f"README.md, '{block.splitlines()[0]}'", block)
    check_first_vps(blocks, generator)
    check_scripts(text, tables["script"])

    meanings = dict(tables["exit"])
    codes = re.search(r"^The exit codes are vzctl's\. Often met: (.*?)\n\n", text, re.M | re.S)
    for code in re.findall(r"\b\d+\b", codes.group(1) if codes else "0000"):
        if code not in meanings:
            find("README.md", f"exit code {code} is not in the table")
    for name in re.findall(r"\]\(([^#)][^)]*)\)", text) + re.findall(r"`(\w+/)`", text):
        if not (source / name).exists():
            find("README.md", f"{name} is not there")
    for heading in re.findall(r"\]\(#([^)]*)\)", text):
        headings = [h.lower().replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)]
        if heading not in headings:
            find("README.md", f"no heading #{heading}")
    finish()


main()
