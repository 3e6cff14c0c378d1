from django.apps import AppConfig
from django.db.models.signals import pre_delete


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import schema, signing_in_trail  # noqa: F401 - register themselves
        from accounts.history import kinds, recording

        for name in kinds.MODELS:
            pre_delete.connect(recording.before_delete, sender=self.get_model(name), dispatch_uid="history")
