"""`python -m benchmarks.zoo`: checks every architecture, plants every fault, writes the table."""

import argparse
import gc
import sys
import time
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

import initexplain as ie
from benchmarks.zoo.architectures import Architecture, architectures
from benchmarks.zoo.faults import FAULTS, SITES, Fault, Site
from benchmarks.zoo.known import reason
from initexplain.check import Finding

RESULTS = Path(__file__).with_name("results.md")
LIBRARIES = "torchvision", "timm", "transformers", "keras", "flax", "torch"
ENOUGH = 0.95


def main() -> None:
    """Ends with an error if a network gives an alarm without a reason, or faults are missed."""
    parser = argparse.ArgumentParser(prog="make check-zoo")
    parser.add_argument("--only", default="", help="architectures whose name has this in it")
    only = parser.parse_args().only
    warnings.simplefilter("ignore")  # the libraries' own
    torch.manual_seed(0)
    # the networks are small: threads would wait for each other longer than they compute
    torch.set_num_threads(1)
    every = {a.name: a for a in architectures() if only in a.name}
    with tqdm(total=len(every) + len(SITES), unit="network", disable=None) as bar:
        alarms = {name: healthy(a, bar) for name, a in every.items()}
        cases = [
            case
            for site in SITES
            if site.architecture in every
            for case in planted(every, site, bar)
        ]
    text = table(every, alarms, cases)
    print(text)
    failed = [
        f"{n}: {f.level} {f.rule} {f.where}: {f.message}" for n, f in unexplained(every, alarms)
    ]
    missed = [
        f"{site.architecture}: {fault.what}: {said}" for fault, site, ok, said in cases if not ok
    ]
    print(*failed, *(f"missed: {m}" for m in missed), sep="\n")
    if failed or len(missed) > (1 - ENOUGH) * len(cases):
        sys.exit("The check raises a false alarm, or misses too much: see above.")
    if not only:
        RESULTS.write_text(text, "utf-8")
    print(f"{len(every) + len(cases) - len(missed)} passed, {len(failed) + len(missed)} failed")


def healthy(architecture: Architecture, bar: tqdm) -> list[Finding]:
    """What the check has against a network as its library draws it, without and with a batch."""
    bar.set_description(f"{architecture.library} {architecture.name}"[:40])
    start = time.monotonic()
    net = architecture.build()
    reports = [ie.check(net)]
    if architecture.batch is not None:
        reports.append(ie.check(net, architecture.batch(), progress=False))
    bar.update()
    bar.write(f"{architecture.library} {architecture.name}: {time.monotonic() - start:.1f} s")
    return [f for report in reports for f in report.findings if f.level != "ok"]


def unexplained(
    every: dict[str, Architecture], alarms: dict[str, list[Finding]]
) -> list[tuple[str, Finding]]:
    """Failures, and warnings that are not known."""
    return [
        (name, finding)
        for name, findings in alarms.items()
        for finding in findings
        if finding.level == "FAIL" or not reason(name, every[name].library, finding.rule)
    ]


def planted(
    every: dict[str, Architecture], site: Site, bar: tqdm
) -> list[tuple[Fault, Site, bool, str]]:
    """Every fault that the architecture has a place for, and whether it is found there."""
    architecture, cases = every[site.architecture], []
    for fault in FAULTS:
        bar.set_description(f"{site.architecture}: {fault.what}"[:40])
        net = architecture.build()
        with torch.no_grad():
            places = fault.plant(net, site)
        if places is None:
            continue
        batch = architecture.batch() if fault.batch and architecture.batch else None
        report = ie.check(net, batch, progress=False)
        alarms = [f for f in report.findings if f.level != "ok"]
        found = any(f.rule in fault.rules and _at(f.where, places) for f in alarms)
        said = ", ".join(f"{f.rule} {f.where}" for f in alarms[:3]) or "nothing"
        cases.append((fault, site, found, said))
        bar.write(f"{site.architecture}: {fault.what}: {'found' if found else 'MISSED'}: {said}")
        gc.collect()
    bar.update()
    return cases


def _at(where: str, places: tuple[str, ...]) -> bool:
    return any(where == place or where.startswith(f"{place}.") for place in places)


def table(
    every: dict[str, Architecture], alarms: dict[str, list[Finding]], cases: list[Any]
) -> str:
    """Markdown: what was checked, the warnings with their reasons, the faults that were found."""
    libraries = Counter(a.library for a in every.values())
    lines = [
        f"{len(every)} architectures as their libraries draw them: "
        + ", ".join(f"{n} of {library}" for library, n in libraries.items())
        + f". FAIL: {sum(f.level == 'FAIL' for fs in alarms.values() for f in fs)}. "
        f"With a warning: {sum(bool(fs) for fs in alarms.values())}.",
        "",
    ]
    said = {(name, f.rule): None for name, findings in alarms.items() for f in findings}
    lines += [
        f"- `{name}`, `{rule}`. {reason(name, every[name].library, rule)}." for name, rule in said
    ]
    sites = {site.architecture for _, site, _, _ in cases}
    hits = sum(found for _, _, found, _ in cases)
    lines += [
        "",
        f"Faults planted in {len(sites)} of them: {hits} of {len(cases)} are found and named at "
        "their place.",
        "",
        "| fault | rule | found |",
        "|---|---|--:|",
    ]
    for fault in FAULTS:
        found = [ok for other, _, ok, _ in cases if other is fault]
        rules = " or ".join(f"`{rule}`" for rule in fault.rules)
        lines.append(f"| {fault.what} | {rules} | {sum(found)} of {len(found)} |")
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return "\n".join([*lines, "", f"With {versions}.", ""])


if __name__ == "__main__":
    main()
