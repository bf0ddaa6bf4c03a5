"""Limits for a process that reads strange files, set by itself before it opens any."""

from __future__ import annotations


def restrain(memory: int, cpu_seconds: int, largest_file: int) -> None:
    """Limit this process (bytes, seconds, bytes; 0: it writes no file); no core is left. Where the system knows no
    limits, the caller's time limit still holds."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
