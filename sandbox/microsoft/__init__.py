"""The sandbox's Microsoft 365 tenant: the identity platform and the mail part of Graph."""
