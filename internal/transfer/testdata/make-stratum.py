#!/usr/bin/python3
"""Makes the backups of Stratum (Authenticator Pro) as its doc/BACKUP_FORMAT.md describes them.

It needs Debian's python3-cryptography and libargon2-1, and shares nothing with the Go code. A second run writes the same
bytes. The password is "test".

    cd internal/transfer/testdata && ./make-stratum.py
"""
import ctypes, hashlib, json
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238
SECRET32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA===="


def entry(kind, issuer, username, **other):
    return {"Type": kind, "Icon": "default", "Issuer": issuer, "Username": username, "Secret": SECRET, "Pin": None, "Algorithm": 0,
            "Digits": 6, "Period": 30, "Counter": 0, "CopyCount": 0, "Ranking": 0, **other}


backup = json.dumps({
    "Authenticators": [
        entry(2, "ACME", "alice@example.com"),
        entry(2, "Größe & Söhne", "böb", Secret=SECRET32, Algorithm=1, Digits=8, Period=60),
        entry(1, "Counter", None, Counter=7),
        entry(4, "Steam", "dave", Digits=5),
        entry(3, "Old", "erin", Secret="0123456789abcdef", Pin="1234"),
        entry(5, "Yandex", "frank", Pin="1234"),
        entry(2, "Ten", "grace", Digits=10),
        entry(2, "New", "heidi", Algorithm=3),
        entry(9, "New", "ivan"),
    ],
    "Categories": [], "AuthenticatorCategories": [], "CustomIcons": [],
}, ensure_ascii=False).encode()


def write(name, *parts):
    with open(name, "wb") as f:
        f.write(b"".join(parts))


def noise(name, n):
    return hashlib.shake_256(name).digest(n)


write("stratum-plain.json", backup)

salt, nonce, key = noise(b"salt", 16), noise(b"nonce", 12), ctypes.create_string_buffer(32)
argon2 = ctypes.CDLL("libargon2.so.1")
size = ctypes.c_size_t
code = argon2.argon2id_hash_raw(3, 65536, 4, b"test", size(4), salt, size(16), key, size(32))
assert code == 0, code
write("stratum.stratum", b"AUTHENTICATORPRO", salt, nonce, AESGCM(key.raw).encrypt(nonce, backup, None))

salt, iv = noise(b"old salt", 20), noise(b"old iv", 16)
key = hashlib.pbkdf2_hmac("sha1", b"test", salt, 64000, 32)
pad = 16 - len(backup) % 16
enc = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
write("stratum-old.authpro", b"AuthenticatorPro", salt, iv, enc.update(backup + bytes([pad]) * pad), enc.finalize())
