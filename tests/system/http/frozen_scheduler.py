"""Holds the actor threads of a node, so that what its HTTP thread does alone can be seen."""
import ctypes
import os
import unittest


class FrozenScheduler:
    """Holds the node's actor threads with ptrace, so that the HTTP thread alone goes on."""
    ATTACH, DETACH, WALL = 16, 17, 0x40000000

    def __init__(self, pid, keep):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long] * 4
        self.pid, self.keep, self.held = pid, keep, []

    def __enter__(self):
        return self

    def hold(self):
        for thread in sorted(int(t) for t in os.listdir(f"/proc/{self.pid}/task")):
            if thread in self.keep:
                continue
            if self.libc.ptrace(self.ATTACH, thread, 0, 0) != 0:
                why = os.strerror(ctypes.get_errno())
                self.__exit__()
                raise unittest.SkipTest(f"ptrace is not allowed here: {why} (after {len(self.held)} threads)")
            self.held.append(thread)
            os.waitpid(thread, self.WALL)
        return self

    def __exit__(self, *_):
        for thread in self.held:
            self.libc.ptrace(self.DETACH, thread, 0, 0)
        self.held = []


def http_threads(node):
    """All but those of the actor system and the job store's clock, which have names of their own."""
    def name(thread):
        with open(f"/proc/{node.pid}/task/{thread}/comm", encoding="ascii") as f:
            return f.read().strip()

    return {int(t) for t in os.listdir(f"/proc/{node.pid}/task") if name(t) == name(node.pid)}
