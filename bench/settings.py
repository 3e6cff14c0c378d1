"""The product's settings with one view more, for benchmarks that compare with the least a request can cost."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
