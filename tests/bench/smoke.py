"""smoke.py: the tables and plots of tests/bench/run from made-up results, in which peers are missing.

No cell may be empty: what could not be run says why.
"""

import importlib.util
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import report  # noqa: E402

ROW = {"init": 2.0, "end": 3.0, "cpu": 1.0, "kib": 700}
UNIT_ROW = {"active": 2.0, "init": 3.0, "ready": 3.0, "cpu_pid1": 0.5, "stop": 4.0}
MEMORY = {"private_kib": 200.0, "wakeups": 0, "processes": 5, "connections_to_pid1": 0,
          "reload_before": 30.0, "reload": 40.0}
MISSING = "no init | came up"
RESULTS = {
    "date": "2000-01-01", "release": "trixie", "kernel": "6.12", "cpus": 2, "cpu": report.cpu_name(),
    "load": 0.5, "systemd": "257",
    "generators": {"times": {"1": {"bare loop": [1.0], "systemd-vps-generator": [1.1]}},
                   "reasons": {"Quadlet": "this release has none"}},
    "launchers": [{"name": "vps-run", "rows": [ROW, ROW], "reason": None},
                  {"name": "crun", "rows": [ROW], "reason": None},
                  {"name": "runc", "rows": [], "reason": MISSING}],
    "units": [{"name": "vps@", "one": [UNIT_ROW], "many": {"5": [UNIT_ROW]}, "memory": MEMORY,
               "reason": None},
              {"name": "lxc@", "one": [UNIT_ROW], "many": {}, "memory": None, "reason": MISSING}],
    "boots": [{"count": 10, "came_up": 10, "went_down": 10, "seconds": 1.0, "shutdown_seconds": 1.0,
               "cpu_ms": {"pid1": 100.0, "services": 200.0}, "pid1_anonymous_kib": 5000,
               "supervisor_private_kib": 200.0, "reload_seconds": 0.1, "wakeups_a_second": 0.0}],
}


def main():
    table = report.write_table(RESULTS)
    rows = [line for line in table.splitlines() if line.startswith("|")]
    for line in rows:
        cells = line.strip("|").split("|")
        if any(not cell.strip() for cell in cells[1:]):
            sys.exit(f"an empty cell: {line}")
    for wanted in "| runc | not run: no init / came up |", "| crun | 1 | 2.0 | 2.0 | 1.00 |":
        if wanted not in table:
            sys.exit(f"no '{wanted}' in:\n{table}")
    if not importlib.util.find_spec("matplotlib"):
        print("no python3-matplotlib: no plots")
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = report.draw_plots(RESULTS, pathlib.Path(folder))
        empty = [path.name for path in paths if path.stat().st_size < 1000]
        if len(paths) != 6 or empty:
            sys.exit(f"{len(paths)} plots, of which empty: {empty}")


if __name__ == "__main__":
    main()
