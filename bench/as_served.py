"""The benchmarks' settings with static files as production serves them: hashed names, compressed, kept by browsers."""

from bench.settings import *  # noqa: F403
from config.settings import STORAGES as _STORAGES

STORAGES = {**_STORAGES, "staticfiles": {"BACKEND": "config.static.ModuleStorage"}}
WHITENOISE_USE_FINDERS = False
