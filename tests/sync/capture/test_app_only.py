"""A mailbox that the organisation's own grant reads: nobody signed in to it, and only what is provisioned is asked."""

from __future__ import annotations

from django.core.management import call_command

from accounts.models import Connection, System
from accounts.services import connection_for, provision_mailbox
from tests.sync.capture.scene import Scene
from tests.sync.services.stage import Stage


def grant(stage: Stage) -> None:
    info = stage.sandbox.info
    call_command(
        "connect_service",
        "microsoft",
        "--organisation",
        stage.organisation.name,
        "--tenant",
        info["tenant_id"],
        "--key",
        info["microsoft_cert_key_file"],
        "--certificate",
        info["microsoft_cert_file"],
    )


def test_a_provisioned_mailbox_files_by_itself_with_the_organisations_certificate(scene: Scene) -> None:
    stage = scene.stage
    grant(stage)
    user = stage.users["tom"]
    provision_mailbox(user, System.MICROSOFT, address=user.email)
    assert connection_for(user, System.MICROSOFT).kind == Connection.Kind.SERVICE
    scene.switch_on("tom")
    key = scene.arrives("by-certificate", at="tom")
    stage.sandbox.clear_log()
    scene.read()
    assert scene.decided(key, "tom") == ("captured", "known-people")
    asked = stage.calls("graph")
    assert asked
    assert not [path for path in asked if "/me/" in path]
