#!/usr/bin/python3
"""Makes the fixtures of this directory that have a password, and their plain forms.

It needs Debian's python3-cryptography, libsodium23 and libargon2-1, and shares nothing with the Go code. What would be
random is made of a counter, so that a second run writes the same bytes. The password is always "test"; the secrets are
that of RFC 6238. The costs of key derivation are low where the format lets them be, to keep the tests fast.

    cd internal/transfer/testdata && ./make-exports.py
"""
import base64, ctypes, hashlib, hmac, itertools, json, os, struct, zipfile
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PASSWORD = b"test"
SHA1 = base64.b32encode(b"12345678901234567890").decode()
SHA256 = base64.b32encode(b"12345678901234567890123456789012").decode().rstrip("=")
SHA512 = base64.b32encode(b"1234567890123456789012345678901234567890123456789012345678901234").decode().rstrip("=")

sodium = ctypes.CDLL("libsodium.so.23")
argon2 = ctypes.CDLL("libargon2.so.1")
counter = itertools.count()


def random(n):
    return hashlib.shake_256(b"fixture %d" % next(counter)).digest(n)


def b64(data):
    return base64.b64encode(data).decode()


def write(name, content):
    if not isinstance(content, bytes):
        content = (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "wb") as f:
        f.write(content)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# --- Aegis: docs/vault.md of beemdevelopment/Aegis ---

def aegis_entry(kind, name, issuer, secret, **info):
    return {"type": kind, "uuid": "01234567-89ab-cdef-0123-456789abcdef", "name": name, "issuer": issuer, "note": "a \"db\" of \\ notes",
            "favorite": False, "icon": None, "info": {"secret": secret, "algo": "SHA1", "digits": 6, **info}, "groups": []}


def aegis_slot(master, password, n, kind=1):
    salt, nonce = random(32), random(12)
    key = hashlib.scrypt(password, salt=salt, n=n, r=8, p=1, dklen=32)
    sealed = AESGCM(key).encrypt(nonce, master, None)
    slot = {"type": kind, "uuid": "01234567-89ab-cdef-0123-456789abcdef", "key": sealed[:-16].hex(),
            "key_params": {"nonce": nonce.hex(), "tag": sealed[-16:].hex()}}
    if kind == 1:
        slot.update({"n": n, "r": 8, "p": 1, "salt": salt.hex(), "repaired": True, "is_backup": False})
    return slot


def aegis():
    db = {"version": 3, "entries": [
        aegis_entry("totp", "alice@example.com", "ACME", SHA1, period=30),
        aegis_entry("totp", "böb", "Größe & Söhne", SHA256, algo="SHA256", digits=8, period=60),
        aegis_entry("hotp", "carol", "", SHA1, counter=7),
        aegis_entry("steam", "dave", "", SHA1, digits=5, period=30),
        aegis_entry("motp", "erin", "Legacy", "0123456789abcdef", algo="MD5", period=10, pin="1234"),
        aegis_entry("yandex", "frank", "Yandex", SHA1, algo="SHA256", digits=8, period=30, pin="1234"),
        aegis_entry("totp", "grace", "MD5 Ltd", SHA1, algo="MD5", period=30),
        aegis_entry("totp", "heidi", "Damaged", "MZXW6!", period=30),
        {"type": "totp", "info": "not an object"},
    ], "groups": [], "icons_optimized": True}
    write("aegis-plain.json", {"version": 1, "header": {"slots": None, "params": None}, "db": db})
    master, nonce = random(32), random(12)
    sealed = AESGCM(master).encrypt(nonce, json.dumps(db, indent=4).encode(), None)
    write("aegis-encrypted.json", {"version": 1, "header": {
        "slots": [aegis_slot(master, b"fingerprint", 16, kind=2), aegis_slot(master, b"another", 32), aegis_slot(master, PASSWORD, 16)],
        "params": {"nonce": nonce.hex(), "tag": sealed[-16:].hex()}}, "db": b64(sealed[:-16])})


aegis()
