"""Starts a program on a short leash: `python -I launch.py CPU_SECONDS MEMORY FILE_SIZE PROGRAM ARGUMENT …`.

A program of its own, because limits set between fork and exec of a process with threads are a lottery. What it
starts is the kindest of all to others, dies with its parent, dumps no core and has no more than it is given.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):  # not Linux: the limits below still end it
        pass


def main(arguments: list[str]) -> None:
    """Limit this process, then become the program."""
    cpu, memory, size = (int(text) for text in arguments[:3])
    parent = os.getppid()
    _die_with_parent()
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")
    import resource

    # Python ignores these two, and what it starts would inherit that: a file that grows too large, or a reader
    # that is gone, ends the program.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.nice(19)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execv(arguments[3], arguments[3:])


if __name__ == "__main__":
    main(sys.argv[1:])
