"""golden.py GENERATOR UNIT-DIR CASE: the generator's units and words for one input tree.

CASE holds `in` (the root directory to read), `units` (all that is written, flattened), `stderr`
and `status`. With ACCEPT=1 in the environment the three are rewritten instead of compared.
"""

import difflib
import os
import sys
import tempfile

import sandbox

DIRECTORIES = ("normal", "early", "late")


def flatten(tops):
    """All files and links below {prefix: folder} as one text, in the order of their paths."""
    entries = {}
    found = [(prefix, top, os.path.join(parent, name)) for prefix, top in tops.items()
             for parent, _, names in os.walk(top) for name in names]
    for prefix, top, path in found:
        key = (prefix + os.path.relpath(path, top)).encode()
        if os.path.islink(path):
            entries[key] = b"--- %s -> %s\n" % (key, os.readlink(path).encode())
        else:
            with open(path, "rb") as file:
                entries[key] = b"--- %s\n%s" % (key, file.read())
    return b"".join(entries[key] for key in sorted(entries))


def generate(generator, root):
    """What one run writes, says and returns."""
    with tempfile.TemporaryDirectory() as top:
        out = [os.path.join(top, name) for name in DIRECTORIES]
        for path in out:
            os.mkdir(path)
        done = sandbox.run([generator, "--root=" + root, *out], writable=[out[0], out[2]])
        assert not os.listdir(out[1])
        return flatten({"": out[0], "late/": out[2]}), done.stderr, b"%d\n" % done.returncode


def compare(path, found):
    if os.environ.get("ACCEPT"):
        with open(path, "wb") as file:
            file.write(found)
        return True
    with open(path, "rb") as file:
        expected = file.read()
    if expected == found:
        return True
    lines = [text.decode(errors="backslashreplace").splitlines(True) for text in (expected, found)]
    sys.stdout.writelines(difflib.unified_diff(*lines, path, "found"))
    return False


def main(generator, unit_dir, case):
    if os.sysconf("SC_PAGESIZE") != 4096:
        sandbox.skip("the expected limits are those of 4 KiB pages")
    root = os.path.join(case, "in")
    units, words, status = first = generate(generator, root)
    assert generate(generator, root) == first, "a second run differs"
    dry = sandbox.run([generator, "--root=" + root, "--dry-run"])
    assert (dry.stdout, dry.stderr, b"%d\n" % dry.returncode) == first, "--dry-run differs"

    units = units.replace(b" -> " + unit_dir.encode() + b"/", b" -> @UNIT_DIR@/")
    same = [compare(os.path.join(case, name), found)
            for name, found in (("units", units), ("stderr", words), ("status", status))]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
