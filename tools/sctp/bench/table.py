#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""table.py FOLDER COMMIT SECS MODULES ENGINE...: what guests have said, in
FOLDER/ENGINE-MODULE-ROUND.log, as a table, and in FOLDER/bench.json.

Of several rounds the middle one counts. A ratio is the middle one of the rounds'
ratios, and with it goes how far the others are from it at most.
"""

import glob
import json
import statistics
import sys

# Whom a module stands for; without one it is TCP and UDP.
MODULES = {"c": "c", "rust": "ours", "none": None}
OTHERS = {"c": "C", "tcp": "TCP", "udp": "UDP"}


def read(folder, engine, modules):
    """A dictionary of workloads: their unit, and of each protocol the rounds' figures.
    What others than these modules did is of interest for what these have done."""
    figures = {}
    for module in modules + [m for m in MODULES if m not in modules]:
        for log in sorted(glob.glob(f"{folder}/{engine}-{module}-*.log")):
            for who, workload, number, unit in said(log):
                if module not in modules and workload not in figures:
                    continue
                entry = figures.setdefault(workload, {"unit": unit})
                entry.setdefault(MODULES[module] or who, []).append(float(number))
    return figures


def said(log):
    with open(log, encoding="utf-8") as f:
        return [line.split()[1:] for line in f if line.startswith("figure ")]


def ratios(entry, other):
    """Ours to the other's, round by round."""
    return [a / b for a, b in zip(entry.get("ours", []), entry.get(other, [])) if b]


def ratio(entry, other):
    each = ratios(entry, other)
    if not each:
        return "-"
    middle = statistics.median(each)
    text = f"{middle:.2f}"
    if len(each) > 1:
        text += f" ±{max(abs(r - middle) for r in each) / middle:.1%}"
    return text


def number(entry, who):
    if who not in entry:
        return "-"
    middle = statistics.median(entry[who])
    return f"{middle:.3g}" if middle < 100 else f"{middle:.0f}"


def rows(engine, figures):
    yield [engine, "", "ours"] + [h for name in OTHERS.values() for h in (name, f"ours/{name}")]
    for workload, entry in figures.items():
        yield [f"  {workload}", entry["unit"], number(entry, "ours")] + [
            cell for other in OTHERS for cell in (number(entry, other), ratio(entry, other))]


def main():
    folder, commit, secs, modules, *engines = sys.argv[1:]
    all_figures = {engine: read(folder, engine, modules.split()) for engine in engines}
    with open(f"{folder}/bench.json", "w", encoding="utf-8") as f:
        json.dump({"commit": commit, "seconds": int(secs), "engines": all_figures}, f, indent=1)
    print(f"commit {commit}, {secs} s each")
    table = [row for engine in engines for row in rows(engine, all_figures[engine])]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        if not row[1]:
            print()
        cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


main()
