"""fuzz.py TARGET FOLDER: fuzzes for VPS_FUZZ_SECONDS (5), from the seeds in FOLDER/corpus/NAME.

What libFuzzer finds on the way is thrown away; an input that crashes is kept and named.
"""

import os
import pathlib
import subprocess
import sys
import tempfile


def main(target, folder):
    name = os.path.basename(target).removeprefix("fuzz-")
    seeds = pathlib.Path(folder, "corpus", name)
    if not any(seeds.iterdir()):
        sys.exit(f"{seeds}: no seeds")
    dictionary = pathlib.Path(folder, name + ".dict")
    with tempfile.TemporaryDirectory() as found:
        return subprocess.call([target, "-max_total_time=" + os.environ.get("VPS_FUZZ_SECONDS", "5"),
                                "-timeout=10", "-print_final_stats=1", "-verbosity=0",
                                "-error_exitcode=1",  # not 77, meson's word for a skipped test
                                *[f"-dict={dictionary}"] * dictionary.exists(),
                                "-artifact_prefix=" + os.path.dirname(target) + "/", found, seeds])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
