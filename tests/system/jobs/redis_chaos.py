"""Random faults on two nodes and their Redis; see job_chaos.py."""
import unittest

from job_chaos import JobChaos
from stores import Redis
from support import main


class RedisChaos(JobChaos, unittest.TestCase):
    make_server = Redis
    server_faults = {
        "kill redis": JobChaos.kill_server,
        "freeze redis": JobChaos.freeze_server,
        "flush": lambda self: self.server.cli("SCRIPT", "FLUSH", "SYNC"),
        "cut": lambda self: self.server.cli("CLIENT", "KILL", "TYPE", "normal"),
        "cut again": lambda self: self.server.cli("CLIENT", "KILL", "TYPE", "normal"),
    }


if __name__ == "__main__":
    main()
