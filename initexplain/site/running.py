"""A build among others on the machine: it ends when told, alone in its folder, at its address."""

import fcntl
import functools
import os
import re
import signal
import socket
import threading
import time
from pathlib import Path

from mkdocs.exceptions import Abort

GRACE_SECONDS = 5
folders: dict[str, int] = {}
"""Those that this process keeps for itself, and what keeps them."""


def end_when_told() -> None:
    """Lets SIGTERM, and the end of make, end the process as SIGINT does, and for certain."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if os.environ.get("MAKELEVEL"):
        threading.Thread(target=_follow, args=[os.getppid()], daemon=True).start()


def _interrupt(*_: object) -> None:
    """Raises KeyboardInterrupt in the main thread, once; where that is lost, the alarm ends all."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.alarm(GRACE_SECONDS)
    raise KeyboardInterrupt


def _follow(make: int) -> None:
    """Waits until make has ended or was interrupted; it passes SIGTERM on, and SIGINT not."""
    time.sleep(0.5)
    while os.getppid() == make and not _interrupted(make):
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _interrupted(make: int) -> bool:
    """Whether make has left it to the system to handle the next SIGINT, as it does after one."""
    try:
        status = Path(f"/proc/{make}/status").read_text()
    except OSError:  # another system than Linux: there, a second SIGINT ends make
        return False
    masks = [re.search(rf"Sig{kind}:\s*(\w+)", status) for kind in ("Cgt", "Ign")]
    handled = any(mask and int(mask[1], 16) >> (signal.SIGINT - 1) & 1 for mask in masks)
    return re.search(r"^Name:\s*g?make$", status, re.MULTILINE) is not None and not handled


def keep_folder(folder: str) -> None:
    """Keeps a folder for this process until it ends.

    Raises:
        Abort: another process has it.
    """
    path = os.path.realpath(folder)
    if path in folders:
        return
    Path(path).mkdir(parents=True, exist_ok=True)
    kept = os.open(path, os.O_RDONLY)
    try:
        # the system takes the lock back when this process ends, however it ends
        fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(kept)
        raise Abort(
            f"Aborted: another build writes into {folder}; let it end, or name another folder: "
            "`INITEXPLAIN_SITE_DIR=other make site`"
        ) from None
    folders[path] = kept


@functools.cache  # later, it is this process that has the address
def try_address(host: str, port: int) -> None:
    """Tries whether a server could have the address.

    Raises:
        Abort: it could not.
    """
    try:
        [(family, *_), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as error:  # in use, not of this machine; no port
        reason = str(error).partition(" (")[0].rstrip(".")
        raise Abort(
            f"Aborted: the preview cannot have {host}:{port}: {reason}. "
            "End what has that address, or name another: `make serve ADDRESS=127.0.0.1:8001`"
        ) from None
