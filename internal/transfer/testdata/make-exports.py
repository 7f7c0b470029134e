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


# --- 2FAS ---

def twofas_service(name, secret, position, **otp):
    otp = {"label": "label", "account": "", "digits": 6, "period": 30, "algorithm": "SHA1", "tokenType": "TOTP", "source": "Manual", **otp}
    return {"name": name, "secret": secret, "updatedAt": 1704874073731, "otp": otp, "order": {"position": position},
            "icon": {"selected": "Label", "label": {"text": "AC", "backgroundColor": "Orange"}}}


def twofas():
    services = [
        twofas_service("ACME", SHA1, 0, account="alice@example.com", issuer="ACME"),
        twofas_service("Größe & Söhne", SHA256, 1, account="böb", algorithm="SHA256", digits=8, period=60),
        twofas_service("", SHA1, 2, account="carol", tokenType="HOTP", counter=7, period=None),
        twofas_service("Steam", SHA1, 3, account="dave", issuer="Steam", tokenType="STEAM", digits=5),
        twofas_service("MD5 Ltd", SHA1, 4, account="grace", algorithm="MD5"),
        twofas_service("Damaged", "MZXW6!", 5, account="heidi"),
        {"name": "no secret"},
        7,
    ]
    backup = {"services": services, "groups": [], "updatedAt": 1704874073731, "schemaVersion": 4, "appVersionCode": 5000029,
              "appVersionName": "5.4.6", "appOrigin": "android"}
    write("2fas-plain.2fas", backup)
    salt, iv = random(256), random(12)
    gcm = AESGCM(hashlib.pbkdf2_hmac("sha256", PASSWORD, salt, 10000, 32))
    seal = lambda data: ":".join(map(b64, (gcm.encrypt(iv, data, None), salt, iv)))
    write("2fas-encrypted.2fas", dict(backup, services=[], servicesEncrypted=seal(compact(services)), reference=seal(b"reference")))


# --- Ente Auth: docs/docs/auth/migration/export.md of ente-io/ente ---

ENTE = f"""otpauth://totp/ACME:alice@example.com?algorithm=SHA1&digits=6&issuer=ACME&period=30&secret={SHA1}&codeDisplay=%7B%22pinned%22%3Atrue%7D
otpauth://totp/b%C3%B6b?algorithm=sha256&digits=8&issuer=Gr%C3%B6%C3%9Fe+%26+S%C3%B6hne&period=60&secret={SHA256}
otpauth://hotp/carol?secret={SHA1}&counter=7
otpauth://steam/dave?issuer=Steam&secret={SHA1}&digits=5

not a URI
"""


def secretstream(key, message, final=sodium.crypto_secretstream_xchacha20poly1305_tag_final()):
    """One message, by libsodium itself. Its header is random, so that each run writes another one."""
    state, header = ctypes.create_string_buffer(sodium.crypto_secretstream_xchacha20poly1305_statebytes()), ctypes.create_string_buffer(24)
    assert sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key) == 0
    out, length = ctypes.create_string_buffer(len(message) + 17), ctypes.c_ulonglong()
    assert sodium.crypto_secretstream_xchacha20poly1305_push(state, out, ctypes.byref(length), message, ctypes.c_ulonglong(len(message)),
                                                             None, ctypes.c_ulonglong(0), ctypes.c_ubyte(final)) == 0
    return header.raw, out.raw[:length.value]


def pwhash(password, salt, ops, mem):
    key = ctypes.create_string_buffer(32)
    assert sodium.crypto_pwhash(key, ctypes.c_ulonglong(32), password, ctypes.c_ulonglong(len(password)), salt, ctypes.c_ulonglong(ops),
                                ctypes.c_size_t(mem), ctypes.c_int(2)) == 0
    return key.raw


