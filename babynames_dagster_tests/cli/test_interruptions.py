"""Ctrl-C is neither lost nor a traceback, whenever it comes."""

import signal
import subprocess
import sys

LOST = """
import os, signal, sys, weakref
from babynames_dagster.cli.interruptions import send_again

class Thing:
    pass

def collected(_):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass

sys.unraisablehook = send_again
thing = Thing()
kept = weakref.ref(thing, collected)
try:
    del thing
    signal.sigtimedwait([], 20)
except KeyboardInterrupt:
    print("noticed")
"""

IMPORTING = """
import os, signal, threading
from babynames_dagster.cli.interruptions import ending_at_once

with ending_at_once():
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(20)
"""


def ended(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - a program of ours


def test_ctrl_c_inside_of_a_finaliser_is_noticed() -> None:
    answer = ended(LOST)
    assert (answer.stdout, answer.stderr) == ("noticed\n", "")


def test_ctrl_c_while_the_command_is_imported_ends_it_without_a_word() -> None:
    answer = ended(IMPORTING)
    assert (answer.returncode, answer.stderr) == (-signal.SIGINT, "")


def test_other_errors_of_finalisers_are_shown() -> None:
    answer = ended(LOST.replace("os.kill(os.getpid(), signal.SIGINT)", "raise ValueError('seen')").replace("20)", "0)"))
    assert "ValueError: seen" in answer.stderr
