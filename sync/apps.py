"""The app: its tasks are declared to the broker in every process, since every process may wake them."""

from importlib import import_module

from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("sync.models.arrays").register()
        import_module("sync.tasks")
