"""Findings about a reader's own network: what is wrong, or odd, with how it starts.

[`check`][initexplain.check.checking.check] is the door. Behind it, a module per concept: what a
check knows of a parameter, a rule or a few per module, one adapter for each framework. No framework
is imported here; an adapter takes the one that the reader's object has loaded.
"""

from initexplain.check.checking import check, snapshot
from initexplain.check.findings import Finding, Report
from initexplain.check.snapshots import Snapshot

__all__ = ["Finding", "Report", "Snapshot", "check", "snapshot"]
