"""Every setting of the product, read strictly from the environment.

A missing or bad value stops the start with a sentence that says what to write. docs/configuration.md is generated from
the declarations here (`manage.py describe_settings`).
"""

import sys
from pathlib import Path

import django_stubs_ext
from celery.schedules import schedule as every
from csp.constants import NONE, SELF

from emailconcert.lib.databases import database_from_url
from emailconcert.lib.env import (
    env_bool,
    env_choice,
    env_folder,
    env_int,
    env_key,
    env_keyring,
    env_list,
    env_str,
    env_url,
)
from emailconcert.lib.logs import logging_config
from emailconcert.lib.storages import storage_from_url

django_stubs_ext.monkeypatch()  # lets classes such as ModelAdmin[Account] stand in code that runs

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env_bool("DEBUG", default=False, help="Developers only: detailed error pages and the component gallery.")
SECRET_KEY = env_str(
    "SECRET_KEY", help="A long random text; signs sessions. Rotating it signs everybody out.", secret=True
)

# ── Places ────────────────────────────────────────────────────────────────────────────────────────────────────────────
VAR_DIR = Path(env_str("VAR_DIR", default="var", help="Where everything that is written to disk goes.")).resolve()
JOURNAL_DIR = env_folder("JOURNAL_DIR", under=VAR_DIR, default="journal", help="Sending journals; a persistent volume.")
SPOOL_DIR = env_folder(
    "SPOOL_DIR", under=VAR_DIR, default="spool", help="Events while PostgreSQL is away; a persistent volume."
)
MEDIA_DIR = env_folder("MEDIA_DIR", under=VAR_DIR, default="media", help="Uploaded files; a persistent volume.")
LEDGER_DIR = env_folder(
    "LEDGER_DIR",
    under=VAR_DIR,
    default="ledger",
    help="The erasure ledger outside the database; a persistent volume that is backed up apart.",
)
MEDIA_ROOT = MEDIA_DIR

# ── Hosts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
_WEB = ("http", "https")
SITE_URL = env_url(
    "SITE_URL",
    schemes=_WEB,
    default="http://localhost:8000",
    help="Where members sign in, for example https://app.example.com.",
)
CONTENT_URL = env_url(
    "CONTENT_URL",
    schemes=_WEB,
    default="http://127.0.0.1:8000",
    help="Where what accounts write is served: a host of its own, without sign-in cookies.",
)
TRACKING_URL = env_url(
    "TRACKING_URL",
    schemes=_WEB,
    default="http://localhost:8001",
    help="Where pixels, links and one-click unsubscribes arrive (the edge).",
)
ALLOWED_HOSTS = env_list(
    "ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]", help="Host names that the web process answers to."
)
PLATFORM_NAME = env_str("PLATFORM_NAME", default="EmailConcert", help="The service's name on pages and in mails.")
PLATFORM_DOMAIN = env_str(
    "PLATFORM_DOMAIN", default="emailconcert.localhost", help="The platform's own sending domain."
)
SHARED_DOMAIN = env_bool(
    "SHARED_DOMAIN",
    default=True,
    help="Whether senders without a verified domain may send from PLATFORM_DOMAIN, with answers to themselves.",
)
PLATFORM_SENDER = env_str(
    "PLATFORM_SENDER", default=f"hello@{PLATFORM_DOMAIN}", help="The address that the service's own mails come from."
)
DPO_ADDRESS = env_str(
    "DPO_ADDRESS",
    default=f"privacy@{PLATFORM_DOMAIN}",
    help="The Data Protection Officer's mailbox, shown on the notice.",
)

# ── Keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
ENCRYPTION_KEYS = env_keyring(
    "ENCRYPTION_KEYS", help="Keys that seal secrets and accounts' data keys, for example 2:KEY,1:KEY, the newest first."
)
TOKEN_KEYS = env_keyring(
    "TOKEN_KEYS",
    help="Keys that sign links in mails, for example 1:KEY. None is ever removed: old opt-out links must work.",
)
ADDRESS_HASH_KEY = env_key(
    "ADDRESS_HASH_KEY", help="The key of the suppression list's hashes. It is never changed; back it up."
)

