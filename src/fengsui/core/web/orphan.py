"""kill -9 of the web server's master must not leave a worker serving beside the next start (SO_REUSEPORT)."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal

PR_SET_PDEATHSIG = 1


def die_with_master() -> None:
    """Call first of all in a worker: a master killed while the worker still imports would leave it an orphan."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    master = multiprocessing.parent_process()
    if master is not None and master.pid != os.getppid():
        os._exit(1)  # it died before the line above
