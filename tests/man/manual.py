#!/usr/bin/python3
"""manual.py PRINT-TABLES SOURCE PROGRAM…: checks the manual pages against mandoc and the programs.

- mandoc finds nothing to warn of.
- Cross references to pages of this project, and Documentation= of its units, lead somewhere; each
  page refers to systemd-vps(7) and vps-check(8).
- Each program has a page, which has each option that --help prints, and no other long one.
- Exit codes have the numbers and meanings of the table; systemd-vps(7) has them all, and vzctl(8)
  the codes that vzctl alone has.
- vps.conf(5) has each key, with its type, its rules and the settings that it becomes; vps.script(5)
  each script; vps@.service(5) each phase and each key of the state; vzlist(8) has each field.
- Examples are scripts that their shell can read, or configuration that the generator takes.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

from report import check_shell, dry_run, find, finish, read_tables, require

# Pages of other projects that the manual refers to.
FOREIGN = {
    "bpf(2)", "capabilities(7)", "df(1)", "flock(2)", "free(1)", "mount(8)", "mv(1)", "nft(8)",
    "nproc(1)", "machinectl(1)", "ptrace(2)", "rename(2)", "rtnetlink(7)", "sh(1)", "sysinfo(2)",
    "systemctl(1)", "systemd-machined.service(8)", "systemd.generator(7)",
    "systemd.resource-control(5)", "tar(1)", "tc(8)", "top(1)", "udev(7)",
    "useradd(8)",
}
# Where a reader of any page may want to go next.
ENTRANCES = [("systemd-vps", "7"), ("vps-check", "8")]
CODES_OF_THEIR_OWN = {"mount.simfs", "ploop", "vzlist", "vzpid", "vzubc"}  # mount(8)'s, OpenVZ's


def plain(mdoc):
    """A piece of mdoc as words."""
    words = []
    for line in mdoc.splitlines():
        if line == ".Pp":
            continue
        if line.startswith("."):
            line = re.sub(r"(^\.|\s)(Ar|Cm|Dq|Em|Ev|Fl|Li|No|Ns|Pa|Pq|Ql|Ta|Va|Xr)(?=\s|$)", r"\1",
                          line)
            line = line.lstrip(". ")
        words.append(line)
    return re.sub(r"\s+", " ", " ".join(words).replace("\\&", "").replace("\\-", "-")).strip()


class Page:
    def __init__(self, path):
        self.path = path
        self.name = path.name
        self.title, self.section = path.name.rsplit(".", 1)
        self.text = path.read_text()

    def section_text(self, heading):
        found = re.search(rf"^\.Sh {re.escape(heading)}\n(.*?)(?=^\.Sh |\Z)", self.text,
                          re.M | re.S)
        return found.group(1) if found else ""

    def examples(self):
        """Each literal display of EXAMPLES, with the words before it."""
        pattern = r"(.*?)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$"
        for before, body in re.findall(pattern, self.section_text("EXAMPLES"), re.M | re.S):
            yield plain(before), body.replace("\\&", "").replace("\\e", "\\")


def lint(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page.path], capture_output=True,
                          text=True)
    for line in done.stdout.splitlines():
        find(page.name, line)
    for heading in re.findall(r"^\.S[hs] ([A-Z][a-z]) ", page.text, re.M):
        find(page.name, f"a heading starts with a macro, {heading}: write \\&{heading}")


def check_references(page, names):
    own = f"{page.title}({page.section})"
    if not page.section_text("SEE ALSO"):
        find(page.name, "no SEE ALSO")
    for title, section in ENTRANCES:
        if f"Xr {title} {section}" not in page.section_text("SEE ALSO") and title != page.title:
            find(page.name, f"does not refer to {title}({section})")
    for title, section in re.findall(r"\bXr (\S+) (\d)\b", page.text):
        name = f"{title}({section})"
        if name == own:
            find(page.name, f"refers to itself: {name}")
        elif name not in names and name not in FOREIGN:
            find(page.name, f"refers to {name}, which is not there")


def check_units(source, names):
    for path in sorted([*(path for path in (source / "units").rglob("*") if path.is_file()),
                        *(source / "generator").glob("*.cc")]):
        for name in re.findall(r"\bman:([^\s\"]+\(\d\))", path.read_text()):
            if name not in names:
                find(path.name, f"refers to {name}, which is not there")


def check_options(page, program):
    help_text = subprocess.run([program, "--help"], check=True, capture_output=True,
                               text=True).stdout
    offered = set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", help_text)) | {"help", "version"}
    items = " ".join(re.findall(r"^\.It (Fl .*)$", page.text, re.M))
    listed = set(re.findall(r"Fl \\-([a-z-]+)", items))
    for option in sorted(offered - listed):
        find(page.name, f"does not tell of --{option}")
    for option in sorted(listed - offered):
        find(page.name, f"tells of --{option}, which {page.title} does not have")
    for letter in set(re.findall(r"(?<![\w-])-([a-z])\b", help_text)):
        if not re.search(rf"\b{letter}\b", items):
            find(page.name, f"does not tell of -{letter}")
    for option in "--help", "--version":
        if subprocess.run([program, option], capture_output=True).returncode:
            find(page.title, f"{option} fails")


def check_exit_codes(page, meanings, complete):
    rows = re.findall(r"^\.It (\d+)\n(.*?)(?=^\.(?:It|El|Pp|Sh))", page.section_text("EXIT STATUS"),
                      re.M | re.S)
    codes = [int(code) for code, _ in rows]
    if codes != sorted(set(codes)):
        find(page.name, "exit codes are not in ascending order")
    for code, text in rows:
        meaning = meanings.get(int(code))
        if meaning is None:
            find(page.name, f"exit code {code} is not in the table")
        elif not re.match(re.escape(meaning) + r"($|[:;,])", plain(text)):
            find(page.name, f"exit code {code} is '{meaning}', not '{plain(text)}'")
    if not rows:
        find(page.name, "no exit codes")
    if complete:
        for code in sorted(set(meanings) - set(codes)):
            find(page.name, f"exit code {code} is missing")


def check_keys(page, keys):
    heads = dict(re.findall(r"^\.It Va (\w+) Pq (.*)$", page.section_text("KEYS"), re.M))
    without = page.section_text("KEYS WITHOUT EFFECT")
    parts = [re.findall(r"\b[A-Z][A-Z0-9_]+\b", part.replace("Va ", ""))
             for part in without.partition("OpenVZ's own tools")[::2]]
    without = parts[0] + parts[1]
    for name in sorted({n for n in without if without.count(n) > 1} | heads.keys() & set(without)):
        find(page.name, f"{name} is there twice")
    for name, head, effect, _ in keys:
        if effect in ("none", "tools"):
            if name not in parts[effect == "tools"]:
                find(page.name, f"{name} is missing among the keys without effect")
        elif name not in heads:
            find(page.name, f"{name} is missing")
        elif heads[name] != head:
            find(page.name, f"{name}: ({heads[name]}) is ({head}) in the table of keys")
    texts = dict(re.findall(r"^\.It Va (\w+) Pq .*\n((?:(?!\.It |\.El).*\n)*)",
                            page.section_text("KEYS"), re.M))
    for name, _, _, settings in keys:
        said = set(re.findall(r"^\.Va ([A-Z]\w*[a-z]\w*)=", texts.get(name, ""), re.M))
        meant = set(settings.split())
        if said != meant and name in heads:
            find(page.name, f"{name} becomes {sorted(said)}, but in the table of keys {sorted(meant)}")
    for name in sorted((heads.keys() | set(without)) - {name for name, *_ in keys}):
        find(page.name, f"{name} is not in the table of keys")


def check_scripts(page, scripts):
    rows = re.findall(r"^\.It (.*) Ta (host|VPS) Ta (.*)$", page.text, re.M)
    found = [[plain("." + name).replace(" ", ""), context, when] for name, context, when in rows]
    expected = [[name, context, when] for name, context, when, _ in scripts]
    if found != expected:
        find(page.name, f"table of scripts:\n  {found}\nbut they are:\n  {expected}")
    consequences = {}
    for names, consequence in re.findall(r"^\.It (Pa .*|Ar .*) Ta (.*)$",
                                         page.section_text("EXIT STATUS"), re.M):
        for name in plain("." + names).split(" , "):
            consequences[name.replace(" ", "")] = consequence
    for name, _, _, consequence in scripts:
        if consequences.get(name) != consequence:
            find(page.name, f"{name} fails: '{consequences.get(name)}', but it is '{consequence}'")


def check_phases(page, design, phases, transitions):
    listed = re.findall(r"^\.It (\w+) Ta ", page.section_text("DESCRIPTION").partition(
        ".Va phase\n")[2].partition(".El")[0], re.M)
    if listed != [name for name, in phases]:
        find(page.name, f"phases {listed}, but they are {phases}")
    table = design.read_text().partition("| from | to | when |")[2].partition("\n\n")[0]
    drawn = [[cell.strip() for cell in line.strip("| ").split("|")]
             for line in table.splitlines()[2:]]
    if drawn != transitions:
        find(design.name, f"transitions:\n  {drawn}\nbut they are:\n  {transitions}")


def check_state(page, keys):
    rows = page.section_text("DESCRIPTION").partition("The other keys are these")[2].partition(
        ".El")[0]
    heads = re.findall(r"^\.It Va (.*?) Ta ", rows, re.M)
    listed = [name for head in heads for name in re.findall(r"\w+", head)]
    expected = [name for name, in keys if name != "phase"]
    if listed != expected:
        find(page.name, f"keys of the state {listed}, but they are {expected}")


def check_fields(page, program):
    """Its table has the fields of the program, with their headers, in their order."""
    out = subprocess.run([program, "-L"], check=True, capture_output=True, text=True).stdout
    fields = [tuple(line.split()) for line in out.splitlines() if "." not in line]
    listed = re.findall(r"^\.It Cm (\S+) Ta (\S+) Ta \S", page.section_text("DESCRIPTION"), re.M)
    if listed != fields:
        find(page.name, f"fields:\n  {listed}\nbut they are:\n  {fields}")


def check_examples(page, generator):
    configs = []
    for before, body in page.examples():
        if all(re.match(r"[A-Z_]+=", line) for line in body.splitlines()):
            configs.append(body)
        else:
            check_shell(f"{page.name}, example '{before[-60:]}'", body)
    if not configs:
        return
    with tempfile.TemporaryDirectory() as folder:
        vz = pathlib.Path(folder) / "etc/vz"
        (vz / "conf").mkdir(parents=True)
        (vz / "vz.conf").write_text(configs[0])
        (vz / "conf/101.conf").write_text(configs[1])
        units, said = dry_run(generator, folder)
        if said:
            find(page.name, f"the generator says to the examples: {said}")
        if "vps-101.slice" not in units:
            find(page.name, "the examples make no slice")


def main():
    require("mandoc")
    print_tables, source, *paths = sys.argv[1:]
    source = pathlib.Path(source)
    programs = {pathlib.Path(path).name: path for path in paths}
    tables = read_tables(print_tables)
    pages = {path.name: Page(path) for path in sorted((source / "man").glob("*.[1-9]"))}
    names = {f"{page.title}({page.section})" for page in pages.values()}
    installed = (source / "man/meson.build").read_text()
    meanings = {int(code): meaning for code, meaning in tables["exit"]}
    of_vzctl = {int(code): meaning for code, meaning in tables["vzctl"]}

    for page in pages.values():
        lint(page)
        check_references(page, names)
        check_examples(page, programs["systemd-vps-generator"])
        if f"'{page.name}'" not in installed:
            find(page.name, "is not installed")
    check_units(source, names)
    for name, program in programs.items():
        page = pages.get(f"{name}.8") or pages.get(f"{name}.1")
        if page is None:
            find(name, "has no page")
            continue
        check_options(page, program)
        if name == "vzctl":
            check_exit_codes(page, of_vzctl, complete=True)
        elif name == "vzrestore":
            check_exit_codes(page, {**meanings, **of_vzctl}, complete=False)
        elif name not in CODES_OF_THEIR_OWN:
            check_exit_codes(page, meanings, complete=False)
    check_exit_codes(pages["systemd-vps.7"], meanings, complete=True)
    check_keys(pages["vps.conf.5"], tables["key"])
    check_phases(pages["vps@.service.5"], source / "DESIGN.md", tables["phase"],
                 tables["transition"])
    check_scripts(pages["vps.script.5"], tables["script"])
    check_state(pages["vps@.service.5"], tables["state"])
    if "vzlist" in programs:
        check_fields(pages["vzlist.8"], programs["vzlist"])
    finish()


main()