# ── Services ──────────────────────────────────────────────────────────────────────────────────────────────────────────
# Commands that change the schema connect as the owner; everything else as ec_app, under row-level security.
_OWNER_COMMANDS = {"migrate", "sqlmigrate", "create_roles", "backup", "restore"}
AS_OWNER = len(sys.argv) > 1 and Path(sys.argv[0]).name == "manage.py" and sys.argv[1] in _OWNER_COMMANDS
_POSTGRES = ("postgres", "postgresql")
DATABASE_URL = env_url(
    "DATABASE_URL",
    schemes=_POSTGRES,
    help="postgresql://ec_app:PASSWORD@HOST/NAME, the role under row-level security.",
    secret=True,
)
DATABASE_OWNER_URL = env_url(
    "DATABASE_OWNER_URL",
    schemes=_POSTGRES,
    default=DATABASE_URL,
    help="The role that owns the tables; only migrate, create_roles, backup and restore use it.",
    secret=True,
)
EDGE_DATABASE_URL = env_url(
    "EDGE_DATABASE_URL",
    schemes=_POSTGRES,
    default=DATABASE_URL,
    help="postgresql://ec_edge:PASSWORD@HOST/NAME, which may only insert events and read links.",
    secret=True,
)
DATABASES = {"default": database_from_url(DATABASE_OWNER_URL if AS_OWNER else DATABASE_URL)}
DISABLE_SERVER_SIDE_CURSORS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env_url(
    "REDIS_URL",
    schemes=("redis", "rediss", "unix"),
    default="redis://localhost:6379/0",
    help="Redis, for the task queue, limits and cache: redis://HOST:6379/0 or unix:///path?db=0.",
    secret=True,
)
EMAIL_URL = env_url(
    "EMAIL_URL",
    schemes=("smtp", "smtps", "smtp+starttls"),
    default="smtp://localhost:8003",
    help="The platform's mail server: smtp://, smtps:// or smtp+starttls://USER:PASSWORD@HOST:PORT.",
    secret=True,
)
PRIVATE_CONNECTIONS = env_bool(
    "PRIVATE_CONNECTIONS",
    default=False,
    help="Whether accounts' own mail servers may be in private networks and on any port: for one's own installation.",
)
DNS_SERVERS = env_list(
    "DNS_SERVERS",
    help="Name servers that sending domains are looked up with, as ADDRESS or ADDRESS:PORT; none: the system's.",
)
BLOCKLISTS = env_list(
    "BLOCKLISTS",
    help="Blocklists of addresses that SENDING_IPS are looked up in every night, such as zen.spamhaus.org. None: no look-ups. "
    "Read their terms first.",
)
DOMAIN_BLOCKLISTS = env_list(
    "DOMAIN_BLOCKLISTS",
    help="Blocklists of domains for verified sending domains, such as dbl.spamhaus.org. None: no look-ups.",
)
SENDING_IPS = env_list(
    "SENDING_IPS", help="The addresses that the platform's mail leaves from, to be looked up in BLOCKLISTS."
)
MAIL_IN_HOST = env_str("MAIL_IN_HOST", default="127.0.0.1", help="Where bounces and opt-outs by mail are received.")
MAIL_IN_PORT = env_int(
    "MAIL_IN_PORT", default=2525, minimum=1, maximum=65535, help="The port of that mail server; MX records lead to it."
)
MAIL_IN_LMTP = env_str(
    "MAIL_IN_LMTP",
    default="",
    help="Where the same is received by LMTP, from a mail server in front: HOST:PORT or unix:/path. Empty: nowhere.",
)
BOUNCE_MAILBOX_URL = env_url(
    "BOUNCE_MAILBOX_URL",
    default="",
    schemes=("imaps", "imap", "pop3s", "pop3"),
    help="A mailbox where bounces are delivered instead: imaps://USER:PASSWORD@HOST/INBOX or pop3s://USER:PASSWORD@HOST. "
    "What is taken is deleted there. Without the s, STARTTLS is required.",
    secret=True,
)
MEDIA_STORAGE = env_str(
    "MEDIA_STORAGE",
    default="",
    help="Empty: pictures lie in MEDIA_DIR. Else a bucket: s3://KEY:SECRET@HOST/BUCKET?region=REGION.",
    secret=True,
)
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "ec"}
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "queue_order_strategy": "priority"}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# State is in PostgreSQL: each of these finds what is due there and wakes it.
CELERY_BEAT_SCHEDULE = {
    "delivery-wake-due": {"task": "delivery.tasks.wake_due", "schedule": every(1.0), "options": {"expires": 5}},
    "delivery-look-up-providers": {"task": "delivery.tasks.look_up_providers", "schedule": every(15.0)},
    "delivery-recover": {"task": "delivery.tasks.recover_expired", "schedule": every(10.0)},
    "delivery-check-domains": {"task": "delivery.tasks.wake_domain_checks", "schedule": every(60.0)},
    "delivery-look-up-blocklists": {"task": "delivery.tasks.look_up_blocklists", "schedule": every(600.0)},
    "accounts-drain-outbox": {"task": "accounts.tasks.drain_outbox", "schedule": every(2.0)},
    "accounts-seal-audit": {"task": "accounts.tasks.seal_audit", "schedule": every(10.0)},
    "tracking-empty-inbox": {"task": "tracking.tasks.empty_inbox", "schedule": every(2.0)},
    "tracking-poll-mailbox": {"task": "tracking.tasks.poll_mailbox", "schedule": every(60.0)},
    "tracking-make-partitions": {"task": "tracking.tasks.make_partitions", "schedule": every(3600.0)},
    "contacts-wake-imports": {"task": "contacts.tasks.wake_imports", "schedule": every(10.0)},
    "contacts-wake-bulk-actions": {"task": "contacts.tasks.wake_bulk_actions", "schedule": every(10.0)},
    "contacts-wake-exports": {"task": "contacts.tasks.wake_exports", "schedule": every(10.0)},
    "campaigns-follow": {"task": "campaigns.tasks.follow_campaigns", "schedule": every(5.0)},
    "campaigns-wake-checks": {"task": "campaigns.tasks.wake_checks", "schedule": every(10.0)},
    "campaigns-wake-feeds": {"task": "campaigns.tasks.wake_feeds", "schedule": every(10.0)},
    "campaigns-purge-deleted": {"task": "campaigns.tasks.purge_deleted", "schedule": every(3600.0)},
    "privacy-move-requests": {"task": "privacy.tasks.move_requests", "schedule": every(30.0)},
    "privacy-sweep-retention": {"task": "privacy.tasks.sweep_retention", "schedule": every(3600.0)},
}

