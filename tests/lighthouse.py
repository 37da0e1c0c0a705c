"""Lighthouse on the built site, with its mobile preset: a table of scores; fails below the goals.

`make lighthouse` runs it on a page of each kind; `make lighthouse ALL=1` on every page.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from browsing import CHROMIUM, FLAGS
from webserver import serving

ROOT = Path(__file__).resolve().parents[1]
GOALS = {"performance": 0.97, "accessibility": 1, "best-practices": 1, "seo": 1}
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
A_PAGE_OF_EACH_KIND = [
    "",
    "symmetry/row-symmetry/",
    "scale/edge-of-chaos/",
    "notebooks/weight-scale/",
    "reference/signal/",
    "reference/code/nonzero-biases/",
]


def measure(program, address):
    """The report of one visit."""
    flags = " ".join(["--headless", *FLAGS])
    done = subprocess.run(
        [program, address, "--quiet", "--output=json", f"--chrome-flags={flags}"],
        env={**os.environ, "CHROME_PATH": CHROMIUM},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def row(reports):
    """`(scores by category, median times, names of the audits that cost points)` of some visits."""
    scores = {
        category: statistics.median(report["categories"][category]["score"] for report in reports)
        for category in GOALS
    }
    times = [
        statistics.median(report["audits"][name]["numericValue"] for report in reports)
        for name in TIMES
    ]
    failed = [
        part["id"]
        for category in GOALS
        if category != "performance"
        for part in reports[0]["categories"][category]["auditRefs"]
        if part["weight"] and reports[0]["audits"][part["id"]]["score"] not in (None, 1)
    ]
    return scores, times, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="where Lighthouse is installed")
    parser.add_argument("--all", action="store_true", help="every page")
    parser.add_argument("--runs", type=int, default=5, help="visits of a page; medians are shown")
    options = parser.parse_args()
    if CHROMIUM is None or shutil.which("node") is None:
        return "Lighthouse needs Chromium and Node.js on this machine."
    site = ROOT / "site"
    every = sorted(p.parent.relative_to(site).as_posix() for p in site.rglob("index.html"))
    pages = ["" if p == "." else f"{p}/" for p in every] if options.all else A_PAGE_OF_EACH_KIND
    short = 0
    print("perf  a11y  best  seo     FCP    LCP    TBT  page", flush=True)
    with serving(site) as server:
        for page in pages:
            scores, times, failed = row(
                [measure(options.program, server.origin + page) for _ in range(options.runs)]
            )
            below = any(scores[category] < goal for category, goal in GOALS.items())
            short += below
            print(
                *(f"{score:.2f} " for score in scores.values()),
                *(f"{time:4.0f}ms" for time in times),
                "below:" if below else "",
                page or "(the first page)",
                *failed,
                flush=True,
            )
    return f"{short} of {len(pages)} pages below the goals {GOALS}" if short else 0


if __name__ == "__main__":
    sys.exit(main())