def ente():
    salt, ops, mem = random(16), 2, 65536
    header, sealed = secretstream(pwhash(PASSWORD, salt, ops, mem), ENTE.encode())
    write("ente-encrypted.json", {"version": 1, "kdfParams": {"memLimit": mem, "opsLimit": ops, "salt": b64(salt)},
                                  "encryptedData": b64(sealed), "encryptionNonce": b64(header)})
    lines = []
    for size in [0, 1, 15, 16, 17, 47, 48, 49, 63, 64, 65, 1000]:  # around the padding of the authenticator
        key, message = random(32), random(size)
        header, sealed = secretstream(key, message)
        lines.append(" ".join(part.hex() or "-" for part in (key, header, message, sealed)))
    header, sealed = secretstream(key, b"more follows", 0)
    lines.append(" ".join(part.hex() for part in (key, header, b"unfinished", sealed)))
    write("secretstream.txt", ("\n".join(lines) + "\n").encode())


# --- andOTP ---

def andotp():
    entry = lambda secret, label, **more: {"secret": secret, "issuer": "", "label": label, "digits": 6, "type": "TOTP", "algorithm": "SHA1",
                                           "thumbnail": "Default", "last_used": 0, "used_frequency": 0, "period": 30, "tags": [], **more}
    entries = [
        entry(SHA1, "alice@example.com", issuer="ACME"),
        entry(SHA256 + "====", "böb", issuer="Größe & Söhne", algorithm="SHA256", digits=8, period=60),
        entry(SHA1, "carol", type="HOTP", counter=7),
        entry(SHA1, "dave", type="STEAM", digits=5),
        entry(SHA1, "grace", algorithm="MD5"),
        entry("MZXW6!", "heidi"),
        entry(SHA1, "ivan", type="MOTP"),
        entry(SHA1, "Old - judy"),
    ]
    del entries[7]["issuer"]
    write("andotp-plain.json", entries)
    salt, nonce, rounds = random(12), random(12), 1000
    key = hashlib.pbkdf2_hmac("sha1", PASSWORD, salt, rounds, 32)
    write("andotp-encrypted.bin", struct.pack(">I", rounds) + salt + nonce + AESGCM(key).encrypt(nonce, compact(entries), None))
    nonce = random(12)
    write("andotp-old.bin", nonce + AESGCM(hashlib.sha256(PASSWORD).digest()).encrypt(nonce, compact(entries), None))



# --- Bitwarden ---

def bitwarden_seal(master, data):
    expand = lambda info: hmac.digest(master, info + b"\x01", "sha256")  # RFC 5869 section 2.3, one block
    iv, padding = random(16), 16 - len(data) % 16
    aes = Cipher(algorithms.AES(expand(b"enc")), modes.CBC(iv)).encryptor()
    sealed = aes.update(data + bytes([padding]) * padding) + aes.finalize()
    return "2." + "|".join(map(b64, (iv, sealed, hmac.digest(expand(b"mac"), iv + sealed, "sha256"))))


def argon2id(password, salt, passes, kib, lanes):
    key = ctypes.create_string_buffer(32)
    assert argon2.argon2id_hash_raw(ctypes.c_uint32(passes), ctypes.c_uint32(kib), ctypes.c_uint32(lanes), password,
                                    ctypes.c_size_t(len(password)), salt, ctypes.c_size_t(len(salt)), key, ctypes.c_size_t(32)) == 0
    return key.raw


