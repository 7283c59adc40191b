"""Chooses the servers' core and the load's core.

Many virtual disks have one queue and send all interrupts to one core. That core is given to the servers, as on a machine
with one core. Otherwise each flush wakes the load's core first and the server's core second, which costs every server that
flushes a quarter of its writes with one connection.
"""

import os
import re
from pathlib import Path

FLUSHES = 200


def cores(folder: Path) -> tuple[int, int]:
    """The servers' core, which is the one that the disk under `folder` interrupts, and the load's."""
    allowed = sorted(os.sched_getaffinity(0))
    # A disk with a queue for each core interrupts the core that asked: then any core will do.
    os.sched_setaffinity(0, allowed[:1])
    try:
        servers = interrupted_by(folder)
    finally:
        os.sched_setaffinity(0, allowed)
    if servers not in allowed:
        servers = allowed[0]
    return servers, next(core for core in allowed if core != servers)


def interrupted_by(folder: Path) -> int | None:
    """The core whose count for one device grows most while a file is flushed; none if none grows by as much."""
    before = interrupts()
    flush(folder)
    grown = {key: count - before.get(key, 0) for key, count in interrupts().items()}
    (_, core), count = max(grown.items(), key=lambda grown: grown[1], default=((None, None), 0))
    return core if count >= FLUSHES else None


def flush(folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "flushed"
    with open(path, "wb", buffering=0) as file:
        for _ in range(FLUSHES):
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
    path.unlink()


def interrupts() -> dict[tuple[str, int], int]:
    """The interrupts of each device on each core so far; only devices have numbers."""
    head, *lines = Path("/proc/interrupts").read_text().splitlines()
    numbers = [int(name.removeprefix("CPU")) for name in head.split()]
    counts = {}
    for line in lines:
        if device := re.match(r"\s*(\d+):((?:\s+\d+)+)", line):
            counts |= {(device[1], core): int(count) for core, count in zip(numbers, device[2].split())}
    return counts
