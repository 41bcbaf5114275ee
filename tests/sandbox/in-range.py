#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""in-range.py PROGRAM…: run it as root of a user namespace with 70000 ids, as newuidmap would make one. Needs root."""

import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000
FIRST, COUNT = 3000000, 70000

made_read, made_write = os.pipe()
mapped_read, mapped_write = os.pipe()
pid = os.fork()
if pid == 0:
    os.close(made_read)
    os.close(mapped_write)
    if ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0:
        sys.exit(77)
    os.write(made_write, b"x")
    if os.read(mapped_read, 1) != b"x":
        sys.exit(1)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(made_write)
if os.read(made_read, 1) == b"x":
    for kind in ("uid", "gid"):
        with open(f"/proc/{pid}/{kind}_map", "w", encoding="ascii") as f:
            f.write(f"0 {FIRST} {COUNT}\n")
    os.write(mapped_write, b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
