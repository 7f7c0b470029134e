#!/usr/bin/python3
"""Makes the PSKC fixtures of this directory with Debian's python3-pskc, which is what ykman writes them with.

pskc-rfc6030-figure*.xml are the figures of RFC 6030, and not made here. Salts and keys are random: a second run writes
other files with the same content. The secrets are those of RFC 6238.

    cd internal/transfer/testdata && ./make-pskc.py
"""
import os
from pskc import PSKC

TOTP, HOTP = "urn:ietf:params:xml:ns:keyprov:pskc:totp", "urn:ietf:params:xml:ns:keyprov:pskc:hotp"
DECIMAL = dict(response_encoding="DECIMAL")


def good(pskc):
    # The first three are written as ykman does (its command "oath accounts add --output").
    pskc.add_key(id="1", serial="4567", manufacturer="Yubico", secret=b"12345678901234567890", algorithm=TOTP, issuer="ACME",
                 key_userid="CN=alice@example.com", friendly_name="ACME:alice@example.com", response_length="6", algorithm_suite="SHA1",
                 time_interval="30", **DECIMAL)
    pskc.add_key(id="2", secret=b"12345678901234567890123456789012", algorithm=TOTP, issuer="Größe & Söhne",
                 key_userid="O=a\\, b,CN=böb", friendly_name="x", response_length="8", algorithm_suite="SHA256", time_interval="60", **DECIMAL)
    pskc.add_key(id="3", secret=b"12345678901234567890", algorithm=HOTP, key_userid="carol", response_length="6", counter="7", **DECIMAL)
    pskc.add_key(id="4567", friendly_name="Yubico:4567", algorithm_suite="HMAC-SHA-512", algorithm=TOTP,
                 secret=b"1234567890123456789012345678901234567890123456789012345678901234")
    return pskc


def bad(pskc):
    pskc.add_key(id="5", secret=b"12345678901234567890", algorithm="urn:ietf:params:xml:ns:keyprov:pskc:pin")
    pskc.add_key(id="6", secret=b"12345678901234567890", algorithm=TOTP, response_encoding="ALPHANUMERIC", response_length="6")
    pskc.add_key(id="7", algorithm=TOTP)
    return pskc


os.chdir(os.path.dirname(os.path.abspath(__file__)))
bad(good(PSKC())).write("pskc-plain.xml")
locked = PSKC()
locked.encryption.setup_pbkdf2("test", iterations=1000, key_length=16, algorithm="AES128-CBC")
good(locked).write("pskc-password.xml")
locked = PSKC()
locked.encryption.setup_preshared_key(key=bytes.fromhex("00112233445566778899aabbccddeeff" * 2), algorithm="AES256-CBC")
locked.mac.setup(algorithm="hmac-sha256")
good(locked).write("pskc-key.xml")
