"""From the results of tests/bench/run to its tables and plots."""

import statistics

OURS = ("vps-run", "vps@", "systemd-vps-generator")


def cpu_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown CPU"


def p90(values):
    values = sorted(values)
    return values[min(len(values) - 1, len(values) * 9 // 10)]


def rows_to_text(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def not_run(name, reason, columns):
    return [name, f"not run: {reason}".replace("|", "/"), *["-"] * (columns - 2)]


def latency_table(entries, key, columns):
    """Median, p90 and ratio to ours of one figure, then `columns`: {head: function(rows)}."""
    head = ["", "runs", "median ms", "p90 ms", "ratio to ours", *columns]
    ours = next((one for one in entries if one["name"] in OURS and one["rows"]), None)
    base = statistics.median(row[key] for row in ours["rows"]) if ours else None
    rows = []
    for one in entries:
        if one["reason"] or not one["rows"]:
            rows.append(not_run(one["name"], one["reason"] or "no rounds", len(head)))
            continue
        values = [row[key] for row in one["rows"]]
        median = statistics.median(values)
        rows.append([one["name"], str(len(values)), f"{median:.1f}", f"{p90(values):.1f}",
                     f"{median / base:.2f}" if base else "ours was not run",
                     *(column(one["rows"]) for column in columns.values())])
    return rows_to_text(head, rows)


def median_of(key, pattern="{:.1f}"):
    return lambda rows: pattern.format(statistics.median(row[key] for row in rows))


def generator_table(generators):
    names = ["bare loop", "systemd-vps-generator", "systemd-fstab-generator", "Quadlet"]
    head = ["entries", "generator", "runs", "median ms", "p90 ms", "µs an entry", "ratio to the bare loop"]
    rows = []
    for count, times in generators["times"].items():
        base = statistics.median(times["bare loop"])
        for name in names:
            if name not in times:
                reason = generators["reasons"].get(name, "no rounds")
                rows.append([count, name, f"not run: {reason}", "-", "-", "-", "-"])
                continue
            median = statistics.median(times[name])
            rows.append([count, name, str(len(times[name])), f"{median:.2f}", f"{p90(times[name]):.2f}",
                         f"{1000 * median / int(count):.1f}", f"{median / base:.2f}"])
    return rows_to_text(head, rows)


def boot_table(boots):
    head = ["VPSes", "up", "stopped by themselves", "all up s", "shutdown s", "CPU of PID 1 ms a VPS",
            "CPU of vps@ ms a VPS", "PID 1 KiB a VPS", "supervisor KiB private", "daemon-reload s",
            "wakeups a second"]
    rows = []
    for one in boots:
        count = one["count"]
        rows.append([str(count), str(one["came_up"]), str(one["went_down"]), f"{one['seconds']:.1f}",
                     f"{one['shutdown_seconds']:.1f}", f"{one['cpu_ms']['pid1'] / count:.1f}",
                     f"{one['cpu_ms']['services'] / count:.1f}",
                     f"{one['pid1_anonymous_kib'] / count:.1f}",
                     f"{one['supervisor_private_kib']:.0f}", f"{one['reload_seconds']:.2f}",
                     f"{one['wakeups_a_second']:.1f}"])
    return rows_to_text(head, rows)


def memory_table(units):
    head = ["unit", "supervisor KiB private, each", "context switches of all in 3 s",
            "connections to PID 1", "daemon-reload, CPU ms of PID 1: none run", "all run"]
    rows = []
    for kind in units:
        memory = kind["memory"]
        if kind["reason"] or not memory:
            rows.append(not_run(kind["name"], kind["reason"] or "no rounds", len(head)))
        else:
            rows.append([f"{kind['name']} ({memory['processes']})", f"{memory['private_kib']:.0f}",
                         str(memory["wakeups"]), str(memory["connections_to_pid1"]),
                         f"{memory['reload_before']:.0f}", f"{memory['reload']:.0f}"])
    return rows_to_text(head, rows)


def write_table(results):
    parts = [f"{results['date']}, {results['cpu']}, {results['cpus']} CPUs, load {results['load']:.1f} "
             f"at the start, Linux {results['kernel']}, {results['release']}"
             + (f" (systemd {results['systemd']})" if "systemd" in results else "") + "."]
    if "generators" in results:
        parts += ["Generators:", generator_table(results["generators"])]
    if "launchers" in results:
        cpu = {"CPU ms": median_of("cpu"), "peak KiB": median_of("kib", "{:.0f}")}
        parts += ["From exec of the launcher to exec of init:",
                  latency_table(results["launchers"], "init", cpu)]
    if "units" in results:
        units = results["units"]
        ones = [{"name": kind["name"], "rows": kind["one"], "reason": kind["reason"]}
                for kind in units]
        more = {"active ms": median_of("active"), "init ms": median_of("init"),
                "CPU of PID 1 ms": median_of("cpu_pid1")}
        parts += ["`systemctl start` of one, until it is active and its init runs:",
                  latency_table(ones, "ready", more)]
        for count in sorted({count for kind in units for count in kind["many"]}, key=int):
            many = [{"name": kind["name"], "rows": kind["many"].get(count, []),
                     "reason": kind["reason"]} for kind in units]
            parts += [f"{count} by one `systemctl start`:",
                      latency_table(many, "ready", more | {"stop ms": median_of("stop")})]
        parts += ["Their supervisors, idle, and what systemd takes to read all units again:",
                  memory_table(units)]
    if "boots" in results:
        parts += ["Boots with VPSes that start by themselves:", boot_table(results["boots"])]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def draw_plots(results, out):
    """Writes the plots as SVG and PNG; returns their paths."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    paths = []

    def save(figure, name):
        for kind in "svg", "png":
            path = out / f"{name}.{kind}"
            figure.savefig(path, bbox_inches="tight", dpi=120)
            paths.append(path)
        pyplot.close(figure)

    if "launchers" in results:
        done = [one for one in results["launchers"] if one["rows"]]
        figure, axes = pyplot.subplots(figsize=(8, 4))
        axes.boxplot([[row["init"] for row in one["rows"]] for one in done], vert=False,
                     showfliers=False)
        axes.set_yticks(range(1, len(done) + 1), [one["name"] for one in done])
        axes.set_xscale("log")
        axes.set_xlabel("ms from exec of the launcher to exec of init")
        axes.invert_yaxis()
        save(figure, "start-latency")
    if "generators" in results:
        figure, axes = pyplot.subplots(figsize=(8, 4))
        times = results["generators"]["times"]
        for name in ["bare loop", "systemd-vps-generator", "systemd-fstab-generator", "Quadlet"]:
            points = [(int(count), statistics.median(by_name[name]))
                      for count, by_name in times.items() if name in by_name]
            if points:
                axes.plot(*zip(*points), marker="o", label=name)
        axes.set(xscale="log", yscale="log", xlabel="entries", ylabel="ms")
        axes.legend()
        save(figure, "generator-time")
    if "boots" in results:
        figure, axes = pyplot.subplots(figsize=(8, 4))
        counts = [one["count"] for one in results["boots"]]
        for key, label in (("seconds", "all up"), ("shutdown_seconds", "shutdown"),
                           ("reload_seconds", "daemon-reload")):
            axes.plot(counts, [one[key] for one in results["boots"]], marker="o", label=label)
        axes.set(xscale="log", yscale="log", xlabel="VPSes", ylabel="s")
        axes.legend()
        save(figure, "boot-time")
    return paths
