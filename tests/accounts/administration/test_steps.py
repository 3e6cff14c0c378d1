"""What the steps do, that each is confirmed first, and what the audit trail is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Connection, Organisation, PaneSession, PreferenceValue, Preset, Team, User
from accounts.signing_in import begin_session
from permissions import policy
from permissions.audit.models import AuditEntry
from permissions.models import Authorization, OwnRole, Principal
from permissions.services import clone_role, create_group, edit_role, grant
from sync.models import Collection, Issue, Mailbox
from tests.accounts.administration.conftest import Rows, enter

pytestmark = pytest.mark.django_db


def take(client: Client, step: str, row: object = None, **given: Any) -> Any:
    rows = row if isinstance(row, list) else [row] if row is not None else []
    return client.post(f"/admin/{step}/", {"row": rows, "confirmed": "yes", **given})


def told(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).order_by("-at", "-number")[0]


def test_nothing_is_done_before_it_is_confirmed(rows: Rows, ines: User, mia: User) -> None:
    client = enter(ines)
    assert client.get(f"/admin/accounts/user/step/deactivate/?row={mia.pk}").status_code == 200
    assert client.post("/admin/accounts/user/step/deactivate/", {"row": mia.pk}).status_code == 200
    ticked = {"action": "deactivate", "_selected_action": [str(mia.pk)], "index": "0"}
    page = client.post("/admin/accounts/user/", ticked).content.decode()
    assert "signed out everywhere" in page
    mia.refresh_from_db()
    assert mia.is_active


def test_another_page_cannot_take_a_step(rows: Rows, ines: User, mia: User) -> None:
    inside = enter(ines)
    client = Client(enforce_csrf_checks=True)
    client.cookies = inside.cookies
    assert take(client, "accounts/user/step/deactivate", mia.pk).status_code == 403
    mia.refresh_from_db()
    assert mia.is_active


def test_deactivating_ends_all_that_is_theirs(rows: Rows, ines: User, mia: User) -> None:
    begin_session(mia, client="outlook")
    assert take(enter(ines), "accounts/user/step/deactivate", mia.pk).status_code == 302
    mia.refresh_from_db()
    assert not mia.is_active
    assert not PaneSession.objects.filter(user=mia, revoked_at=None).exists()
    assert set(Connection.objects.filter(user=mia).values_list("state", flat=True)) == {"disconnected"}
    assert Mailbox.objects.get(user=mia).state == "ended"
    assert not Collection.objects.filter(mailbox__user=mia).exists()
    assert told("user.deactivated").actor == ines.principal_id
    assert told("connection.disconnected").actor == ines.principal_id


def test_nobody_deactivates_themselves(rows: Rows, ines: User) -> None:
    answer = take(enter(ines), "accounts/user/step/deactivate", ines.pk)
    assert answer.status_code == 422
    ines.refresh_from_db()
    assert ines.is_active


def test_many_at_once_each_by_the_policy(rows: Rows, lead: User, mia: User, tom: User, ines: User, rita: User) -> None:
    """One that may not be seen among them: none is touched."""
    for foreign in (tom, rita):
        answer = take(enter(lead), "sync/mailbox/step/pause", [str(rows.by_page["sync/mailbox"]), str(foreign.pk)])
        assert answer.status_code == 404
    assert Mailbox.objects.get().state == "active"
    assert take(enter(lead), "sync/mailbox/step/pause", rows.by_page["sync/mailbox"]).status_code == 302
    assert Mailbox.objects.get().state == "paused"
    answer = take(enter(ines), "accounts/user/step/move", [str(mia.pk), str(tom.pk), str(rita.pk)], team="")
    assert answer.status_code == 404
    too_many = [str(mia.pk)] * 101
    assert take(enter(ines), "accounts/user/step/move", too_many, team="").status_code == 404


def test_a_mailbox_is_steered(rows: Rows, ines: User) -> None:
    client, mailbox = enter(ines), Mailbox.objects.get()
    Collection.objects.update(cursor="kept", full_read=False)
    for step, state, says in (
        ("pause", "paused", "paused"),
        ("resume", "active", "resumed"),
        ("force", "active", "forced"),
    ):
        assert take(client, f"sync/mailbox/step/{step}", mailbox.pk).status_code == 302
        mailbox.refresh_from_db()
        assert mailbox.state == state
        said = told("collection.steered")
        assert (said.detail["step"], said.actor) == (says, ines.principal_id)
    assert Collection.objects.get().cursor == "kept"
    assert take(client, "sync/mailbox/step/resume", mailbox.pk).status_code == 422
    assert take(client, "sync/mailbox/step/again", mailbox.pk, since="2099-01-01").status_code == 422
    assert take(client, "sync/mailbox/step/again", mailbox.pk, since="2026-01-01").status_code == 302
    assert (Collection.objects.get().cursor, told("collection.steered").detail["step"]) == ("", "read-again")
    Collection.objects.update(cursor="kept", full_read=False)
    assert take(client, "sync/mailbox/step/anew", mailbox.pk).status_code == 302
    assert (Collection.objects.get().cursor, Collection.objects.get().full_read) == ("", True)


def test_an_issue_is_settled(rows: Rows, ines: User, mia: User) -> None:
    client, issue = enter(ines), Issue.objects.get()
    assert take(client, "sync/issue/step/again", issue.pk).status_code == 302
    issue.refresh_from_db()
    assert issue.settled_how == "retried"
    assert mia.organisation is not None
    waits = Issue.objects.create(organisation=mia.organisation, user=mia, reason="needs-reconnect")
    assert take(client, "sync/issue/step/again", waits.pk).status_code == 422
    assert take(client, "sync/issue/step/leave", waits.pk).status_code == 302
    waits.refresh_from_db()
    assert waits.settled_how == "ignored"
    assert told("issue.settled").actor == ines.principal_id


def test_a_role_is_given_with_a_reason_and_revoked(larkfield: Organisation, ines: User, mia: User) -> None:
    client = enter(ines)
    asked = {"person": mia.email, "role": "auditor", "resource": str(larkfield.resource_id), "days": "7"}
    assert take(client, "permissions/authorization/step/give", **asked).status_code == 422
    assert take(client, "permissions/authorization/step/give", **asked, reason="the yearly look").status_code == 302
    given = Authorization.objects.get(principal=mia.principal, role="auditor")
    assert (given.grantor, given.reason) == (ines.principal, "the yearly look")
    assert given.until is not None
    inside = enter(mia)
    assert inside.get("/admin/permissions/auditentry/").status_code == 200
    assert take(client, "permissions/authorization/step/revoke", given.pk).status_code == 302
    assert inside.get("/admin/permissions/auditentry/").status_code == 403
    assert told("grant.revoked").actor == ines.principal_id


@pytest.mark.parametrize(
    "change",
    [
        {"person": "rita@rival.example"},
        {"person": "nobody@larkfield.example"},
        {"role": "support"},
        {"role": "integration"},
        {"role": "own:00000000-0000-4000-8000-000000000000"},
        {"resource": "00000000-0000-4000-8000-000000000000"},
        {"person": ""},
    ],
)
def test_what_cannot_be_given(
    larkfield: Organisation, ines: User, mia: User, rita: User, change: dict[str, str]
) -> None:
    before = Authorization.objects.count()
    asked = {"person": mia.email, "role": "auditor", "resource": str(larkfield.resource_id), "reason": "because"}
    assert take(enter(ines), "permissions/authorization/step/give", **{**asked, **change}).status_code == 422
    assert Authorization.objects.count() == before


def test_nobody_gives_or_makes_more_than_they_hold(larkfield: Organisation, ines: User, mia: User) -> None:
    """Who may give roles alone does not make an administrator of themselves."""
    role = clone_role(larkfield.resource, "auditor", title="Giver")
    edit_role(role, permissions=["administration.enter", "grant.view", "grant.give", "role.view", "role.change"])
    grant(mia.principal, role, larkfield.resource, reason="test")
    client = enter(mia)
    asked = {"person": mia.email, "resource": str(larkfield.resource_id), "reason": "because"}
    for more in ("administrator", "auditor"):
        answer = take(client, "permissions/authorization/step/give", **asked, role=more)
        assert answer.status_code == 422
        assert "You cannot give what you do not hold" in answer.content.decode()
    assert take(client, "permissions/authorization/step/give", **asked, role="rep").status_code == 302
    added = ["administration.enter", "grant.give", "user.offboard"]
    answer = take(client, "permissions/ownrole/step/change", role.pk, title="Giver", permissions=added)
    assert answer.status_code == 422
    assert not policy.allows(mia.principal, "user.offboard", larkfield.resource)
    assert take(client, "permissions/ownrole/step/make", source="administrator", title="More").status_code == 422


def test_the_last_administrator_is_not_lost_by_accident(ines: User) -> None:
    own = Authorization.objects.get(principal=ines.principal, role="administrator")
    assert take(enter(ines), "permissions/authorization/step/revoke", own.pk).status_code == 422
    own.refresh_from_db()
    assert own.revoked_at is None


def test_groups_teams_and_roles(larkfield: Organisation, ines: User, mia: User) -> None:
    client = enter(ines)
    assert take(client, "permissions/principal/step/make", name="Auditors").status_code == 302
    group = Principal.objects.get(name="Auditors")
    assert take(client, "permissions/principal/step/put-in", group.pk, person=mia.email).status_code == 302
    assert group.memberships.get().member == mia.principal
    assert take(client, "permissions/principal/step/take-out", group.pk, person=mia.email).status_code == 302
    assert take(client, "permissions/principal/step/delete", group.pk).status_code == 302
    assert not Principal.objects.filter(name="Auditors").exists()
    everyone = Principal.objects.get(name="Everyone", root=larkfield.resource)
    assert take(client, "permissions/principal/step/delete", everyone.pk).status_code == 422

    assert take(client, "accounts/team/step/make", name="North").status_code == 302
    team = Team.objects.get(name="North")
    assert take(client, "accounts/team/step/make", name="north").status_code == 422
    assert take(client, "accounts/team/step/join", team.pk, person=mia.email).status_code == 302
    mia.refresh_from_db()
    assert mia.resource is not None
    assert mia.resource.parent == team.resource
    assert take(client, "accounts/team/step/delete", team.pk).status_code == 302

    assert take(client, "permissions/ownrole/step/make", source="auditor", title="Our auditor").status_code == 302
    role = OwnRole.objects.get(title="Our auditor")
    assert (
        take(client, "permissions/ownrole/step/change", role.pk, title="Ours", permissions=["user.view"]).status_code
        == 302
    )
    assert list(role.permissions.values_list("name", flat=True)) == ["user.view"]


def test_a_group_of_another_organisation_is_not_chosen(larkfield: Organisation, ines: User, rita: User) -> None:
    assert rita.organisation is not None
    foreign = create_group(rita.organisation.resource, "Theirs")
    asked = {"group": str(foreign.pk), "role": "auditor", "resource": str(larkfield.resource_id), "reason": "because"}
    assert take(enter(ines), "permissions/authorization/step/give", **asked).status_code == 422


def test_presets_are_made_filled_given_and_deleted(larkfield: Organisation, ines: User, mia: User) -> None:
    client = enter(ines)
    assert take(client, "accounts/preset/step/make", name="Careful").status_code == 302
    preset = Preset.objects.get()
    form = {"follow_days-settled": "on", "follow_days": "30", "follow_days-forced": "on"}
    assert client.post(f"/admin/accounts/preset/{preset.pk}/settings/", form).status_code == 302
    row = PreferenceValue.objects.get(preset=preset)
    assert (row.name, row.value, row.forced) == ("follow_days", 30, True)
    assert client.post(f"/admin/accounts/preset/{preset.pk}/settings/", {**form, "follow_days": "0"}).status_code == 422
    given = {"people": mia.email, "own": "keep", "team": ""}
    assert take(client, "accounts/preset/step/assign", preset.pk, **given).status_code == 302
    mia.refresh_from_db()
    assert mia.preset == preset
    assert take(client, "accounts/preset/step/delete", preset.pk).status_code == 422
    assert take(client, "accounts/preset/step/clone", preset.pk, name="More careful").status_code == 302
    assert PreferenceValue.objects.filter(preset__name="More careful", forced=True).count() == 1
    assert client.post(f"/admin/accounts/preset/{preset.pk}/settings/", {}).status_code == 302
    assert not PreferenceValue.objects.filter(preset=preset).exists()


def test_the_organisations_settings_and_domains(larkfield: Organisation, ines: User) -> None:
    client = enter(ines)
    form = {"case_days-settled": "on", "case_days": "10"}
    assert client.post("/admin/accounts/organisation/settings/", form).status_code == 302
    assert told("setting.changed").actor == ines.principal_id
    page = f"/admin/accounts/organisation/{larkfield.pk}/change/"
    domain = larkfield.internal_domains.get()
    inlines = {
        **{f"microsoft_tenants-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
        **{f"google_domains-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
        "internal_domains-TOTAL_FORMS": "2",
        "internal_domains-INITIAL_FORMS": "1",
        "internal_domains-0-id": str(domain.pk),
        "internal_domains-0-domain": domain.domain,
        "internal_domains-1-domain": "@New.Example",
    }
    answer = client.post(page, {"name": "Larkfield", **inlines})
    assert answer.status_code == 302, answer.content
    assert set(larkfield.internal_domains.values_list("domain", flat=True)) == {domain.domain, "new.example"}
    assert told("domain.added").actor == ines.principal_id
    bad = client.post(page, {"name": "Larkfield", **inlines, "internal_domains-1-domain": "no domain"})
    assert bad.status_code == 200
    assert larkfield.internal_domains.count() == 2


def test_a_person_is_added_and_changed(larkfield: Organisation, ines: User, rita: User) -> None:
    client = enter(ines)
    assert take(client, "accounts/user/step/add", email="new@larkfield.example", name="New One").status_code == 302
    made = User.objects.get(email="new@larkfield.example")
    assert (made.organisation, made.is_staff, made.has_usable_password()) == (larkfield, False, False)
    assert take(client, "accounts/user/step/add", email=rita.email, name="Taken").status_code == 422
    form = {"name": "Newer One", "salesforce_username": "new@sf.example"}
    forged = {"is_staff": "on", "organisation": str(rita.organisation_id), "email": "x@x.example"}
    page = f"/admin/accounts/user/{made.pk}/change/"
    assert client.post(page, {**form, **forged}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.salesforce_username) == ("Newer One", "new@sf.example")
    assert (made.organisation, made.is_staff, made.email) == (larkfield, False, "new@larkfield.example")
    assert told("user.changed").detail == {"fields": ["name", "salesforce_username"]}


def test_the_export_is_of_what_was_filtered_and_is_recorded(larkfield: Organisation, ines: User, rival: User) -> None:
    client = enter(ines)
    filtered = "action=user.made&at__gte=2026-01-01+00:00:00%2B00:00&at__lt=2036-01-02+00:00:00%2B00:00"
    text = client.get(f"/admin/permissions/auditentry/?{filtered}").content.decode()
    assert "export/?action=user.made&amp;since=2026-01-01&amp;until=2036-01-01" in text
    answer = client.post("/admin/permissions/auditentry/export/", {"action": "user.made"})
    lines = answer.content.decode().splitlines()
    assert str(larkfield.resource_id) in lines[0]
    assert all('"user.made"' in line for line in lines[1:-1])
    assert told("audit.exported").actor == ines.principal_id
    assert client.get("/admin/permissions/auditentry/export/").status_code == 200
    assert AuditEntry.objects.filter(action="audit.exported").count() == 1


def test_why_is_answered_in_sentences(larkfield: Organisation, ines: User, mia: User, rita: User) -> None:
    client = enter(ines)
    asked = {"person": ines.email, "permission": "user.view", "resource": str(larkfield.resource_id)}
    page = client.get("/admin/why/", asked)
    assert page.context["allowed"]
    assert "Administrator on the whole organisation" in page.content.decode()
    page = client.get("/admin/why/", {**asked, "person": mia.email, "mailbox": mia.email})
    assert not page.context["allowed"]
    page = client.get("/admin/why/", {**asked, "person": rita.email})
    assert page.context["said"] == []
    assert "Nobody of the organisation" in page.content.decode()
