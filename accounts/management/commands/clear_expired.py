"""`manage.py clear_expired`: deletes what is over of signing in and connecting. Run it every hour."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts import retention
from permissions.declare import public


@public("a schedule runs it: what is deleted is over for everybody")
class Command(BaseCommand):
    help = "Delete ended pane sessions, expired connection attempts and expired web sessions of administrators."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions, attempts = retention.clear_expired()
        self.stdout.write(f"{sessions} sessions and {attempts} connection attempts deleted.")
