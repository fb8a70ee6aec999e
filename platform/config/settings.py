"""Every setting of the platform. Values that differ between installations come from the environment."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab

from config import env, logs
from config.storages import FileStorage

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(env.text("NEXUS_VAR", str(ROOT / "var")))

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = env.flag("NEXUS_DEBUG", default=False)
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-au"
USE_I18N = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Hosts ────────────────────────────────────────────────────────────────────────────────────────
BASE_DOMAIN = env.text("NEXUS_BASE_DOMAIN", "localhost")
WEB_PORT = env.number("NEXUS_PORT", 8000)
OPERATORS_SUBDOMAIN = "ops"
SECURE = env.flag("NEXUS_SECURE", default=False)
# The event server: behind TLS the proxy leads a path of each clinic's host to it, else it has a port.
EVENTS_PORT = env.number("NEXUS_EVENTS_PORT", WEB_PORT + 1)
EVENTS_PATH = env.path("NEXUS_EVENTS_PATH", "/events/" if SECURE else "")
# How many proxies of ours stand in front, each adding its peer to X-Forwarded-For. 0: believe no header.
TRUSTED_PROXIES = env.number("NEXUS_TRUSTED_PROXIES", 0)
ALLOWED_HOSTS = [BASE_DOMAIN, f".{BASE_DOMAIN}"]
ROOT_URLCONF = "config.urls_public"
CLINIC_URLCONF = "config.urls_clinic"
OPERATORS_URLCONF = "config.urls_operators"
WSGI_APPLICATION = "config.wsgi.application"

# ── Secrets at rest: data keys of the clinics are wrapped by these ──────────────────────────────────
VAULT_KEYS = env.key_ring("NEXUS_KEYS")
VAULT_KMS_KEY = env.text("NEXUS_KMS_KEY", "")
if SECURE and not (VAULT_KEYS or VAULT_KMS_KEY):
    raise env.EnvironmentVariableError(
        "NEXUS_KEYS is not set: nothing could keep the clinics' secrets. Set it to ID:BASE64 with 32 "
        "random bytes and keep a copy, or name a key of AWS KMS in NEXUS_KMS_KEY: "
        "docs/operations.md says how."
    )

# The key that signs pushes to people's devices: 32 random bytes in base64url. Without it none is sent.
PUSH_KEY = env.text("NEXUS_PUSH_KEY", "")
# Whom a push service may write to about us.
PUSH_CONTACT = env.text("NEXUS_PUSH_CONTACT", f"mailto:postmaster@{BASE_DOMAIN}")

# Plans with their prices and limits, the trial, how sign-ups are kept: the installation's own file.
OFFER_FILE = env.text("NEXUS_OFFER", str(ROOT / "onboarding" / "subscription" / "offer.json"))

# Which private networks a clinic's FileMaker Server may stand in: none but those named here.
PRIVATE_NETWORKS = env.networks("NEXUS_PRIVATE_NETWORKS")
# From which networks the operators' host answers, besides those of its own list; none: from everywhere.
OPERATORS_NETWORKS = env.plain_networks("NEXUS_OPERATORS_NETWORKS")

# ── Vendors: addresses that differ from theirs (tests, peers), our OAuth clients, where hooks come in ─
VENDOR_URLS = env.addresses("NEXUS_VENDOR_URLS", secure=SECURE)
VENDOR_CLIENTS = {name: env.pair(f"NEXUS_{name.upper()}_CLIENT") for name in ("xero", "google")}
HOOKS_URL = env.text("NEXUS_HOOKS_URL", "")
# Signs what Xero tells of all clinics of our app; without one nothing it tells is believed.
XERO_WEBHOOK_KEY = env.text("NEXUS_XERO_WEBHOOK_KEY", "")

# ── Databases: one server, three roles ──────────────────────────────────────────────────────────
ORIGINAL_BACKEND = "django_rls.backends.postgresql"
DATABASES = {
    "default": env.DatabaseUrl.parse("DATABASE_URL", env.text("DATABASE_URL")).django(),
}
for _alias, _variable in (("owner", "DATABASE_OWNER_URL"), ("platform", "DATABASE_PLATFORM_URL")):
    if _url := env.text(_variable, ""):
        DATABASES[_alias] = env.DatabaseUrl.parse(_variable, _url).django()
# Further databases in which clinics may stand: {"east": {"app": "postgresql://…", "owner": "…"}}.
CLUSTERS = env.clusters("NEXUS_CLUSTERS")
# The event relay holds one connection that LISTENs: past a pooler in transaction mode.
EVENTS_DATABASE_URL = env.text("DATABASE_LISTEN_URL", "") or env.text("DATABASE_URL")
# Where a fresh database finds the clinic schema that an earlier one of the same code has recorded.
SCHEMA_CACHE = env.text("NEXUS_SCHEMA_CACHE", str(VAR / "schema")) or None
DATABASE_ROUTERS = ["tenants.routers.ScopeRouter"]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DJANGO_RLS = {"AUTO_ENABLE_RLS": False}

# Tables of these apps stand in `public`, of those in every clinic's schema. People and audit stand in
# both: in `public` they are the operators and the platform's own record.
SHARED_APPS = [
    "tenants",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "accounts",
    "audit",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "onboarding.signup",
    "onboarding.lifecycle",
    "onboarding.backups",
    "onboarding.restore",
    "support.desk",
    "announcements",
    "passkeys",
    "operators",
]
TENANT_APPS = [
    "accounts",
    "passkeys",
    "audit",
    "support",
    "events",
    "connections",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "clinical.practice",
    "clinical.patients",
    "clinical.appointments",
    "clinical.contacts",
    "clinical.search",
    "clinical.notes",
    "clinical.letters",
    "clinical.messages",
    "clinical.documents",
    "clinical.referrals",
    "clinical.funding",
    "clinical.consents",
    "clinical.measures",
    "clinical.problems",
    "clinical.plans",
    "clinical.pathology",
    "clinical.decision_support",
    "clinical.notices",
    "clinical.threads",
    "clinical.recalls",
    "clinical.reports",
    "clinical.rights",
    "billing_integrations.invoices",
    "billing_integrations.xero",
    "billing_integrations.ndis",
    "billing_integrations.gmail",
    "billing_integrations.smtp",
    "billing_integrations.sms",
    "billing_integrations.mailboxes",
    "billing_integrations.storage",
    "onboarding.imports",
    "onboarding.takeout",
    "onboarding.checklist",
    "onboarding.demo_data",
    "onboarding.subscription",
    "operators.figures",
]
INSTALLED_APPS = [
    "ui",
    "two_factor",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *dict.fromkeys([*SHARED_APPS, *TENANT_APPS]),
]

# ── People ───────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.ScopedModelBackend"]
PASSWORD_HASHERS = ["accounts.hashers.Argon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.PredictablePasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
]
LOGIN_URL = "two_factor:login"
LOGIN_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 60 * 60 * 3
SESSION_ENGINE = "accounts.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_IDLE_SECONDS = 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
# The `__Host-` prefix makes the browser itself keep a cookie on one host; it needs `Secure`, which
# browsers grant to http://*.localhost as well.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-nexus-session"
CSRF_COOKIE_NAME = "__Host-nexus-csrf"
CSRF_FAILURE_VIEW = "ui.views.csrf_failure"
OTP_TOTP_ISSUER = "Nexus"
# A code is good one step before and after, and that never creeps; tries are counted by
# accounts.throttle, whose limits end, unlike the devices' own.
OTP_TOTP_SYNC = False
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
TWO_FACTOR_PATCH_ADMIN = False

# ── Requests ─────────────────────────────────────────────────────────────────────────────────────
MIDDLEWARE = [
    "ui.middleware.SecurityHeadersMiddleware",  # outermost: no answer goes without them
    "config.access.RouteMiddleware",
    "config.access.NulMiddleware",
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "connections.hooks.HookMiddleware",
    "audit.middleware.DenialRecorder",
    "support.middleware.PlatformsRecord",
    "tenants.middleware.ScopeMiddleware",
    "operators.admission.AdmissionMiddleware",
    "events.middleware.StreamPolicyMiddleware",
    "clinical.practice.middleware.ClinicTimeMiddleware",
    "accounts.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "support.middleware.VisitMiddleware",
    "tenants.closing.ReadOnlyMiddleware",
    "onboarding.imports.maintenance.MaintenanceMiddleware",
    "audit.middleware.DenialObserver",
    "clinical.patients.middleware.MergedPatientMiddleware",
]
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 63072000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ui.context.navigation",
                "accounts.permissions.context",
                "events.context.live",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS: list[tuple[str, str]] = []
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "ui.finders.PackageFinder",
]

# ── Caches, tasks, files, mail ───────────────────────────────────────────────────────────────────
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "tenants.cache.key_of_scope",
        "OPTIONS": {"serializer": "tenants.cache.JsonSerializer"},
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # its own lines would pass by the allow-list of `logs`
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 60 * 60}
CELERY_TIMEZONE = "UTC"
SPARE_CLINICS = env.number("NEXUS_SPARE_CLINICS", 2)
"""So many empty clinics stand ready for the next sign-ups."""
NIGHT = env.number("NEXUS_NIGHT", 15) % 24
CELERY_BEAT_SCHEDULE = {
    "read-receipts-of-texts": {
        "task": "sms.poll_everywhere",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "read-answers-by-mail": {
        "task": "gmail.read_everywhere",
        "schedule": 180.0,
        "options": {"expires": 170},
    },
    "watch-texts": {
        "task": "sms.watch_everywhere",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "look-at-clinics": {
        "task": "operators.look_everywhere",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "sweep-support-access": {
        "task": "support.sweep",
        "schedule": 30.0,
        "options": {"expires": 28},
    },
    "resume-jobs": {"task": "tenants.resume_jobs", "schedule": 20.0, "options": {"expires": 18}},
    "keep-spare-clinics": {
        "task": "tenants.keep_spares",
        "schedule": 30.0,
        "options": {"expires": 28},
    },
    "seal-audit-trails": {
        "task": "audit.seal_everywhere",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "anchor-audit-trails": {"task": "audit.anchor_everywhere", "schedule": 3600.0},
    "discard-old-imports": {"task": "imports.discard_old", "schedule": 24 * 3600.0},
    "resume-stale-imports": {
        "task": "imports.resume_stale",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "prepare-waiting-documents": {
        "task": "documents.prepare_everywhere",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "resume-moves-of-files": {
        "task": "clinic_storage.resume_everywhere",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "tidy-reports": {"task": "reports.tidy_everywhere", "schedule": 600.0},
    "tidy-rights": {"task": "rights.tidy_everywhere", "schedule": 3600.0},
    "tidy-notices": {"task": "notices.tidy_everywhere", "schedule": 24 * 3600.0},
    "send-waiting-letters": {
        "task": "letters.send_everywhere",
        "schedule": 120.0,
        "options": {"expires": 110},
    },
    "send-notices": {
        "task": "messages.send_notices_everywhere",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "plan-reminders": {
        "task": "messages.plan_reminders_everywhere",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "tidy-exports": {"task": "takeout.tidy_everywhere", "schedule": 600.0},
    "draft-fees": {"task": "invoices.draft_fees_everywhere", "schedule": 3600.0},
    "keep-plan-dates": {"task": "funding.keep_dates_everywhere", "schedule": 24 * 3600.0},
    "ask-measures-again": {
        "task": "measures.ask_again_everywhere",
        "schedule": 1800.0,
        "options": {"expires": 1500},
    },
    "refresh-reminders": {"task": "decision_support.refresh_everywhere", "schedule": 24 * 3600.0},
    "find-duplicate-patients": {
        "task": "patients.find_duplicates_everywhere",
        "schedule": 24 * 3600.0,
    },
    "sweep-connections": {
        "task": "connections.sweep_everywhere",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "renew-connections": {"task": "connections.renew_everywhere", "schedule": 12 * 3600.0},
    "tell-of-broken-connections": {"task": "connections.tell_everywhere", "schedule": 900.0},
    "tidy-connections": {"task": "connections.tidy_everywhere", "schedule": 24 * 3600.0},
    "read-xero": {
        "task": "xero.poll_everywhere",
        "schedule": 900.0,
        "options": {"expires": 890},
    },
    "compare-with-xero": {"task": "xero.check_everywhere", "schedule": 24 * 3600.0},
    "resume-forgotten-imports": {"task": "imports.resume_forgotten", "schedule": 3600.0},
    "resume-stuck-sign-ups": {"task": "signup.resume_stuck", "schedule": 60.0},
    # Nights are the clinics': the hour is in UTC.
    "back-up-platform": {
        "task": "backups.back_up_platform",
        "schedule": crontab(hour=NIGHT, minute=10),
    },
    "drill-a-restore": {"task": "backups.drill", "schedule": crontab(hour=NIGHT, minute=40)},
    "check-the-platform": {"task": "backups.check_all", "schedule": crontab(hour=NIGHT, minute=55)},
    "sweep-sign-ups": {"task": "signup.sweep", "schedule": 24 * 3600.0},
    "end-trials": {"task": "subscription.end_trials", "schedule": 3600.0},
}
STORAGE_URL = env.text("STORAGE_URL", f"file://{VAR / 'files'}")
_files = FileStorage.parse(STORAGE_URL, var=VAR)
WORK_DIR = _files.work_dir
# ── Backups: where they lie, who can open them, how long they stay, and which role reads ───────────
BACKUP_STORE = FileStorage.parse(
    env.text("NEXUS_BACKUP_URL", f"file://{VAR / 'backups'}"), var=VAR, variable="NEXUS_BACKUP_URL"
).options
BACKUP_STORE = {
    name: value for name, value in BACKUP_STORE.items() if not name.endswith("_permissions_mode")
}
BACKUP_RECIPIENTS = env.words("NEXUS_BACKUP_RECIPIENTS")
BACKUP_KEEP = env.retention("NEXUS_BACKUP_KEEP", "14d,8w,12m")
BACKUP_FILES = env.flag("NEXUS_BACKUP_FILES", default=True)
BACKUP_DATABASE_URL = env.text("DATABASE_BACKUP_URL", "") or env.DatabaseUrl.for_role(
    env.text("DATABASE_OWNER_URL", ""), "nexus_backup", env.text("DATABASE_BACKUP_PASSWORD", "")
)
# Where files of patients are scanned: tcp://host:port or unix:///path of a clamd; empty: they are not.
CLAMD_URL = env.text("CLAMD_URL", "")
STORAGES = {
    "default": _files.django(),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MAIL_URL = env.text("MAIL_URL", f"file://{VAR / 'mail'}")
_mail = urlsplit(MAIL_URL)
EMAIL_BACKEND = (
    "tenants.outgoing.GuardedBackend"  # in front of MAIL_BACKEND: nothing leaves a sandbox
)
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", f"Nexus <no-reply@{BASE_DOMAIN}>")
if _mail.scheme == "file":
    MAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = _mail.path
else:
    MAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or 25
    EMAIL_HOST_USER = _mail.username or ""
    EMAIL_HOST_PASSWORD = _mail.password or ""
    EMAIL_USE_TLS = _mail.scheme == "smtps"

LOGGING = logs.configuration(level=env.text("NEXUS_LOG_LEVEL", "INFO"), with_values=DEBUG)
logs.start_sentry(dsn=env.text("SENTRY_DSN", ""), release=env.text("NEXUS_RELEASE", ""))
