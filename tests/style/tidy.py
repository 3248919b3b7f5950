"""tidy.py BUILD [FILE…]: what clang-tidy says of our code, as BUILD (of clang) compiles it.

All of it takes ten minutes of a processor. So a file that has passed, with all of our headers that
it includes, as they are now, is not looked at again; which ones have is kept where images.py keeps
what the tests make. CI_FULL=1, or FILEs, look at all of them, or at these.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tests/system"))
import images  # noqa: E402


def passed_dir():
    """Where an empty file stands for each that has passed; None where nothing can be kept."""
    try:
        path = images.cache_dir() / "tidy"
        path.mkdir(exist_ok=True)
        return path if os.access(path, os.W_OK) else None
    except OSError:
        return None


def files_of(path, build, found):
    """Adds the file and what it includes of ours, headers that the build makes among them."""
    if path in found or not path.is_file():
        return found
    found.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        for folder in path.parent, SOURCE / "lib", SOURCE, build / "lib", build:
            if (folder / name.decode()).is_file():
                files_of((folder / name.decode()).resolve(), build, found)
                break
    return found


def name_of(path, build, command, rules):
    """The name under which this state of the file is kept."""
    state = hashlib.sha256(rules)
    state.update(command.replace(str(SOURCE), "").encode())
    for part in sorted(files_of(path.resolve(), build, set())):
        state.update(part.name.encode() + b"\0" + part.read_bytes())
    return state.hexdigest()


def main(build, *only):
    program = shutil.which("clang-tidy")
    if not program:
        print("no clang-tidy", file=sys.stderr)
        return 1 if os.environ.get("CI") else 77
    build = pathlib.Path(build)
    version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
    rules = version + (SOURCE / ".clang-tidy").read_bytes()
    commands = json.loads((build / "compile_commands.json").read_text())
    files = {os.path.relpath((build / command["file"]).resolve(), SOURCE): command["command"]
             for command in commands if command["file"].endswith(".cc")}
    names = {path: name_of(SOURCE / path, build, command, rules)
             for path, command in files.items()}
    passed = passed_dir()
    if only:
        todo = sorted(only)
    elif os.environ.get("CI_FULL") == "1" or not passed:
        todo = sorted(files)
    else:
        todo = sorted(path for path in files if not (passed / names[path]).exists())

    def look_at(path):
        return path, subprocess.run([program, "-p", build, "--quiet", path], cwd=SOURCE, text=True,
                                    stdin=subprocess.DEVNULL, capture_output=True)

    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in pool.map(look_at, todo):
            if done.returncode:
                wrong += 1
                print(f"{path}:\n{done.stdout}{done.stderr}", flush=True)
            elif passed:
                (passed / names[path]).touch()
    print(f"{len(todo)} of {len(files)} files looked at, {wrong} with findings")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), *sys.argv[2:]))
