"""tidy.py BUILD [--all]: what clang-tidy says of our code, as BUILD (of clang) compiles it.

All of it takes ten minutes of a processor. So without --all or CI_FULL=1 only files are looked at
that differ from the commit before, or include one directly that does.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def changed_files():
    """Their paths below SOURCE."""
    git = ["git", "-C", str(SOURCE)]
    names = subprocess.run([*git, "diff", "--name-only", "HEAD~1"], capture_output=True, text=True,
                           check=True).stdout
    names += subprocess.run([*git, "ls-files", "--others", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout
    return set(names.split("\n"))


def is_concerned(path, changed):
    included = INCLUDE.findall((SOURCE / path).read_text())
    return path in changed or any(
        name in changed for include in included
        for name in (include, f"lib/{include}", f"{os.path.dirname(path)}/{include}"))


def main(build, *options):
    program = shutil.which("clang-tidy")
    if not program:
        print("no clang-tidy", file=sys.stderr)
        return 1 if os.environ.get("CI") else 77
    commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text())
    files = {os.path.relpath(pathlib.Path(build, command["file"]).resolve(), SOURCE)
             for command in commands if command["file"].endswith(".cc")}
    if "--all" not in options and os.environ.get("CI_FULL") != "1":
        changed = changed_files()
        files = {path for path in files if is_concerned(path, changed)}

    def look_at(path):
        return path, subprocess.run([program, "-p", build, "--quiet", path], cwd=SOURCE, text=True,
                                    stdin=subprocess.DEVNULL, capture_output=True)

    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in pool.map(look_at, sorted(files)):
            if done.returncode:
                wrong += 1
                print(f"{path}:\n{done.stdout}{done.stderr}", flush=True)
    print(f"{len(files)} files, {wrong} with findings")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), *sys.argv[2:]))
