#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest has on a virtio port, whose listening socket is file descriptor argv[2], as long as the emulator lives: its agent, or,
as argv[1] says, the reporter: the service that gpuvm's seed sets up, which is in $LAB/reporter.

Commands run here: in the network namespace "guest", with $LAB/guest/sys as /sys and $LAB/guest/proc/meminfo, and with
$LAB/agent.bin as their PATH, each when it is there. With $LAB/agent-says its text is the reply to whatever is no guest-sync, with $LAB/reporter-says all that the service says.
"""
import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

LAB = "/run/lab"
NSENTER, UNSHARE, MOUNT = (shutil.which(name) for name in ("nsenter", "unshare", "mount"))
PR_SET_PDEATHSIG = 1
running = {}


def inside():
    """What has a command run as if it was in the guest."""
    words = [NSENTER, "--net=/run/netns/guest"] if os.path.exists("/run/netns/guest") else []
    if os.path.exists(f"{LAB}/guest"):
        words += [UNSHARE, "--mount", "/bin/sh", "-c", '"$0" --rbind "$1/sys" /sys && "$0" --bind "$1/proc/meminfo" '
                  '/proc/meminfo && shift && exec "$@"', MOUNT, f"{LAB}/guest"]
    return words


def execute(path, arg, env, **_):
    if os.path.exists(f"{LAB}/agent.bin"):
        env = [word for word in env if not word.startswith("PATH=")] + [f"PATH={LAB}/agent.bin"]
    process = subprocess.Popen(inside() + [path] + arg, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, env=dict(word.split("=", 1) for word in env))
    running[process.pid] = process
    return {"pid": process.pid}


def status(pid):
    if running[pid].poll() is None:
        return {"exited": False}
    process = running.pop(pid)
    output = process.stdout.read()
    return {"exited": True, "exitcode": process.returncode, "out-data": base64.b64encode(output).decode()}


COMMANDS = {"guest-sync": lambda id: id, "guest-exec": execute, "guest-exec-status": status}


def answer(line):
    request = json.loads(line.lstrip(b"\xff"))
    if request["execute"] != "guest-sync" and os.path.exists(f"{LAB}/agent-says"):
        with open(f"{LAB}/agent-says", "rb") as file:
            return file.read()
    return json.dumps({"return": COMMANDS[request["execute"]](**request.get("arguments", {}))}).encode() + b"\n"


def agent(client):
    with client.makefile("rb") as lines:
        for line in lines:
            client.sendall(answer(line))


def path():
    return f"{LAB}/agent.bin" if os.path.exists(f"{LAB}/agent.bin") else os.environ["PATH"]


def reporter(client):
    if os.path.exists(f"{LAB}/reporter-says"):
        with open(f"{LAB}/reporter-says", "rb") as file:
            client.sendall(file.read())
        client.recv(1)
        return
    with subprocess.Popen(inside() + ["/bin/sh", f"{LAB}/reporter/report", "/dev/stdout"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, env={"PATH": path()}) as process:
        try:
            while some := process.stdout.read1():
                client.sendall(some)
        finally:
            process.kill()


def main():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    listener = socket.socket(fileno=int(sys.argv[2]))
    while True:
        with listener.accept()[0] as client:
            try:
                {"agent": agent, "reporter": reporter}[sys.argv[1]](client)
            except (BrokenPipeError, ConnectionResetError):
                pass


main()