def bitwarden():
    def item(name, username, totp):
        return {"passwordHistory": None, "id": "0", "organizationId": None, "folderId": None, "type": 1, "reprompt": 0, "name": name,
                "notes": "a \"totp\" in a note", "favorite": False, "login": {"fido2Credentials": [], "uris": [], "username": username,
                "password": "fake", "totp": totp}, "collectionIds": None}
    items = [
        item("ACME", "alice@example.com", SHA1),
        item("no code", "nobody", None),
        item("Größe & Söhne", "böb", f"otpauth://totp/b%C3%B6b?algorithm=SHA256&digits=8&issuer=Gr%C3%B6%C3%9Fe%20%26%20S%C3%B6hne&period=60&secret={SHA256}"),
        item("", "carol", f"otpauth://hotp/carol?counter=7&secret={SHA1}"),
        item("Games", "dave", f"steam://{SHA1}"),
        {"type": 2, "name": "a note", "secureNote": {"type": 0}, "login": None},
        item("a code", "heidi", "123456"),
        item("MD5", "grace", f"otpauth://totp/grace?algorithm=MD5&secret={SHA1}"),
        {"type": 1, "name": "bad", "login": {"totp": 5}},
        item("spaces", None, "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"),
    ]
    plain = {"encrypted": False, "folders": [], "items": items}
    write("bitwarden-plain.json", plain)
    restricted = bitwarden_seal(random(32), b"secret")
    write("bitwarden-account.json", {"encrypted": True, "encKeyValidation_DO_NOT_EDIT": restricted, "folders": [], "items": [
        {"type": 1, "name": restricted, "login": {"username": restricted, "totp": restricted}}]})
    salt = b64(random(16))
    for name, kdf, master in [
        ("pbkdf2", {"kdfType": 0, "kdfIterations": 5000}, hashlib.pbkdf2_hmac("sha256", PASSWORD, salt.encode(), 5000, 32)),
        ("argon2id", {"kdfType": 1, "kdfIterations": 2, "kdfMemory": 1, "kdfParallelism": 2},
         argon2id(PASSWORD, hashlib.sha256(salt.encode()).digest(), 2, 1024, 2)),
    ]:
        write(f"bitwarden-{name}.json", {"encrypted": True, "passwordProtected": True, "salt": salt, **kdf,
              "encKeyValidation_DO_NOT_EDIT": bitwarden_seal(master, b"01234567-89ab-cdef-0123-456789abcdef"),
              "data": bitwarden_seal(master, compact(plain))})


# --- 1Password ---

def onepassword():
    def item(title, username, *totps):
        fields = [{"title": "one-time password", "id": f"TOTP_{i}", "value": {"totp": totp}, "indexAtSource": i, "guarded": False,
                   "multiline": False, "dontGenerate": False} for i, totp in enumerate(totps)]
        return {"uuid": "fkruyzrldvizuqlnavfj3gltfe", "favIndex": 0, "state": "active", "categoryUuid": "001",
                "details": {"loginFields": [{"value": "fake", "designation": "password"}, {"value": username, "designation": "username"}],
                            "notesPlain": "", "sections": [
                                {"title": "", "name": "a", "fields": [{"title": "x", "id": "x", "value": {"concealed": "fake"}}, {"title": "y", "value": {"date": 1}}]},
                                {"title": "Codes", "name": "b", "fields": fields}], "passwordHistory": []},
                "overview": {"title": title, "url": "https://example.com", "tags": []}}
    data = {"accounts": [{"attrs": {"name": "test"}, "vaults": [
        {"attrs": {"name": "Private"}, "items": [
            item("ACME", "alice@example.com", SHA1),
            item("no code", "nobody"),
            item("Größe & Söhne", "böb", f"otpauth://totp/Gr%C3%B6%C3%9Fe%20%26%20S%C3%B6hne:b%C3%B6b?algorithm=SHA256&digits=8&period=60&secret={SHA256}",
                 f"otpauth://hotp/carol?counter=7&secret={SHA1}"),
        ]},
        {"attrs": {"name": "Shared"}, "items": [
            item("Steam", "dave", f"otpauth://totp/Steam:dave?secret={SHA1}&issuer=Steam"),
            item("Damaged", "heidi", "MZXW6!", 5),
            {"overview": {"title": "odd"}, "details": {"sections": {}}},
            "not an item",
        ]}]}]}
    name = os.path.join(os.path.dirname(os.path.abspath(__file__)), "1password.1pux")
    with zipfile.ZipFile(name, "w") as z:
        for file, content in [("export.attributes", b'{"version":3}'), ("export.data", compact(data)), ("files/photo__export.data", b"not this one")]:
            z.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


aegis()
twofas()
ente()
andotp()
bitwarden()
onepassword()
