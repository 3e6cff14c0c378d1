"""All settings. Each comes from the environment; defaults are those of production (docs/operating.md lists them)."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.environment import address_of, encryption_keys, flag, is_loopback, number, provider_url

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

ALONGSIDE_SANDBOX: bool = flag("ALONGSIDE_SANDBOX")
ALONGSIDE_SANDBOX_INFO: str = env.str("ALONGSIDE_SANDBOX_INFO", "")
ALONGSIDE_VAR = Path(env.str("ALONGSIDE_VAR", str(BASE_DIR / "var")))
ALONGSIDE_CA_FILE: str = env.str("ALONGSIDE_CA_FILE", "")
if ALONGSIDE_CA_FILE and not ALONGSIDE_SANDBOX:
    raise ImproperlyConfigured("ALONGSIDE_CA_FILE is accepted only with ALONGSIDE_SANDBOX=1.")

_missing = [name for name in ("SECRET_KEY", "ALONGSIDE_KEYS", "ALONGSIDE_PUBLIC_URL") if not env.str(name, "")]
if _missing:
    raise ImproperlyConfigured(
        f"Missing in the environment: {', '.join(_missing)}. docs/operating.md says what each is; "
        "`./dev demo` and `./dev test` set their own."
    )
SECRET_KEY: str = env.str("SECRET_KEY")
ALONGSIDE_KEYS = encryption_keys(env.str("ALONGSIDE_KEYS"))
ALONGSIDE_PUBLIC_URL: str = env.str("ALONGSIDE_PUBLIC_URL").rstrip("/")
if not (ALONGSIDE_SANDBOX and is_loopback(ALONGSIDE_PUBLIC_URL)):
    address_of("ALONGSIDE_PUBLIC_URL", ALONGSIDE_PUBLIC_URL, ("https",))
if not urlsplit(ALONGSIDE_PUBLIC_URL).hostname:
    raise ImproperlyConfigured("ALONGSIDE_PUBLIC_URL names no host.")
_SECURE = ALONGSIDE_PUBLIC_URL.startswith("https://")

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
if not ALLOWED_HOSTS:
    _host = urlsplit(ALONGSIDE_PUBLIC_URL).hostname or ""
    ALLOWED_HOSTS = [f"[{_host}]" if ":" in _host else _host]

# Providers: another server can stand in for each.
SALESFORCE_LOGIN_URL = provider_url(
    "SALESFORCE_LOGIN_URL", env.str("SALESFORCE_LOGIN_URL", "https://login.salesforce.com"), sandbox=ALONGSIDE_SANDBOX
)
# Where a browser is sent to sign in: the login address unless something stands before it.
SALESFORCE_AUTHORIZE_URL: str = env.str("SALESFORCE_AUTHORIZE_URL", f"{SALESFORCE_LOGIN_URL}/services/oauth2/authorize")
if not (ALONGSIDE_SANDBOX and is_loopback(SALESFORCE_AUTHORIZE_URL)):
    provider_url("SALESFORCE_AUTHORIZE_URL", SALESFORCE_AUTHORIZE_URL, sandbox=False)
SALESFORCE_CLIENT_ID: str = env.str("SALESFORCE_CLIENT_ID", "")
SALESFORCE_CLIENT_SECRET: str = env.str("SALESFORCE_CLIENT_SECRET", "")
SALESFORCE_API_VERSION: str = env.str("SALESFORCE_API_VERSION", "66.0")
MICROSOFT_LOGIN_URL = provider_url(
    "MICROSOFT_LOGIN_URL",
    env.str("MICROSOFT_LOGIN_URL", "https://login.microsoftonline.com"),
    sandbox=ALONGSIDE_SANDBOX,
)
MICROSOFT_GRAPH_URL = provider_url(
    "MICROSOFT_GRAPH_URL", env.str("MICROSOFT_GRAPH_URL", "https://graph.microsoft.com"), sandbox=ALONGSIDE_SANDBOX
)
# Where a browser is sent to sign in: the login address unless something of ours stands before it, beside a sandbox.
MICROSOFT_AUTHORIZE_URL: str = env.str("MICROSOFT_AUTHORIZE_URL", MICROSOFT_LOGIN_URL)
if not (ALONGSIDE_SANDBOX and is_loopback(MICROSOFT_AUTHORIZE_URL)):
    provider_url("MICROSOFT_AUTHORIZE_URL", MICROSOFT_AUTHORIZE_URL, sandbox=False)
MICROSOFT_CLIENT_ID: str = env.str("MICROSOFT_CLIENT_ID", "")
MICROSOFT_CLIENT_SECRET: str = env.str("MICROSOFT_CLIENT_SECRET", "")
MICROSOFT_SCOPE: str = env.str("MICROSOFT_SCOPE", "access_as_user")
# Clients whose tokens for our scope are taken (`azp`): the add-in, and Office itself where it asks on its behalf.
MICROSOFT_CLIENT_IDS: list[str] = env.list("MICROSOFT_CLIENT_IDS", default=[])

# Where a browser is sent to sign in with Google; beside a sandbox something of ours may stand before it.
GOOGLE_AUTH_URL: str = env.str("GOOGLE_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth")
if not (ALONGSIDE_SANDBOX and is_loopback(GOOGLE_AUTH_URL)):
    provider_url("GOOGLE_AUTH_URL", GOOGLE_AUTH_URL, sandbox=False)
GOOGLE_TOKEN_URL = provider_url(
    "GOOGLE_TOKEN_URL", env.str("GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"), sandbox=ALONGSIDE_SANDBOX
)
GOOGLE_REVOKE_URL = provider_url(
    "GOOGLE_REVOKE_URL", env.str("GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke"), sandbox=ALONGSIDE_SANDBOX
)
GOOGLE_CERTS_URL = provider_url(
    "GOOGLE_CERTS_URL",
    env.str("GOOGLE_CERTS_URL", "https://www.googleapis.com/oauth2/v3/certs"),
    sandbox=ALONGSIDE_SANDBOX,
)
GOOGLE_API_URL = provider_url(
    "GOOGLE_API_URL", env.str("GOOGLE_API_URL", "https://gmail.googleapis.com"), sandbox=ALONGSIDE_SANDBOX
)
GOOGLE_CLIENT_ID: str = env.str("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET: str = env.str("GOOGLE_CLIENT_SECRET", "")
# Quota units that Gmail gives each user in a minute, as the Google project has them.
GOOGLE_UNITS_PER_MINUTE: int = number("GOOGLE_UNITS_PER_MINUTE", 6_000, least=100)
# Gmail's push: the topic that mailboxes are watched into, and for whom and by whom its notices must be signed.
GOOGLE_PUBSUB_TOPIC: str = env.str("GOOGLE_PUBSUB_TOPIC", "")
GOOGLE_PUSH_AUDIENCE: str = env.str("GOOGLE_PUSH_AUDIENCE", f"{ALONGSIDE_PUBLIC_URL}/webhooks/gmail/")
GOOGLE_PUSH_SERVICE_ACCOUNT: str = env.str("GOOGLE_PUSH_SERVICE_ACCOUNT", "")

OFFICE_JS_URL: str = env.str("OFFICE_JS_URL", "https://appsforoffice.microsoft.com/lib/1/hosted/office.js")
if not OFFICE_JS_URL.startswith("/static/"):
    address_of("OFFICE_JS_URL", OFFICE_JS_URL, ("https",))
# The add-in's id in Outlook. Set it where the deployment moves to another address and is to stay the same add-in.
OUTLOOK_ADDIN_ID: str = env.str("OUTLOOK_ADDIN_ID", "").lower()
if OUTLOOK_ADDIN_ID and not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", OUTLOOK_ADDIN_ID):
    raise ImproperlyConfigured("OUTLOOK_ADDIN_ID must be a GUID.")
OFFICE_FRAME_ANCESTORS: list[str] = env.list(
    "OFFICE_FRAME_ANCESTORS",
    default=[
        "https://outlook.office.com",
        "https://outlook.office365.com",
        "https://outlook.cloud.microsoft",
        "https://outlook.live.com",
    ],
)

# Our extension by its ids (32 letters a to p): the pane's host in Gmail.
CHROME_EXTENSION_IDS: list[str] = env.list(
    # The id that the key in clients/chrome/manifest.json gives.
    "CHROME_EXTENSION_IDS",
    default=["londgknlikljdeifdmncdoemgelpalng"],
)
for _id in CHROME_EXTENSION_IDS:
    if not re.fullmatch("[a-p]{32}", _id):
        raise ImproperlyConfigured("CHROME_EXTENSION_IDS: an extension's id is 32 letters from a to p.")
GMAIL_HOST_ORIGINS: list[str] = [f"chrome-extension://{_id}" for _id in CHROME_EXTENSION_IDS]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "accounts.administration.apps.AdministrationConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "django_dramatiq",
    "dramatiq_crontab",
    "csp",
    "config",
    "permissions",
    "accounts",
    "sync",
    "sidebar",
]

MIDDLEWARE = [
    "config.middleware.IsolationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.PaneCompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.RoutedSessionMiddleware",
    "config.middleware.PaneLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.RoutedAuthenticationMiddleware",
    "accounts.administration.entering.SessionLimitsMiddleware",
    "config.middleware.RoutedMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.FramingMiddleware",
    "config.middleware.RefusalsMiddleware",
    "permissions.memory.RememberedMiddleware",
    "permissions.declare.DeclaredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The truth. SQLite carries the embedded case honestly: a write takes the lock at once, readers go on beside it.
_database = env.str("DATABASE_URL", "") or f"sqlite:///{quote(str(ALONGSIDE_VAR / 'alongside.sqlite3'))}"
DATABASES: dict[str, Any] = {
    "default": env.db_url_config(address_of("DATABASE_URL", _database, ("postgres", "postgresql", "sqlite")))
}
# The role that all but migrations take in PostgreSQL: it owns nothing and is bound by the row policies.
DATABASE_ROLE: str = env.str("DATABASE_ROLE", "alongside_app")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None
else:
    DATABASES["default"] |= {"ENGINE": "permissions.postgresql", "ROLE": DATABASE_ROLE}
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": number("DATABASE_POOL", 16, least=1)}}

CACHE_URL: str = env.str("CACHE_URL", "")
if CACHE_URL:
    address_of("CACHE_URL", CACHE_URL, ("redis", "rediss", "unix"))
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {"serializer": "config.cache.JsonSerializer"},
    }
    if CACHE_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# The broker only wakes; without one the worker runs on threads inside this process.
BROKER_URL: str = env.str("BROKER_URL", "")
ALONGSIDE_EMBEDDED_WORKER: bool = flag("ALONGSIDE_EMBEDDED_WORKER", not BROKER_URL)
_broker = (
    "dramatiq.brokers.redis.RedisBroker"
    if BROKER_URL.startswith(("redis://", "rediss://", "unix://"))
    else "dramatiq.brokers.rabbitmq.RabbitmqBroker"
    if BROKER_URL.startswith(("amqp://", "amqps://"))
    else "dramatiq.brokers.stub.StubBroker"
)
if BROKER_URL:
    address_of("BROKER_URL", BROKER_URL, ("redis", "rediss", "unix", "amqp", "amqps"))
DRAMATIQ_BROKER: dict[str, Any] = {
    "BROKER": _broker,
    "OPTIONS": {"url": BROKER_URL} if BROKER_URL else {},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.ShutdownNotifications",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
    ],
}
if _broker.endswith("RabbitmqBroker"):
    DRAMATIQ_BROKER["OPTIONS"]["confirm_delivery"] = True
# Of several schedulers one works: the lock that they hold in turn lies in the shared cache.
DRAMATIQ_CRONTAB: dict[str, Any] = {"REDIS_URL": CACHE_URL or None}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "accounts.administration.entering.TicketBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/admin/desk/"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before addresses and second factors are changed
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# The vendor's staff see no page of the administration before they have set up a second factor.
ALONGSIDE_STAFF_SECOND_FACTOR: bool = flag("ALONGSIDE_STAFF_SECOND_FACTOR", True)
MFA_ADAPTER = "accounts.second_factor.SealedMFAAdapter"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsers.ShallowJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {"TITLE": "Alongside", "VERSION": "1", "SERVE_PERMISSIONS": [], "SERVE_AUTHENTICATION": []}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español"), ("ar", "العربية")]
TIME_ZONE = "UTC"
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = ALONGSIDE_VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
if ALONGSIDE_SANDBOX:
    # Served from the source folders there, and looked for here all the same.
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = ALONGSIDE_SANDBOX
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if ALONGSIDE_SANDBOX
        else "config.static.ModuleStorage"
    },
}
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

SECURE_SSL_REDIRECT = _SECURE
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _SECURE
SECURE_HSTS_PRELOAD = _SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if flag("ALONGSIDE_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None  # a dialog has to reach the pane that opened it; set per route elsewhere
SESSION_COOKIE_SECURE = _SECURE
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 24 * 3600  # at most; idle ones end earlier (accounts.administration.entering)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SECURE = _SECURE
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

PANE_FRAME_ANCESTORS = [*OFFICE_FRAME_ANCESTORS, *([SELF] if ALONGSIDE_SANDBOX else [])]
# The extension's page, which frames the pane, stands in Gmail's: both are ancestors, and only the first is its host.
GMAIL_FRAME_ANCESTORS = ["https://mail.google.com", *GMAIL_HOST_ORIGINS, *([SELF] if ALONGSIDE_SANDBOX else [])]
if ALONGSIDE_SANDBOX:
    GMAIL_HOST_ORIGINS.append(ALONGSIDE_PUBLIC_URL)  # the demo's own Gmail-shaped page
_OFFICE_ORIGIN = "" if OFFICE_JS_URL.startswith("/") else "/".join(OFFICE_JS_URL.split("/")[:3])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, *([_OFFICE_ORIGIN] if _OFFICE_ORIGIN else [])],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF] if ALONGSIDE_SANDBOX else [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# Logs: events with allow-listed fields. Nothing here formats a request, a header or an exception's arguments.
LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured("LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.SafeFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "msal": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "simple_salesforce": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    cache_logger_on_first_use=True,
)