# ── Limits and choices ────────────────────────────────────────────────────────────────────────────────────────────────
SIGN_UP = env_choice("SIGN_UP", choices=("open", "invited", "closed"), default="open", help="Who may open an account.")
NEW_ACCOUNT_QUOTA = env_int(
    "NEW_ACCOUNT_QUOTA", default=10_000, minimum=0, help="Messages that a new account may send in 30 days."
)
SEND_RATE = env_int("SEND_RATE", default=500, minimum=1, help="Messages per second that one account may send.")
SEND_RATE_PER_PROVIDER = env_int(
    "SEND_RATE_PER_PROVIDER",
    default=200,
    minimum=1,
    help="Messages per second that one account may send to one of the large mailbox providers.",
)
STOP_AT_BOUNCES_PER_1000 = env_int(
    "STOP_AT_BOUNCES_PER_1000",
    default=50,
    minimum=1,
    maximum=1000,
    help="Hard bounces per 1,000 messages at which a mailing stops itself.",
)
STOP_AT_COMPLAINTS_PER_1000 = env_int(
    "STOP_AT_COMPLAINTS_PER_1000",
    default=3,
    minimum=1,
    maximum=1000,
    help="Complaints per 1,000 messages at which a mailing stops itself.",
)
SENDING_PROCESSES = env_int(
    "SENDING_PROCESSES",
    default=8,
    minimum=1,
    help="Processes that send, on all machines. While Redis is away, each keeps to its part of every limit.",
)
SMTP_CONNECTIONS = env_int(
    "SMTP_CONNECTIONS", default=4, minimum=1, maximum=100, help="Connections that one sending task keeps open."
)
BATCH_SIZE = env_int("BATCH_SIZE", default=500, minimum=1, maximum=500, help="Messages that a worker claims at once.")
LEASE_SECONDS = env_int(
    "LEASE_SECONDS", default=120, minimum=5, help="How long a claimed batch stays with its worker without news."
)
UPLOAD_LIMIT_MB = env_int(
    "UPLOAD_LIMIT_MB", default=1024, minimum=1, help="The largest file for an import, in megabytes."
)
MEDIA_UPLOAD_MB = env_int(
    "MEDIA_UPLOAD_MB", default=10, minimum=1, maximum=50, help="The largest picture that is taken, in megabytes."
)
MEDIA_QUOTA_MB = env_int(
    "MEDIA_QUOTA_MB", default=1024, minimum=1, help="How much one account's pictures may take, in megabytes."
)
CONTENT_VERSIONS = env_int(
    "CONTENT_VERSIONS", default=200, minimum=20, help="How many versions of a campaign's content are kept."
)
TRUSTED_PROXIES = env_int(
    "TRUSTED_PROXIES",
    default=0,
    minimum=0,
    maximum=5,
    help="Proxies in front, whose X-Forwarded-For entries are believed.",
)
METRICS_TOKEN = env_str(
    "METRICS_TOKEN",
    default="",
    help="Who shows it as a bearer token may read /metrics from elsewhere than loopback.",
    secret=True,
)
DEMO = env_bool("DEMO", default=False, help="Set by make run on loopback: a demo account is loaded.")
LOG_LEVEL = env_choice(
    "LOG_LEVEL", choices=("debug", "info", "warning", "error"), default="info", help="How much is logged."
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# ── Application ───────────────────────────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "campaigns",
    "tracking",
    "delivery",
    "contacts",
    "privacy",
    "accounts",
    "emailconcert.shell",
    "emailconcert.lib.apps.LibConfig",
    "emailconcert.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_otp",
    "axes",
    "django_htmx",
    "template_partials",
    "lucide",
    "csp",
    "anymail",
]
MIDDLEWARE = [
    "emailconcert.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "emailconcert.middleware.UnreadableMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "privacy.middleware.RestoreMiddleware",
    "emailconcert.middleware.HostMiddleware",
    "emailconcert.middleware.DeadEndMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.ProfileMiddleware",
    "accounts.middleware.CurrentAccountMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "emailconcert.urls"
WSGI_APPLICATION = "emailconcert.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "emailconcert.shell.context.shell",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "media": storage_from_url(MEDIA_STORAGE),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "emailconcert.formats"
LOGGING = logging_config(LOG_LEVEL)
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# ── Sign-in ───────────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesBackend", "accounts.backends.ProfileBackend"]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.BreachedPasswordValidator"},
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# What authenticate() is called with; the default would be the column, which failures are not reported under.
AXES_USERNAME_FORM_FIELD = "username"
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "emailconcert.lib.network.client_network"
AXES_LOCKOUT_CALLABLE = "accounts.views.signing_in.locked_out"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
OTP_TOTP_ISSUER = PLATFORM_NAME

# ── Security ──────────────────────────────────────────────────────────────────────────────────────────────────────────
_HTTPS = SITE_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_SSL_REDIRECT = _HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^-/tls-ask$"]
SECURE_HSTS_SECONDS = 63_072_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_NAME = "__Host-ec-session" if _HTTPS else "ec-session"
CSRF_COOKIE_NAME = "__Host-ec-csrf" if _HTTPS else "ec-csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = sorted({SITE_URL, CONTENT_URL})
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", CONTENT_URL],
        "frame-src": [SELF, CONTENT_URL],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF, SITE_URL, CONTENT_URL],
        "frame-ancestors": [NONE],
    }
}
SILENCED_SYSTEM_CHECKS: list[str] = []
TEST_RUNNER = "django.test.runner.DiscoverRunner"
