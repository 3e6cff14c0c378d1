from django.apps import AppConfig


class PermissionsConfig(AppConfig):
    name = "permissions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from permissions.row_security import secure_after_migrate

        # Once, after the last app that was migrated.
        post_migrate.connect(secure_after_migrate, sender=self)
