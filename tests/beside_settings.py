"""For a process beside a test: the test's own database, which TEST_DATABASE names."""

import os

from tests.settings import *  # noqa: F403

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]  # noqa: F405
