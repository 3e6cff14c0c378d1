"""WSGI entry point: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - only after Django is set up

if settings.ALONGSIDE_EMBEDDED_WORKER:
    from sync.worker import start_embedded

    start_embedded()
