"""``python -m madaline``: fixes what must be fixed before JAX is imported, then runs the command.

JAX reads the environment when it is first imported. So the number of threads (it decides the
last bits of large products) and the cache of compiled programs are settled here, and nowhere
in the library.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import MutableMapping

from madaline.cache import private_cache_folder


def main() -> None:
    """Run the command line and leave with its exit code."""
    # While modules load and while Python shuts down, Ctrl-C ends it without a traceback; in between
    # the command line takes it.
    wanted = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    quiet = signal.SIG_DFL if wanted else signal.getsignal(signal.SIGINT)
    before = signal.signal(signal.SIGINT, quiet)
    prepare_environment(os.environ)
    from madaline.cli.main import madaline

    for stream in (sys.stdout, sys.stderr):
        # A terminal or file that lacks a character gets its number instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGINT, before)
    try:
        madaline.main()
    finally:
        signal.signal(signal.SIGINT, quiet)


def prepare_environment(environment: MutableMapping[str, str]) -> None:
    """Set what JAX reads on import, wherever the person has not set it already.

    >>> environment = {"NPROC": "3", "JAX_COMPILATION_CACHE_DIR": "/elsewhere"}
    >>> prepare_environment(environment)
    >>> environment["NPROC"], environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"]
    ('3', '0')
    """
    # XLA cuts products into as many pieces as it has threads, and the pieces are added in that
    # order: another number of threads gives other last bits.
    environment.setdefault("NPROC", str(usable_cores()))
    if "JAX_COMPILATION_CACHE_DIR" not in environment:
        folder = private_cache_folder(environment)
        if folder is None:
            return
        environment["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    # By default JAX keeps only programs that took a second to compile; ours are many and small.
    environment.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    environment.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def usable_cores() -> int:
    """Cores that this process may run on; a container often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
