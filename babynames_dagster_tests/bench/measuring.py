"""What a measurement is, and how several of one method become one.

What belongs here: seconds, CPU seconds and memory of processes, medians, tables, the machine. What does not: what is
measured.

CPU seconds come from /proc (proc_pid_stat(5), proc_pid_status(5)), so this is for Linux.
"""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_USER_TICKS, _SYSTEM_TICKS = 11, 12
"""Fields of /proc/PID/stat, counted from the one after the program's name."""


@dataclass(frozen=True)
class Measured:
    """One method on one file.

    Attributes:
        rows: Rows of the file.
        seconds: From opening the file to the last commit.
        client_cpu: CPU seconds of the process that loads.
        server_cpu: CPU seconds of the database server; None where there is none.
        peak_mb: Peak resident memory of the process that loads; None where it isn't ours to measure.
    """

    rows: int
    seconds: float
    client_cpu: float
    server_cpu: float | None
    peak_mb: int | None

    @property
    def bound(self) -> float:
        """CPU seconds of the busier side: no machine can be faster, and other work on it changes them little."""
        return max(self.client_cpu, self.server_cpu or 0.0)


def middle(rounds: Sequence[Measured]) -> Measured:
    """Return the median of each figure; of memory, the highest."""
    server = [one.server_cpu for one in rounds if one.server_cpu is not None]
    peaks = [one.peak_mb for one in rounds if one.peak_mb is not None]
    return Measured(
        rounds[0].rows,
        median(one.seconds for one in rounds),
        median(one.client_cpu for one in rounds),
        median(server) if server else None,
        max(peaks) if peaks else None,
    )


def cpu_seconds(process_id: int) -> float:
    """Return the CPU seconds that a process has used so far, all its threads together."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / os.sysconf("SC_CLK_TCK")


def peak_mb() -> int:
    """Return this process's peak resident memory; unlike getrusage's, it knows nothing of the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def table(title: str, results: Mapping[str, Measured], baseline: str | None = None) -> str:
    """Return results as a Markdown table.

    Args:
        title: The heading of the first column.
        results: By method.
        baseline: The method that the ratios compare with.
    """
    lines = [
        f"| {title} | seconds | rows/s | ratio | client CPU s | server CPU s | CPU ratio | peak memory |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, one in results.items():
        beside = results[baseline] if baseline else None
        ratio = f"{beside.seconds / one.seconds:.2f}" if beside else ""
        cpu_ratio = f"{beside.bound / one.bound:.2f}" if beside and one.server_cpu is not None else ""
        server = f"{one.server_cpu:.2f}" if one.server_cpu is not None else ""
        peak = f"{one.peak_mb} MB" if one.peak_mb is not None else ""
        lines.append(
            f"| {name} | {one.seconds:.2f} | {one.rows / one.seconds:,.0f} | {ratio} "
            f"| {one.client_cpu:.2f} | {server} | {cpu_ratio} | {peak} |"
        )
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Return what the figures were measured on, and how busy it was."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}; "
        f"{os.getloadavg()[2]:.1f} processes ran or waited to run in the 15 minutes before the end"
    )
