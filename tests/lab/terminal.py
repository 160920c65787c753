#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""terminal.py COMMAND… -- STEP…: runs a command at a terminal of its own, and plays a user

Steps:
  expect TEXT    waits until it has written TEXT (after what was expected before)
  type TEXT      types TEXT; \\x1d and the like are characters
  signal NAME    sends it SIGNAME
  run COMMAND    runs a shell command meanwhile
  alive          it still runs, and the terminal is raw
  exit STATUS    waits for its end; a negative status is that of a signal
  cooked         the terminal is as it was before
"""
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

SECONDS = 120  # which only a failure takes


class User:
    def __init__(self, command):
        self.screen, terminal = pty.openpty()
        self.terminal = terminal
        self.before = termios.tcgetattr(terminal)
        self.process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal,
                                        start_new_session=True)
        self.read = b""

    def fail(self, what):
        self.process.kill()
        sys.exit(f"{what}; not read so far: {self.read!r}")

    def look(self, seconds):
        if select.select([self.screen], [], [], seconds)[0]:
            self.read += os.read(self.screen, 4096)

    def expect(self, text):
        end = time.monotonic() + SECONDS
        while text.encode() not in self.read:
            if time.monotonic() > end:
                self.fail(f"waited in vain for {text!r}")
            self.look(0.1)
        self.read = self.read[self.read.index(text.encode()) + len(text):]

    def type(self, text):
        os.write(self.screen, text.encode().decode("unicode_escape").encode("latin-1"))

    def signal(self, name):
        self.process.send_signal(getattr(signal, f"SIG{name}"))

    def run(self, command):
        subprocess.run(command, shell=True, check=True)

    def alive(self):
        time.sleep(0.3)
        if self.process.poll() is not None:
            self.fail(f"it ended with {self.process.returncode}")
        if termios.tcgetattr(self.terminal)[3] & (termios.ICANON | termios.ECHO | termios.ISIG):
            self.fail("the terminal is not raw")

    def exit(self, status):
        end = time.monotonic() + SECONDS
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.fail("it does not end")
            self.look(0.1)
        if self.process.returncode != int(status):
            self.fail(f"exit {self.process.returncode} instead of {status}")

    def cooked(self):
        if termios.tcgetattr(self.terminal) != self.before:
            self.fail("the terminal is not as it was before")


def main():
    split = sys.argv.index("--")
    steps = iter(sys.argv[split + 1:])
    user = User(sys.argv[1:split])
    for step in steps:
        if step in ("alive", "cooked"):
            getattr(user, step)()
        else:
            getattr(user, step)(next(steps))


main()
