"""Settings. Everything that differs between places comes from the environment (docs/reference/environment.md)."""

from __future__ import annotations

import os
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from fengsui.core.web.proxies import networks

ROOT = Path(__file__).resolve().parents[3]
VAR = Path(os.environ.get("FENGSUI_VAR", ROOT / "var"))
DEMO = os.environ.get("FENGSUI_DEMO", "") == "1"

DEBUG = False
SECRET_KEY = os.environ.get("FENGSUI_SECRET_KEY") or "only-for-tests-and-checks"
ALLOWED_HOSTS = os.environ.get("FENGSUI_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [each for each in os.environ.get("FENGSUI_ORIGINS", "").split(",") if each]
FENGSUI_BASE_URL = os.environ.get("FENGSUI_BASE_URL", "http://127.0.0.1:8600")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "django.forms",
    "procrastinate.contrib.django",
    "fengsui.core",
    *(f"fengsui.apps.{name.parent.name}" for name in sorted((ROOT / "src/fengsui/apps").glob("*/apps.py"))),
    "fengsui.config",
]

MIDDLEWARE = [
    "fengsui.core.web.middleware.chain",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "fengsui.core.api.edge.door",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fengsui.apps.people.edge.actor_middleware",
    "fengsui.core.web.middleware.coded_errors",
    "fengsui.core.web.once.once",
]

ROOT_URLCONF = "fengsui.config.urls"
WSGI_APPLICATION = "fengsui.config.wsgi.application"

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [ROOT / "src/fengsui/core/ui/jinja2"],
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "fengsui.core.web.templates.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.messages.context_processors.messages",
                "fengsui.core.web.templates.shared",
                "fengsui.apps.desk.nav.context",
            ],
        },
    },
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
]


def _database(url: str, role: str = "") -> dict[str, object]:
    """postgresql://user:password@host:port/name?host=/socket/dir, or anything else that libpq reads.

    Several hosts (`@a:5432,b:5432/name?target_session_attrs=read-write`) are tried in order, the first that takes
    writes is used: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
    role: who connects instead of the user of the address.
    """
    parts = conninfo_to_dict(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        **{name: str(parts.pop(part, "")) for name, part in names.items()},
        **({"USER": role} if role else {}),
        "CONN_MAX_AGE": 0,
        # Without the check two of three requests fail after a restart of the server.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 16, "timeout": 20}, **parts},
    }


