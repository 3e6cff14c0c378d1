"""Organisations, users, what they have connected, and the short-lived things of signing in and connecting.

Every row knows its organisation.
"""

from accounts.models.connections import Connection, ProvisionedMailbox, ServiceCredential, System, TokenRow
from accounts.models.history import ConfigurationChange
from accounts.models.organisations import (
    DataKey,
    GoogleDomain,
    InternalDomain,
    MicrosoftTenant,
    Organisation,
    SalesforceOrg,
    Team,
)
from accounts.models.people import AddressAlias, BlockEntry, User, UserManager
from accounts.models.settings import PreferenceValue, Preset
from accounts.models.signing_in import ConnectionAttempt, DialogSignIn, ExtensionSignIn, PaneSession, SessionTicket
from accounts.models.staff import StaffSession

__all__ = [
    "AddressAlias",
    "BlockEntry",
    "ConfigurationChange",
    "Connection",
    "ConnectionAttempt",
    "DataKey",
    "DialogSignIn",
    "ExtensionSignIn",
    "GoogleDomain",
    "InternalDomain",
    "MicrosoftTenant",
    "Organisation",
    "PaneSession",
    "PreferenceValue",
    "Preset",
    "ProvisionedMailbox",
    "SalesforceOrg",
    "ServiceCredential",
    "SessionTicket",
    "StaffSession",
    "System",
    "Team",
    "TokenRow",
    "User",
    "UserManager",
]
