"""layout.py SOURCE: clang-format decides how our code is laid out."""

import os
import pathlib
import re
import shutil
import subprocess
import sys


def main(source):
    program = shutil.which("clang-format")
    if not program:
        print("no clang-format", file=sys.stderr)
        return 1 if os.environ.get("CI") else 77
    files = sorted(path for folder in ("generator", "helpers", "lib", "tests")
                   for path in pathlib.Path(source, folder).rglob("*.*")
                   if path.suffix in (".cc", ".hh"))
    if not files:
        return "no code"
    done = subprocess.run([program, "--dry-run", "-Werror", *files], cwd=source, text=True,
                          stderr=subprocess.PIPE)
    wrong = sorted(set(re.findall(r"^(.*?):\d+:\d+: error:", done.stderr, re.M)))
    print(f"{len(files)} files")
    if done.returncode and not wrong:
        return done.stderr
    return "".join(f"{path}: run clang-format -i on it\n" for path in wrong) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
