#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""chart.py BENCH.JSON: how many times better than the C module (bars), TCP and UDP
(marks) ours is, as SVG. The scale is logarithmic, and to the right is better, also
where less is.
"""

import json
import math
import statistics
import sys
from xml.sax.saxutils import escape

LABELS, WIDTH, ROW = 250, 560, 20
LOWEST, HIGHEST = 1 / 8, 64
LESS_IS_BETTER = ["kB"]
MARKS = {"tcp": "#d95f02", "udp": "#7570b3"}


def times(entry, other):
    """How many times better, the middle of the rounds; or None."""
    each = [a / b for a, b in zip(entry.get("ours", []), entry.get(other, [])) if a and b]
    if not each:
        return None
    middle = statistics.median(each)
    return 1 / middle if entry["unit"] in LESS_IS_BETTER else middle


def x(ratio):
    place = math.log(ratio / LOWEST) / math.log(HIGHEST / LOWEST)
    return LABELS + WIDTH * min(max(place, 0), 1)


def text(at, y, content, rest=""):
    return f'<text x="{at:.0f}" y="{y}" {rest}>{escape(content)}</text>'


def row(y, workload, entry):
    yield text(8, y, workload)
    ratio = times(entry, "c")
    if ratio:
        left, right = sorted((x(1), x(ratio)))
        colour = "#1b9e77" if ratio >= 1 else "#999999"
        yield f'<rect x="{left:.0f}" y="{y - 12}" width="{right - left:.0f}" height="14" fill="{colour}"/>'
        yield text(LABELS + WIDTH + 8, y, f"{ratio:.2f}")
    for other, colour in MARKS.items():
        ratio = times(entry, other)
        if ratio:
            yield f'<circle cx="{x(ratio):.0f}" cy="{y - 5}" r="4" fill="{colour}"/>'


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        bench = json.load(f)
    body, y = [], 24
    body.append(text(8, y, f"{bench['commit']}: times better than C (bars)"))
    for (other, colour), at in zip(MARKS.items(), (LABELS + 60, LABELS + 130)):
        body.append(text(at, y, other.upper(), f'fill="{colour}"'))
    y += ROW
    top = y
    for engine, figures in bench["engines"].items():
        y += ROW
        body.append(text(8, y, engine, 'font-weight="bold"'))
        for workload, entry in figures.items():
            y += ROW
            body += row(y, workload, entry)
    for power in range(int(math.log2(LOWEST)), int(math.log2(HIGHEST)) + 1):
        at = x(2**power)
        label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        body.append(text(at, top, label, 'text-anchor="middle"'))
        body.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{top + 4}" y2="{y + 8}" '
                    f'stroke="{"#000" if power == 0 else "#ddd"}"/>')
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABELS + WIDTH + 70}" height="{y + 20}" '
          'font-family="sans-serif" font-size="13">')
    print(f'<rect width="100%" height="100%" fill="#fff"/>')
    print("\n".join(body))
    print("</svg>")


main()