DATABASES = {
    "default": _database(
        os.environ.get("FENGSUI_DATABASE_URL", "postgresql://fengsui@/fengsui?host=/run/fengsui"),
        os.environ.get("FENGSUI_DATABASE_ROLE", ""),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["gis.W001"]  # Debian 12 ships GDAL 3.6; nothing we use needs 3.9

AUTH_USER_MODEL = "people.Account"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
FENGSUI_LOCK_AFTER = 5
FENGSUI_LOCK_S = 30 * 60
# Who needs a second factor: GB/T 22239-2019 8.1.4.1 asks for two kinds of proof at level 3 [G]; which posts: local [U].
FENGSUI_SECOND_FACTOR_ROLES = frozenset(
    each
    for each in os.environ.get(
        "FENGSUI_SECOND_FACTOR_ROLES", "system_admin,security_admin,audit_admin,duty_leader,commander"
    ).split(",")
    if each
)
FENGSUI_PASSWORDS_KEPT = 5  # the last ones that may not come back [G]
FENGSUI_PASSWORD_DAYS = int(
    os.environ.get("FENGSUI_PASSWORD_DAYS") or 90
)  # age of a privileged password [G]; 0: no limit

SESSION_ENGINE = "fengsui.apps.people.sessions"
# 8.1.4.1 asks that an unused login ends [G]. The figures are local [U]: a desk is watched for hours without a press.
SESSION_COOKIE_AGE = int(os.environ.get("FENGSUI_SESSION_S") or 12 * 3600)
FENGSUI_SESSION_IDLE_S = int(os.environ.get("FENGSUI_SESSION_IDLE_S") or 4 * 3600)
FENGSUI_SESSION_ADMIN_IDLE_S = int(os.environ.get("FENGSUI_SESSION_ADMIN_IDLE_S") or 15 * 60)
# One account, so many logins at once [U]; the doors of a demonstration are shared by everybody who looks at it.
FENGSUI_SESSIONS_MAX = int(os.environ.get("FENGSUI_SESSIONS_MAX") or (50 if DEMO else 3))
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if FENGSUI_BASE_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    # The browser takes such a name only with Secure, for the whole host and from no sister domain.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SECURE_HSTS_SECONDS = 366 * 86400
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "worker-src": ["'self'"],
    "style-src": ["'self'", "<CSP_NONCE_SENTINEL>"],
    "img-src": ["'self'", "data:", "blob:"],
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "src/fengsui/static"]
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
(ROOT / "src/fengsui/static").mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
# The build puts a hash of the content into these names: what a browser has of them is right for ever.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/dist/assets/.+-[\w-]{8}\.\w+$"

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FENGSUI_BODY_LIMIT = 12_000_000
FENGSUI_PROXIES = networks(os.environ.get("FENGSUI_PROXIES") or "127.0.0.1,::1")

FENGSUI_HELP = VAR / "help"
FENGSUI_DISTRICT = os.environ.get("FENGSUI_DISTRICT", "tiexi")
FENGSUI_DISTRICTS = Path(os.environ.get("FENGSUI_DISTRICTS", ROOT / "districts"))
FENGSUI_TIANDITU_KEY = os.environ.get("FENGSUI_TIANDITU_KEY", "")
FENGSUI_TIANDITU_URL = os.environ.get("FENGSUI_TIANDITU_URL") or "https://t0.tianditu.gov.cn"
FENGSUI_HASH = os.environ.get("FENGSUI_HASH", "sha256")
_half_lives = (each.partition("=") for each in os.environ.get("FENGSUI_HALF_LIVES", "").split(",") if each)
FENGSUI_HALF_LIVES = {kind: float(seconds) for kind, _, seconds in _half_lives}
FENGSUI_CLOCKS = {
    kind: int(seconds)
    for kind, _, seconds in (each.partition("=") for each in os.environ.get("FENGSUI_CLOCKS", "").split(",") if each)
}
FENGSUI_NATS_URL = os.environ.get("FENGSUI_NATS_URL", "nats://127.0.0.1:4222")
FENGSUI_SMS_UNCERTAIN = os.environ.get("FENGSUI_SMS_UNCERTAIN", "again")
FENGSUI_SMTP_URL = os.environ.get("FENGSUI_SMTP_URL", "")
FENGSUI_ROADS = Path(os.environ.get("FENGSUI_ROADS", VAR / "roads"))
FENGSUI_OPEN_INCIDENT_FROM = os.environ.get("FENGSUI_OPEN_INCIDENT_FROM") or "orange"
# Calls that one token may make in a minute: local [U].
FENGSUI_API_PER_MINUTE = int(os.environ.get("FENGSUI_API_PER_MINUTE") or 300)
# Months of readings that are kept; 0: for ever. No norm that we know of says how many [U].
FENGSUI_KEEP_READINGS_MONTHS = int(os.environ.get("FENGSUI_KEEP_READINGS_MONTHS") or 0)
# Seconds that a sensor must differ from its neighbours before it is doubted, and days that marks are kept [U].
FENGSUI_DOUBT_AFTER_S = int(os.environ.get("FENGSUI_DOUBT_AFTER_S") or 43_200)
FENGSUI_KEEP_MARKS_DAYS = int(os.environ.get("FENGSUI_KEEP_MARKS_DAYS") or 92)
FENGSUI_METRICS_TOKEN = os.environ.get("FENGSUI_METRICS_TOKEN", "")

LOGGING_CONFIG = "fengsui.core.logs.configure"
LOGGING = {"level": os.environ.get("FENGSUI_LOG_LEVEL", "INFO")}
