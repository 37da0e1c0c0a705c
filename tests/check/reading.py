"""What tests read off a report."""


def alarms(report):
    return {(f.level, f.rule, f.where) for f in report.findings if f.level != "ok"}
