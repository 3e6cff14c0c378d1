"""Whether an org holds an email already that the person who files it may not see.

Our ledger is asked first, then the person's own look-up, then the integration user, where the organisation has one: a
record that somebody else's tool made, or that is shared with few, must not be made twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from accounts.broker import integration_session
from accounts.errors import ConnectionTrouble
from accounts.models import SalesforceOrg
from sync.crm import FiledEmail
from sync.errors import NeedsReconnect
from sync.providers.salesforce.client import SalesforceClient
from sync.providers.salesforce.filings import find_emails
from sync.services import governor
from sync.services.clients import BrokeredSalesforce, Crm

log = structlog.get_logger(__name__)


def org_wide(crm: Crm, identities: Sequence[str]) -> dict[str, FiledEmail]:
    """The emails with these identities that the org holds, whoever may see them; none without an integration user.

    One call for about 900 of them. Raises sync.errors.* where it does not answer: nothing may be written then.
    """
    client = integration_client(crm.org) if identities else None
    if client is None:
        return {}
    return find_emails(client, identities, enhanced=crm.shape.enhanced_email)


def integration_client(org: SalesforceOrg) -> SalesforceClient | None:
    """Salesforce as the organisation's integration user in this org; None where there is none, or its grant is gone."""
    try:
        session = integration_session(org.organisation)
    except (ConnectionTrouble, NeedsReconnect) as error:
        log.warning("integration_user.unusable", org=str(org.pk), error=type(error).__name__)
        session = None
    if session is None or session.org_id[:15] != org.org_id[:15]:
        return None
    return SalesforceClient(
        BrokeredSalesforce(source=session),
        before=lambda: governor.admit(org),
        observe=lambda usage: governor.observe(org, usage),
    )
