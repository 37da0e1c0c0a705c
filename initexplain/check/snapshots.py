"""What changed in a network since an earlier moment, or between two ranks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from initexplain.check.copies import looks_random
from initexplain.check.findings import Finding
from initexplain.check.parameters import Parameter


@dataclass(frozen=True)
class Mark:
    """What a snapshot keeps of a parameter: its shape, a digest, and whether it looks drawn."""

    shape: tuple[int, ...]
    digest: str
    random: bool


@dataclass(frozen=True)
class Snapshot:
    """The digests of a network's parameters: a few hundred bytes each, to be sent or pickled."""

    marks: Mapping[str, Mark]


def take(parameters: Sequence[Parameter]) -> Snapshot:
    """The snapshot of these parameters; what has no values is marked so."""
    marks = {}
    for p in parameters:
        if p.kind == "buffer":
            continue
        digest = "no values"
        if p.values is not None:
            digest = blake2b(np.ascontiguousarray(p.values).data, digest_size=16).hexdigest()
        marks[p.name] = Mark(p.shape, digest, looks_random(p))
    return Snapshot(marks)


def check_since(now: Snapshot, since: Snapshot, *, ranks: bool) -> Iterator[Finding]:
    """What differs from an earlier snapshot, and what does not; the few are a warning.

    Which of the two is the mistake depends on what happened between the snapshots. What differs
    from most is named: one overwritten layer of a loaded network, or one that an initializer left
    out. Between `ranks`, only what was drawn counts, since zeros agree by right.
    """
    for name in sorted(now.marks.keys() ^ since.marks.keys()):
        side = "in the snapshot only" if name in since.marks else "not in the snapshot"
        yield Finding("WARN", "since", name, side, None, "compare snapshots of one architecture")
    shared = [name for name in now.marks if name in since.marks]
    if ranks:
        shared = [n for n in shared if now.marks[n].random or since.marks[n].random]
    changed = [n for n in shared if now.marks[n] != since.marks[n]]
    same = [n for n in shared if now.marks[n] == since.marks[n]]
    said = ("differs", "is the same") if ranks else ("overwritten", "left as it was")
    fewer = len(changed) <= len(same)
    for names, what, odd in ((changed, said[0], fewer), (same, said[1], not fewer)):
        unlike = bool(odd and changed and same)
        remedy = "replicas agree, shards and ensembles differ: seed the rank accordingly" * ranks
        remedy = remedy or "look for what ran between the two: loading, an initializer, tying"
        for name in names if unlike else []:
            yield Finding("WARN", "since", name, f"{what}, unlike most", None, remedy)
        if names and not unlike:
            right = "right for replicas" if what == said[1] else "right for shards and ensembles"
            extra = f": {right}" if ranks else ""
            yield Finding("ok", "since", "", f"{len(names)} of {len(shared)}: {what}{extra}")
