"""Grants for a whole organisation: an administrator's key is tried once, and kept, sealed, only if it is good.

    key file ──► does it fit? ──► one token from the provider ──► stored with it; again: replaced

Microsoft: our application proves itself with a certificate and reads the mailboxes that are provisioned.
Salesforce: a JWT is exchanged for a session of the integration user.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import microsoft, salesforce
from accounts.errors import ProviderUnavailable
from accounts.models import MicrosoftTenant, Organisation, SalesforceOrg, ServiceCredential, System
from permissions.audit.recording import COMMAND, record

log = structlog.get_logger("accounts.service_grants")


class ServiceRefused(Exception):
    """The key does not fit or the provider does not take it. The message is for the administrator."""


def connect_microsoft(
    organisation: Organisation, *, tenant_id: str, private_key: str, certificate: str, client_id: str = ""
) -> ServiceCredential:
    """Graph as our application itself, in one of the organisation's tenants. Raises ServiceRefused."""
    tenant_id = tenant_id.lower()
    if not MicrosoftTenant.objects.filter(organisation=organisation, tenant_id=tenant_id).exists():
        raise ServiceRefused(gettext("This tenant is not one of the organisation's."))
    _check_pair(private_key, certificate)
    client_id = client_id or settings.MICROSOFT_CLIENT_ID
    try:
        tokens = microsoft.app_only(tenant_id, client_id, microsoft.Certificate(private_key, certificate))
    except microsoft.GrantRefused:
        raise ServiceRefused(
            gettext(
                "Microsoft does not take this certificate for the application in this tenant. Upload it to the app "
                "registration, and have an administrator of the tenant consent."
            )
        ) from None
    except ProviderUnavailable:
        raise ServiceRefused(gettext("Microsoft did not answer. Nothing was changed; try again.")) from None
    return _keep(
        organisation,
        ServiceCredential.Kind.MICROSOFT_CERTIFICATE,
        secret={"private_key": private_key, "certificate": certificate},
        access_token=tokens.access_token,
        access_expires_at=tokens.expires_at,
        client_id=client_id,
        subject=tenant_id,
    )


def connect_salesforce(
    organisation: Organisation, *, username: str, private_key: str, client_id: str = ""
) -> ServiceCredential:
    """The organisation's integration user. Raises ServiceRefused."""
    _rsa_key(private_key)
    client_id = client_id or settings.SALESFORCE_CLIENT_ID
    try:
        grant = salesforce.by_assertion(private_key, client_id, username)
    except salesforce.GrantRefused:
        raise ServiceRefused(
            gettext(
                "Salesforce does not let this user in with this key. Check the certificate of the connected app, that"
                " the user is approved for it, and the username."
            )
        ) from None
    except salesforce.AnswerRefused:
        raise ServiceRefused(gettext("Salesforce's answer did not fit what was asked. Nothing was changed.")) from None
    except ProviderUnavailable:
        raise ServiceRefused(gettext("Salesforce did not answer. Nothing was changed; try again.")) from None
    org, _ = SalesforceOrg.objects.get_or_create(
        organisation=organisation, org_id=grant.org_id, defaults={"instance_url": grant.instance_url}
    )
    return _keep(
        organisation,
        ServiceCredential.Kind.SALESFORCE_JWT,
        secret={"private_key": private_key},
        access_token=grant.access_token,
        client_id=client_id,
        subject=username,
        salesforce_org=org,
        instance_url=grant.instance_url,
        external_user_id=grant.user_id,
    )


_SYSTEM = {
    ServiceCredential.Kind.MICROSOFT_CERTIFICATE: System.MICROSOFT,
    ServiceCredential.Kind.SALESFORCE_JWT: System.SALESFORCE,
}


@transaction.atomic
def _keep(
    organisation: Organisation,
    kind: ServiceCredential.Kind,
    *,
    secret: dict[str, str],
    access_token: str,
    access_expires_at: datetime | None = None,
    **columns: Any,
) -> ServiceCredential:
    rows = ServiceCredential.objects.select_for_update().filter(organisation=organisation, kind=kind)
    row = rows.first() or ServiceCredential(organisation=organisation, kind=kind, system=_SYSTEM[kind])
    row.secret = json.dumps(secret)
    row.access_token, row.access_expires_at = access_token, access_expires_at
    row.state = ServiceCredential.State.ACTIVE
    row.token_number += 1
    row.renewal_claim = row.renewal_until = None
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()
    root, said = organisation.resource_id, {"system": row.system}
    record("secret.stored", root=root, by=COMMAND, on=("credential", row.pk), detail=said)
    log.info("service.connected", kind=kind, organisation=str(organisation.pk))
    return row


def _rsa_key(private_key: str) -> rsa.RSAPrivateKey:
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise ServiceRefused(gettext("The key file holds no private key as PEM without a passphrase.")) from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise ServiceRefused(gettext("The key must be an RSA key of 2048 bits or more."))
    return key


def _check_pair(private_key: str, certificate: str) -> None:
    key = _rsa_key(private_key)
    try:
        read = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        raise ServiceRefused(gettext("The certificate file holds no certificate as PEM.")) from None
    plain = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if read.public_key().public_bytes(*plain) != key.public_key().public_bytes(*plain):
        raise ServiceRefused(gettext("The certificate belongs to another key."))
    if not read.not_valid_before_utc <= timezone.now() < read.not_valid_after_utc:
        raise ServiceRefused(gettext("The certificate has expired or is not valid yet."))
