"""Random faults on two nodes and their PostgreSQL; see job_chaos.py."""
import unittest

from job_chaos import JobChaos
from stores import Postgres
from support import main


def make_server():
    server = Postgres()
    server.migrate()
    return server


class PostgresChaos(JobChaos, unittest.TestCase):
    make_server = staticmethod(make_server)
    server_faults = {
        "kill postgres": JobChaos.kill_server,
        "freeze postgres": JobChaos.freeze_server,
        "cut": lambda self: self.server.cut(),
        "cut again": lambda self: self.server.cut(),
    }


if __name__ == "__main__":
    main()
