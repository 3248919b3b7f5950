"""fuzz.py TARGET SEEDS DICTIONARY: fuzzes for VPS_FUZZ_SECONDS (60), from our seeds.

What libFuzzer finds on the way is thrown away; an input that crashes is kept and named.
"""

import os
import subprocess
import sys
import tempfile


def main(target, seeds, dictionary):
    if not os.access(target, os.X_OK):
        print("no fuzzer: clang and libclang-rt-dev are needed", file=sys.stderr)
        return 1 if os.environ.get("CI") else 77
    seconds = os.environ.get("VPS_FUZZ_SECONDS", "60")
    with tempfile.TemporaryDirectory() as found:
        return subprocess.call([target, "-max_total_time=" + seconds, "-timeout=10",
                                "-print_final_stats=1", "-verbosity=0",
                                "-error_exitcode=1",  # not 77, meson's word for a skipped test
                                "-dict=" + dictionary,
                                "-artifact_prefix=" + os.path.dirname(target) + "/", found, seeds])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
