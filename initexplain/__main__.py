"""`python -m initexplain check FILE...` checks the parameters in a file, for a shell and for CI."""

import argparse
import json
import sys
from collections.abc import Sequence

from initexplain.check import check, snapshot
from initexplain.check.files import read_files


def main(arguments: Sequence[str]) -> int:
    """Prints the report; the exit status is 1 if something fails, 2 for what cannot be read."""
    asked = _parser().parse_args(arguments)
    try:
        since = snapshot(read_files(asked.since)) if asked.since else None
        report = check(read_files(asked.files), since=since, layout=asked.layout)
    except (OSError, ValueError, TypeError) as error:
        sys.stderr.write(f"initexplain check: {error}\n")
        return 2
    sys.stdout.write(f"{json.dumps(report.to_dict(), indent=1) if asked.json else report}\n")
    return 0 if report.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m initexplain")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "what is wrong, or odd, with how a network starts, from the file of its parameters"
    command = commands.add_parser("check", help=about, description=about)
    command.add_argument("files", nargs="+", metavar="FILE", help=".safetensors or .npz")
    command.add_argument(
        "--since", nargs="+", metavar="FILE", help="what changed since these files were written"
    )
    command.add_argument(
        "--layout",
        choices=("auto", "rows", "columns"),
        default="auto",
        help="whether the units of a matrix are its rows or its columns, if names do not tell",
    )
    command.add_argument("--json", action="store_true", help="the report as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
