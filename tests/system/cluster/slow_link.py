"""A slow, lossy Ethernet link made of two TAP devices and a thread between them: tc netem is not in every kernel."""
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import threading
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
WAITING = 10_000  # frames; more are lost


def open_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


class SlowLink:
    """What goes in at `near` comes out at `far` after `delay` ± `jitter` seconds, so perhaps in another order, and
    likewise back after `back` ± `jitter`; of each way a part of `loss` does not come."""

    def __init__(self, near, far, delay, back, jitter, loss, seed=1):
        self.fds = [open_tap(near), open_tap(far)]
        self.delays, self.jitter, self.loss = [delay, back], jitter, loss
        self.random = random.Random(seed)
        self.passed, self.lost = [0, 0], [0, 0]
        self.wake = os.eventfd(0)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        due, numbers = [], itertools.count()
        while True:
            left = max(0.0, due[0][0] - time.monotonic()) if due else None
            ready, _, _ = select.select([*self.fds, self.wake], [], [], left)
            if self.wake in ready:
                return
            for way, fd in enumerate(self.fds):
                if fd in ready:
                    self.take(way, fd, due, numbers)
            while due and due[0][0] <= time.monotonic():
                _, _, way, frame = heapq.heappop(due)
                self.give(way, frame)

    def take(self, way, fd, due, numbers):
        try:
            while True:
                frame = os.read(fd, 65536)
                if self.random.random() < self.loss or len(due) >= WAITING:
                    self.lost[way] += 1
                    continue
                wait = self.delays[way] and self.delays[way] + self.random.uniform(-self.jitter, self.jitter)
                heapq.heappush(due, (time.monotonic() + wait, next(numbers), way, frame))
        except OSError:
            pass  # nothing more, or the device is down

    def give(self, way, frame):
        try:
            os.write(self.fds[1 - way], frame)
            self.passed[way] += 1
        except OSError:
            self.lost[way] += 1

    def close(self):
        os.eventfd_write(self.wake, 1)
        self.thread.join()
        for fd in (*self.fds, self.wake):
            os.close(fd)
