"""The second factor: time-based codes (RFC 6238), secrets that rest encrypted, recovery codes as hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from functools import cache

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

STEP_S = 30
DRIFT = 1
"""So many steps of 30 s before and after are taken: telephones and people are late."""
RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without the signs that are read as each other


@cache
def _box(secret_key: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"fengsui.people.factor").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def seal(secret: str) -> str:
    """Encrypted with a key derived from the installation's secret key."""
    return _box(settings.SECRET_KEY).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str | None:
    """None where the secret key is another one than when it was sealed: the factor must be set up again."""
    try:
        return _box(settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def fresh() -> str:
    return pyotp.random_base32()


def address(secret: str, username: str, issuer: str) -> str:
    """What an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def picture(uri: str) -> str:
    """The QR code as inline SVG."""
    return segno.make(uri, error="m").svg_inline(border=3, dark="#000", light="#fff", svgclass="qr", omitsize=True)


def step_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The time step whose code this is, later than `after`; None for a wrong, old or already used one."""
    code = "".join(code.split())
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return None
    totp, here = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    found = None
    for step in range(here - DRIFT, here + DRIFT + 1):  # all of them, whichever fits: equal time
        if hmac.compare_digest(totp.generate_otp(step), code) and step > after:
            found = step
    return found


def recovery_codes() -> list[str]:
    """Ten codes of 10 signs (49 bits each), shown once."""
    drawn = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    return [f"{code[:5]}-{code[5:]}" for code in drawn]


def digest(code: str) -> str:
    """A keyed hash: 49 random bits need no slow one, and without the secret key the table tells nothing."""
    plain = "".join(code.lower().split()).replace("-", "")
    return hmac.new(settings.SECRET_KEY.encode(), b"recovery:" + plain.encode(), hashlib.sha256).hexdigest()


def name_digest(username: str) -> str:
    """Of a name typed at the door that no account has: it may be a password typed in the wrong field."""
    return hmac.new(settings.SECRET_KEY.encode(), b"name:" + username.encode(), hashlib.sha256).hexdigest()


def one_time_password() -> str:
    """Given to a person by an administrator; must be changed at the first login. 78 bits."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(drawn[at : at + 4] for at in range(0, 16, 4))
