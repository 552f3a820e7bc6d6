"""Checks a Lodeline receipt without Lodeline, without a network and without trusting whoever handed it over.

This one file needs Python 3.10 or later and nothing else. Read it, copy it, keep it with your receipts:

    python verify.py receipt.json --vkey 'example.org/log+1a2b3c4d+AbCd...' --checkpoint kept.txt

It promises that no receipt passes in which anything was altered that the receipt claims: the entry's text, its place in
the log, the time of filing, the flags, the rows shown, and the signature of who certified it. It cannot know whose key
is the right one: give the key you got from the authority with --vkey. Without it the key inside the receipt is used and
the answer says so, since a forger would put in a key of his own. Of a certifier's key it is proved that it signed; for
whom it stood is proved by the receipt of its registration (--registration), and that nobody ended it since is not.
Whether the log was later rewritten shows only against a checkpoint kept elsewhere.

Exit code: 0 everything holds, 1 something does not, 2 wrong usage.

Sources: RFC 8032 (Ed25519), RFC 9162 section 2.1 (proofs), RFC 8785 (canonical JSON), https://c2sp.org/signed-note and
https://c2sp.org/tlog-checkpoint (checkpoint); FIPS 186-5 section 6.4.2 (ECDSA), RFC 8017 sections 8.1.2 and 8.2.2
(RSA), W3C Web Authentication Level 2 section 7.2 (passkeys), RFC 5280 section 4.1 (certificates), ITU-T X.690 (DER).
The format of the receipt is in docs/reference/journal.md.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEXTS: dict[str, tuple[str, str]] = {
    "receipt.none": (
        "This is not a receipt. A receipt is JSON text, from { to }, with lodeline-receipt-v1, envelope and checkpoint",
        "这不是回执。回执为 JSON 文本，以 { 开头、} 结尾，含 lodeline-receipt-v1、envelope 和 checkpoint",
    ),
    "receipt.malformed": ("This is not a receipt of a known format", "不是已知格式的回执"),
    "receipt.unknown-key": ("The receipt holds something that nothing proves", "回执含有无法证明的内容"),
    "receipt.differs": ("The receipt states something else than its envelope", "回执与其封装内容不一致"),
    "entry.changed": ("The entry's text was changed: it does not give its hash", "条目内容被改动：与其哈希不符"),
    "entry.malformed": ("The entry's text is not an envelope of a known format", "条目内容不是已知格式的封装"),
    "entry.not-in-log": ("The entry is not at this place in the signed log", "条目不在已签名日志的该位置"),
    "flags.changed": ("The flags are not those that were filed", "提示与申报时不一致"),
    "upload.changed": ("The file is none that was filed", "文件不是当时申报的文件"),
    "row.changed": ("A row is not part of the entry as filed", "所示行不属于当时申报的条目"),
    "certification.invalid": ("The certification does not fit the entry", "签认与条目不符"),
    "certification.unknown-kind": (
        "The certification is of a kind that this verifier cannot check: get a newer one",
        "本核验程序无法核验此类签认：请使用较新的版本",
    ),
    "registration.differs": (
        "The registration is not that of the key which certified this",
        "登记条目不是签认所用密钥的登记",
    ),
    "key.malformed": ("The key is malformed", "密钥格式错误"),
    "key.differs": ("The receipt names another key than the one given", "回执中的密钥与所给密钥不同"),
    "checkpoint.malformed": ("A checkpoint is malformed", "检查点格式错误"),
    "checkpoint.signature": ("The checkpoint is not signed by this key", "检查点不是由该密钥签名"),
    "checkpoint.needs-consistency": (
        "The checkpoints have different sizes: comparing them needs a consistency proof (--consistency)",
        "检查点大小不同：比较需要一致性证明 (--consistency)",
    ),
    "checkpoint.not-continued": (
        "The consistency proof does not show that one checkpoint continues the other",
        "一致性证明未能证明检查点之间的延续关系",
    ),
    "log.fork": ("The log was rewritten: one size has two roots", "日志被改写：同一大小有两个根"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that does not hold: the entry concerned (or None), a stable code, and what else is known."""

    entry: int | None
    what: str
    facts: Mapping[str, int | str] = field(default_factory=dict)


def text_of(fault: Fault, language: str, texts: Mapping[str, tuple[str, str]] = TEXTS) -> str:
    """The fault in words; `language` is `en` or `zh`."""
    words = texts[fault.what][0 if language == "en" else 1]
    facts = ", ".join(f"{name} {value}" for name, value in fault.facts.items())
    return f"{words} ({facts})" if facts else words


class _RefusedError(Exception):
    """Stops one check; its code becomes a fault."""

    def __init__(self, what: str, **facts: int | str) -> None:
        super().__init__(what)
        self.what = what
        self.facts = facts

    def fault(self, entry: int | None = None) -> Fault:
        return Fault(entry=entry, what=self.what, facts=self.facts)


REASONS: dict[str, tuple[str, str]] = {
    "malformed": ("it is not of a known form", "格式不正确"),
    "key": (
        "the key is none that is accepted: P-256 or Ed25519, with a certificate also RSA of 2048 to 8192 bits",
        "密钥类型不受支持：仅限 P-256 或 Ed25519，证书另可用 2048 至 8192 位 RSA",
    ),
    "certificate": ("the certificate cannot be read or holds another key", "证书无法读取，或其中的密钥不同"),
    "expired": ("the certificate was not valid at the time of filing", "申报时证书不在有效期内"),
    "client-data": ("what the passkey signed is not an answer to this question", "通行密钥所签内容不是对该请求的应答"),
    "challenge": ("it was made for other content", "签认所针对的是其他内容"),
    "user-verification": ("the passkey did not verify its user", "通行密钥未验证使用者本人"),
    "signature": ("the signature is not of this key over this content", "签名并非由该密钥对该内容作出"),
    "registration": (
        "no entry registers this key for this certifier and organisation at that time",
        "没有条目登记该密钥当时属于该签认人和企业",
    ),
}
"""Why a certification is invalid (the fact `reason`): in English, in Chinese."""


# ---- Ed25519 (RFC 8032 section 5.1; points are extended homogeneous coordinates X:Y:Z:T) ------------------------

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def _add(a: _Point, b: _Point) -> _Point:
    minus, plus = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    t, z = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = plus - minus, z - t, z + t, plus + minus
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _decode_point(encoded: bytes) -> _Point | None:
    sign, y = encoded[31] >> 7, int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _P:
        return None
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(x_squared, (_P + 3) // 8, _P)
    if x * x % _P != x_squared:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if x * x % _P != x_squared or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else _P - x
    return x, y, 1, x * y % _P


def _encode_point(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _ed25519_point(public_key: bytes) -> _Point | None:
    """The point of a public key; None for a second spelling, and for a point of small order.

    Under a point of small order one signature fits all texts, or one in eight, and needs no private key: RFC 8032 lets
    it pass, and who signs could deny it (Chalkias and others, "Taming the many EdDSAs", https://ia.cr/2020/1244).
    """
    point = _decode_point(public_key) if len(public_key) == 32 else None
    if point is None or _encode_point(_multiply(8, point)) == _encode_point((0, 1, 1, 0)):
        return None
    return point


def ed25519_key_binds(public_key: bytes) -> bool:
    """Whether 32 bytes are an Ed25519 public key that binds one holder: in its one spelling, and of no small order."""
    return _ed25519_point(public_key) is not None


def ed25519_verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is the Ed25519 signature of `message` under `public_key` (32 bytes).

    Only one signature text passes for one signature: an S that is not reduced is refused (RFC 8032 section 5.1.7). A
    key that binds nobody has signed nothing.
    """
    key, s = _ed25519_point(public_key), int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    minus_key = (_P - key[0], key[1], key[2], _P - key[3])
    point = _add(_multiply(s, _BASE), _multiply(int.from_bytes(digest, "little") % _ORDER, minus_key))
    return _encode_point(point) == signature[:32]


# ---- ECDSA on P-256 with SHA-256 (FIPS 186-5 section 6.4.2; points are x, y; None is the point at infinity) -----

_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_AffinePoint = tuple[int, int]
_P256_BASE: _AffinePoint = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _p256_add(a: _AffinePoint | None, b: _AffinePoint | None) -> _AffinePoint | None:
    if a is None or b is None:
        return a or b
    if a[0] != b[0]:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P256) % _P256
    elif a[1] == b[1] != 0:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, _P256) % _P256
    else:
        return None
    x = (slope * slope - a[0] - b[0]) % _P256
    return x, (slope * (a[0] - x) - a[1]) % _P256


def _p256_multiply(scalar: int, point: _AffinePoint | None) -> _AffinePoint | None:
    total = None
    while scalar:
        if scalar & 1:
            total = _p256_add(total, point)
        point = _p256_add(point, point)
        scalar >>= 1
    return total


def p256_verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (DER) is the ECDSA signature with SHA-256 of `message` under `public_key` (64 bytes)."""
    x, y = int.from_bytes(public_key[:32], "big"), int.from_bytes(public_key[32:], "big")
    on_curve = (y * y - x * x * x + 3 * x - _P256_B) % _P256 == 0
    if len(public_key) != 64 or x >= _P256 or y >= _P256 or not on_curve:
        return False
    try:
        both, rest = _der(signature, _SEQUENCE)
        r, more = _der_integer(both)
        s, end = _der_integer(more)
    except ValueError:
        return False
    if rest or end or not 0 < r < _P256_ORDER or not 0 < s < _P256_ORDER:
        return False
    digest, inverse = int.from_bytes(hashlib.sha256(message).digest(), "big"), pow(s, -1, _P256_ORDER)
    point = _p256_add(
        _p256_multiply(digest * inverse % _P256_ORDER, _P256_BASE), _p256_multiply(r * inverse % _P256_ORDER, (x, y))
    )
    return point is not None and point[0] % _P256_ORDER == r


# ---- RSA with SHA-256 (RFC 8017 sections 8.1.2 and 8.2.2) -------------------------------------------------------

_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def rsa_verifies(modulus: int, exponent: int, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is an RSA signature of `message`, PKCS #1 v1.5 or PSS (any salt length), with SHA-256."""
    size, value = (modulus.bit_length() + 7) // 8, int.from_bytes(signature, "big")
    if len(signature) != size or value >= modulus:
        return False
    encoded = pow(value, exponent, modulus)
    digest = hashlib.sha256(message).digest()
    padding = b"\xff" * (size - len(_SHA256_INFO) - len(digest) - 3)
    if encoded == int.from_bytes(b"\x00\x01" + padding + b"\x00" + _SHA256_INFO + digest, "big"):
        return True
    return _pss_holds(encoded, modulus.bit_length() - 1, digest)


def _pss_holds(encoded: int, bits: int, digest: bytes) -> bool:
    """EMSA-PSS-VERIFY (RFC 8017 section 9.1.2) with MGF1-SHA-256; `bits` is emBits."""
    size = (bits + 7) // 8
    if encoded >> bits:
        return False
    text = encoded.to_bytes(size, "big")
    masked, shown = text[: size - 33], text[size - 33 : -1]
    counters = range((len(masked) + 31) // 32)
    mask = b"".join(hashlib.sha256(shown + counter.to_bytes(4, "big")).digest() for counter in counters)
    opened = bytearray(a ^ b for a, b in zip(masked, mask, strict=False))
    opened[0] &= 0xFF >> (8 * size - bits)
    zeros, one, salt = bytes(opened).partition(b"\x01")
    return (
        text[-1] == 0xBC
        and not any(zeros)
        and one != b""
        and hashlib.sha256(bytes(8) + digest + salt).digest() == shown
    )


# ---- DER (ITU-T X.690), as far as keys and certificates need it -------------------------------------------------

_INTEGER, _BIT_STRING, _UTC_TIME, _GENERALIZED_TIME, _SEQUENCE, _VERSION = 0x02, 0x03, 0x17, 0x18, 0x30, 0xA0
_P256_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_ED25519_KEY = bytes.fromhex("302a300506032b6570032100")
_RSA_ALGORITHM = bytes.fromhex("06092a864886f70d0101010500")


def _der(encoded: bytes, tag: int) -> tuple[bytes, bytes]:
    """Content of the value that `encoded` begins with, which must have this tag, and what follows; else ValueError."""
    if len(encoded) < 2 or encoded[0] != tag:
        raise ValueError("another value was expected")
    size, start = encoded[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(encoded[2:start], "big")
        # A length has one spelling: the short form below 128, and no leading zero.
        if not 2 < start <= 6 or start > len(encoded) or size < 128 or encoded[2] == 0:
            raise ValueError("a length is not in its shortest form")
    if start + size > len(encoded):
        raise ValueError("cut off")
    return encoded[start : start + size], encoded[start + size :]


def _der_integer(encoded: bytes) -> tuple[int, bytes]:
    content, rest = _der(encoded, _INTEGER)
    if not content or content[0] & 0x80 or (len(content) > 1 and content[0] == 0 and not content[1] & 0x80):
        raise ValueError("not a natural number in its shortest form")
    return int.from_bytes(content, "big"), rest


def _rsa_key(encoded: bytes) -> tuple[int, int]:
    """Modulus and exponent in a SubjectPublicKeyInfo; ValueError if it holds no RSA key of an accepted size."""
    body, rest = _der(encoded, _SEQUENCE)
    algorithm, bits = _der(body, _SEQUENCE)
    key, end = _der(bits, _BIT_STRING)
    if rest or end or algorithm != _RSA_ALGORITHM or key[:1] != b"\0":
        raise ValueError("not an RSA key")
    numbers, rest = _der(key[1:], _SEQUENCE)
    modulus, more = _der_integer(numbers)
    exponent, end = _der_integer(more)
    if rest or end or not 2048 <= modulus.bit_length() <= 8192 or not modulus & 1:
        raise ValueError("not a modulus of an accepted size")
    if not 3 <= exponent < 2**32 or not exponent & 1:
        raise ValueError("not an accepted exponent")
    return modulus, exponent


def _moment(encoded: bytes) -> tuple[str, bytes]:
    """A time in UTC as 14 digits, and what follows."""
    tag = _UTC_TIME if encoded[:1] == bytes([_UTC_TIME]) else _GENERALIZED_TIME
    content, rest = _der(encoded, tag)
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    if not re.fullmatch("[0-9]{14}Z", text):
        raise ValueError("not a time of a certificate")
    return text[:14], rest


def read_certificate(encoded: bytes) -> tuple[bytes, str, str]:
    """SubjectPublicKeyInfo (DER) of an X.509 certificate, and from when to when it is valid, as 14 digits in UTC.

    Raises ValueError if it is no certificate.
    """
    signed, end = _der(encoded, _SEQUENCE)
    body, _ = _der(signed, _SEQUENCE)
    if end:
        raise ValueError("something follows the certificate")
    if body[:1] == bytes([_VERSION]):
        _, body = _der(body, _VERSION)
    serial, body = _der_integer(body)
    if not serial:
        raise ValueError("not a serial number")
    _, body = _der(body, _SEQUENCE)  # algorithm
    _, body = _der(body, _SEQUENCE)  # issuer
    validity, body = _der(body, _SEQUENCE)
    since, validity = _moment(validity)
    until, _ = _moment(validity)
    _, body = _der(body, _SEQUENCE)  # subject
    _, after = _der(body, _SEQUENCE)
    return body[: len(body) - len(after)], since, until


# ---- Merkle proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2) ------------------------------------------------------


_EMPTY_ROOT = hashlib.sha256().digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion_holds(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` (a leaf hash) is number `index` of the `size` leaves under `root`."""
    if not 0 <= index < size or any(len(hash_) != 32 for hash_ in (leaf, *proof)):
        return False
    node, last = index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            leaf = _node(sibling, leaf)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            leaf = _node(leaf, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and leaf == root


def consistency_holds(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `new_size` leaves begins with the tree of `old_size` leaves.

    Two trees of one size need equal roots and no proof; the empty tree has one root. No proof leads from the empty tree
    to a larger one (RFC 9162 section 2.1.4.1: 0 < m), and the attempt is refused.
    """
    if old_size == new_size:
        return not proof and old_root == new_root and (old_size > 0 or (old_size, old_root) == (0, _EMPTY_ROOT))
    path = [*proof] if old_size & (old_size - 1) else [old_root, *proof]
    if not 0 < old_size < new_size or not path or any(len(hash_) != 32 for hash_ in path):
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = _node(sibling, old), _node(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = _node(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


# ---- Text: base64, hex, JSON, each value in one spelling only ---------------------------------------------------


def _base64(text: str, what: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        raise _RefusedError(what) from None
    if base64.b64encode(decoded).decode() != text:
        raise _RefusedError(what)
    return decoded


def _hex(value: object, size: int | None, what: str = "receipt.malformed") -> bytes:
    if not isinstance(value, str) or not re.fullmatch("(?:[0-9a-f]{2})*", value):
        raise _RefusedError(what)
    decoded = bytes.fromhex(value)
    if size is not None and len(decoded) != size:
        raise _RefusedError(what)
    return decoded


def _hashes(value: object) -> list[bytes]:
    if not isinstance(value, list):
        raise _RefusedError("receipt.malformed")
    return [_hex(hash_, 32) for hash_ in value]


def _is_receipt(text: str) -> bool:
    """Whether a text is a receipt at all, whole or altered: it names the format, or half of the parts of one."""
    named = sum(f'"{name}"' in text for name in _RECEIPT_KEYS)
    return "lodeline-receipt" in text or 2 * named >= len(_RECEIPT_KEYS)


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_float(text: str) -> object:
    raise ValueError(f"{text} is not an integer")


def _read_json(text: str, what: str = "receipt.malformed") -> Any:
    """JSON with integers only and no key twice in one object; anything else is refused."""
    try:
        value = json.loads(text, object_pairs_hook=_without_doubles, parse_float=_no_float, parse_constant=_no_float)
        # Refuses what has no canonical form (half a surrogate pair, depth without end), so that no later step can fail.
        canonical(value).encode()
    except (ValueError, RecursionError):
        raise _RefusedError(what) from None
    return value


def _written(receipt: Mapping[str, object]) -> str:
    try:
        return json.dumps(dict(receipt))
    except (ValueError, TypeError, RecursionError):
        raise _RefusedError("receipt.malformed") from None


def canonical(value: object, *, depth: int = 0) -> str:
    """RFC 8785 text of a JSON value without floating-point numbers; ValueError if it is nested over 100 deep."""
    if depth > 100:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        parts = [f"{canonical(key)}:{canonical(part, depth=depth + 1)}" for key, part in ordered]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join([canonical(part, depth=depth + 1) for part in value]) + "]"
    return json.dumps(value, ensure_ascii=False)


# ---- Keys, notes and checkpoints --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Size and root (32 bytes) of the log called `origin`."""

    origin: str
    size: int
    root: bytes


def _read_vkey(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, key id (4 bytes) and public key (32 bytes) in a vkey text."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    key = _base64(encoded, "key.malformed")
    try:
        expected_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    except UnicodeEncodeError:
        raise _RefusedError("key.malformed") from None
    if not name or any(char.isspace() for char in name) or len(key) != 33 or key[0] != 1:
        raise _RefusedError("key.malformed")
    if key_id != expected_id.hex() or not ed25519_key_binds(key[1:]):
        raise _RefusedError("key.malformed")
    return name, expected_id, key[1:]


def _open_checkpoint(note: str, vkey: str) -> Checkpoint:
    """The checkpoint in a signed note; refused unless this key signed it for its own log."""
    name, key_id, public_key = _read_vkey(vkey)
    head, divider, signatures = note.rpartition("\n\n")
    try:
        text = (head + "\n").encode()
    except UnicodeEncodeError:
        raise _RefusedError("checkpoint.malformed") from None
    if (
        not divider
        or not note.endswith("\n")
        or len(note) > 1_000_000
        or any(ord(char) < 32 and char != "\n" for char in note)
    ):
        raise _RefusedError("checkpoint.malformed")
    verified = False
    for line in signatures.removesuffix("\n").split("\n"):
        form = re.fullmatch("— ([^\\s+]+) ([A-Za-z0-9+/=]+)", line)
        if not form:
            raise _RefusedError("checkpoint.malformed")
        signature = _base64(form[2], "checkpoint.malformed")
        # Lines of other keys are left aside, as the format demands: they may be witnesses.
        if form[1] == name and signature[:4] == key_id:
            if not ed25519_verifies(public_key, text, signature[4:]):
                raise _RefusedError("checkpoint.signature")
            verified = True
    lines = head.split("\n")
    if not verified or lines[0] != name:
        raise _RefusedError("checkpoint.signature")
    if len(lines) < 3 or not all(lines) or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise _RefusedError("checkpoint.malformed")
    root = _base64(lines[2], "checkpoint.malformed")
    if len(root) != 32:
        raise _RefusedError("checkpoint.malformed")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def verify_consistency(old_checkpoint: str, new_checkpoint: str, proof: Sequence[str], *, vkey: str) -> list[Fault]:
    """Faults in the claim that the newer signed checkpoint continues the older one; empty if it does.

    `proof` holds 64-digit hex hashes. Two checkpoints of one size need no proof: their roots must be equal.
    """
    try:
        old, new = _open_checkpoint(old_checkpoint, vkey), _open_checkpoint(new_checkpoint, vkey)
        hashes = _hashes(list(proof))
    except _RefusedError as refusal:
        return [refusal.fault()]
    if old.size > new.size:
        return verify_consistency(new_checkpoint, old_checkpoint, proof, vkey=vkey)
    sizes = {"old": old.size, "new": new.size}
    # Every log begins with the empty one; the formats define no proof of that and none is needed.
    if old.size in (0, new.size):
        roots = {one.root for one in (old, new) if one.size == old.size} | ({_EMPTY_ROOT} if old.size == 0 else set())
        return [] if len(roots) == 1 else [Fault(entry=None, what="log.fork", facts=sizes)]
    if not hashes:
        return [Fault(entry=None, what="checkpoint.needs-consistency", facts=sizes)]
    if not consistency_holds(old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=hashes):
        return [Fault(entry=None, what="checkpoint.not-continued", facts=sizes)]
    return []


# ---- Certifications ---------------------------------------------------------------------------------------------

_CERTIFICATION_FIELDS = {
    "passkey": {"kind", "certifier", "public_key", "signature", "authenticator_data", "client_data"},
    "key": {"kind", "certifier", "public_key", "signature"},
    "certificate": {"kind", "certifier", "public_key", "signature", "certificate"},
    "password": {"kind", "certifier"},
}
_CERTIFIER = re.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


def _certification_of(envelope: dict[str, Any]) -> dict[str, str] | None:
    """What the envelope says of who certified it; refused if it is not of a known form."""
    if "certification" not in envelope["facts"]:
        return None
    stated = envelope["facts"]["certification"]
    if not isinstance(stated, dict) or not all(isinstance(part, str) for part in stated.values()):
        raise _RefusedError("certification.invalid", reason="malformed")
    certification: dict[str, str] = stated
    kind = certification.get("kind", "")
    if kind and kind not in _CERTIFICATION_FIELDS:
        raise _RefusedError("certification.unknown-kind")
    if (
        not kind
        or certification.keys() != _CERTIFICATION_FIELDS[kind]
        or not _CERTIFIER.fullmatch(certification["certifier"])
    ):
        raise _RefusedError("certification.invalid", reason="malformed")
    return certification


def _base64url(text: str) -> bytes:
    """Bytes of base64url without padding; ValueError unless it is in its shortest form."""
    decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(decoded).decode().rstrip("=") != text:
        raise ValueError("not in its shortest form")
    return decoded


def _key_verifies(key: bytes, message: bytes, signature: bytes, *, rsa: bool) -> bool:
    """Whether the key (SubjectPublicKeyInfo, DER) signed; refused if it is of no accepted kind."""
    if key.startswith(_P256_KEY):
        return p256_verifies(key[len(_P256_KEY) :], message, signature)
    if key.startswith(_ED25519_KEY):
        if not ed25519_key_binds(key[len(_ED25519_KEY) :]):
            raise _RefusedError("certification.invalid", reason="key")
        return ed25519_verifies(key[len(_ED25519_KEY) :], message, signature)
    try:
        modulus, exponent = _rsa_key(key if rsa else b"")
    except ValueError:
        raise _RefusedError("certification.invalid", reason="key") from None
    return rsa_verifies(modulus, exponent, message, signature)


def _asserted(certification: dict[str, str], signed: bytes) -> bytes:
    """The bytes that a passkey signed; refused unless they answer the challenge of `signed` for a verified user."""
    malformed = _RefusedError("certification.invalid", reason="client-data")
    try:
        client_data = _base64url(certification["client_data"])
        authenticator_data = _base64url(certification["authenticator_data"])
        stated = json.loads(client_data.decode(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise malformed from None
    if not isinstance(stated, dict) or stated.get("type") != "webauthn.get" or len(authenticator_data) < 37:
        raise malformed
    challenge = base64.urlsafe_b64encode(hashlib.sha256(signed).digest()).decode().rstrip("=")
    if stated.get("challenge") != challenge:
        raise _RefusedError("certification.invalid", reason="challenge")
    # Flags, byte 32: bit 0 the user was present, bit 2 the user was verified (fingerprint, PIN).
    if authenticator_data[32] & 0b101 != 0b101:
        raise _RefusedError("certification.invalid", reason="user-verification")
    return authenticator_data + hashlib.sha256(client_data).digest()


def _check_holder(certification: dict[str, str], key: bytes, filed_at: str) -> None:
    """Refused unless the certificate holds this key and was valid at the moment of filing. Its issuer is not judged."""
    try:
        stated, since, until = read_certificate(_base64(certification["certificate"], "certification.invalid"))
    except (_RefusedError, ValueError):
        raise _RefusedError("certification.invalid", reason="certificate") from None
    if stated != key:
        raise _RefusedError("certification.invalid", reason="certificate")
    if not since <= re.sub("[^0-9]", "", filed_at)[:14] <= until:
        raise _RefusedError("certification.invalid", reason="expired")


def _check_certification(envelope: dict[str, Any]) -> None:
    certification = _certification_of(envelope)
    if certification is None:
        return
    stated = {key: envelope[key] for key in ("organisation", "period", "corrects", "rows", "rows_root")}
    digest = envelope["facts"].get("digest")
    if not isinstance(digest, str):
        raise _RefusedError("certification.invalid", reason="malformed")
    if certification["kind"] == "password":
        return
    signed = canonical({"format": "lodeline-certify-v1", "digest": digest, **stated}).encode()
    by_passkey = certification["kind"] == "passkey"
    try:
        key = _base64(certification["public_key"], "certification.invalid")
        signature = _base64url(certification["signature"])
    except (_RefusedError, ValueError):
        raise _RefusedError("certification.invalid", reason="malformed") from None
    if certification["kind"] == "certificate":
        _check_holder(certification, key, envelope["filed_at"])
    message = _asserted(certification, signed) if by_passkey else signed
    if not _key_verifies(key, message, signature, rsa=not by_passkey):
        raise _RefusedError("certification.invalid", reason="signature")


def certified_by(envelope: str) -> tuple[str, str] | None:
    """Who certified an entry and with what, in English and Chinese; None where nobody did.

    `envelope` is that of a receipt in which `verify_receipt` found no fault: nothing is checked again here.
    """
    certification = _certification_of(json.loads(envelope))
    if certification is None:
        return None
    certifier = certification["certifier"]
    if certification["kind"] == "password":
        return (
            f"CONFIRMED by {certifier} with the portal's password: there is no signature, and it binds nobody",
            f"由 {certifier} 凭门户密码确认：没有签名，对任何人均无约束力",
        )
    held = "certificate" if certification["kind"] == "certificate" else "public_key"
    fingerprint = hashlib.sha256(base64.b64decode(certification[held])).hexdigest()
    if held == "public_key":
        means = {"passkey": ("a passkey", "通行密钥"), "key": ("a registered key", "已登记的密钥")}
        english, chinese = means[certification["kind"]]
        return (
            f"CERTIFIED by {certifier} with {english}; SHA-256 of its public key: {fingerprint}",
            f"由 {certifier} 以{chinese}签认；公钥的 SHA-256：{fingerprint}",
        )
    return (
        f"CERTIFIED by {certifier} with a certificate (who issued it is not checked); its SHA-256: {fingerprint}",
        f"由 {certifier} 以数字证书签认（未核验颁发机构）；证书的 SHA-256：{fingerprint}",
    )


# ---- Registrations: for whom a certifying key stands ------------------------------------------------------------

_REGISTRATION_KEYS = {
    "certifier": str,
    "public_key": str,
    "means": str,
    "granted_by": str,
    "valid_from": (str, type(None)),
    "valid_until": (str, type(None)),
}


def _check_registration(receipt: dict[str, Any], registration: dict[str, Any]) -> None:
    """Refused unless the registration was there first, for this certifier, organisation and key, on that day."""
    filed, made = _read_envelope(receipt["envelope"]), _read_envelope(registration["envelope"])
    certification = _certification_of(filed) or {}
    facts = _check_keys(made["facts"], _REGISTRATION_KEYS, "registration.differs")
    moment = re.sub("[^0-9]", "", filed["filed_at"])[:14]
    since, until = (re.sub("[^0-9]", "", facts[name] or "")[:14] for name in ("valid_from", "valid_until"))
    conditions = {
        "kind": made["kind"] == "certifier-key",
        "certifier": facts["certifier"] == certification.get("certifier"),
        "public_key": facts["public_key"] == certification.get("public_key"),
        "organisation": made["organisation"] == filed["organisation"],
        "entry": made["index"] < filed["index"] and registration["vkey"] == receipt["vkey"],
        "valid_from": since <= moment,
        "valid_until": not until or moment <= until,
    }
    for name, holds in conditions.items():
        if not holds:
            raise _RefusedError("registration.differs", key=name)


def verify_registration(receipt: str, registration: str, vkey: str | None = None) -> list[Fault]:
    """Everything that does not hold of the claim that `registration` says for whom the key of `receipt` stood.

    Both are receipts (JSON text); what holds of each by itself is checked as well. Whether the registration was ended
    before the filing no receipt can show: the log's audit does.
    """
    faults = verify_receipt(receipt, vkey) + verify_receipt(registration, vkey)
    if faults:
        return faults
    made = _read_json(registration)
    try:
        _check_registration(_read_json(receipt), made)
    except _RefusedError as refusal:
        return [refusal.fault(made["entry"])]
    return []


def registered_as(envelope: str) -> tuple[str, str]:
    """For whom a key stands, in English and Chinese, from the envelope of a registration that holds."""
    made = json.loads(envelope)
    facts, entry, firm, at = made["facts"], made["index"], made["organisation"], made["filed_at"]
    certifier, giver = facts["certifier"], facts["granted_by"]
    return (
        f"REGISTERED in entry {entry} at {at}: the key stands for {firm}, held by {certifier}"
        + (f", who was made certifier by {giver}" if giver else ""),
        f"登记于第 {entry} 号条目（{at}）：该密钥代表 {firm}，持有人 {certifier}"
        + (f"，由 {giver} 授予签认人角色" if giver else ""),
    )


# ---- Receipts ---------------------------------------------------------------------------------------------------

_RECEIPT_KEYS = {
    "format": str,
    "entry": int,
    "envelope": str,
    "leaf_hash": str,
    "inclusion": list,
    "checkpoint": str,
    "vkey": str,
    "filed_at": str,
    "flags": list,
    "flags_salt": (str, type(None)),
    "upload_sha256": (str, type(None)),
    "upload_salt": (str, type(None)),
    "rows": list,
}
#: What a receipt of an entry of several files has beside these.
_UPLOADS = "uploads"
_CONSISTENCY_KEYS = {"format": str, "old_size": int, "new_size": int, "proof": list}
_ENVELOPE_KEYS = {
    "format": str,
    "index": int,
    "organisation": (str, type(None)),
    "period": (str, type(None)),
    "corrects": (int, type(None)),
    "filed_at": str,
    "rows": int,
    "rows_root": str,
    "upload_hash": (str, type(None)),
    "flags_hash": (str, type(None)),
    "facts": dict,
}


def _check_keys(document: object, keys: Mapping[str, Any], what: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise _RefusedError(what)
    for name, kind in keys.items():
        # In Python True is a 1; in a receipt it is not.
        if not isinstance(document.get(name, ...), kind) or isinstance(document[name], bool):
            raise _RefusedError(what, key=name)
    return document


def _read_envelope(text: str) -> dict[str, Any]:
    envelope = _check_keys(_read_json(text, "entry.malformed"), _ENVELOPE_KEYS, "entry.malformed")
    if envelope["format"] != "lodeline-entry-v1" or canonical(envelope) != text:
        raise _RefusedError("entry.malformed")
    _hex(envelope["rows_root"], 32, "entry.malformed")
    return envelope


def _opens(commitment: str | None, salt: str | None, content_sha256: bytes | None) -> bool:
    """Whether salt and content open the envelope's commitment; content left closed, without a salt, is no fault."""
    if content_sha256 is None:
        return salt is None
    label = b"lodeline commitment v1" + _hex(salt, 16)
    return hashlib.sha256(label + content_sha256).hexdigest() == commitment


def _check_statements(receipt: dict[str, Any], envelope: dict[str, Any]) -> None:
    for stated, logged in (("entry", "index"), ("filed_at", "filed_at")):
        if receipt[stated] != envelope[logged]:
            raise _RefusedError("receipt.differs", key=stated)


def _check_entry(receipt: dict[str, Any]) -> None:
    leaf = hashlib.sha256(b"\x00" + receipt["envelope"].encode()).digest()
    if leaf != _hex(receipt["leaf_hash"], 32):
        raise _RefusedError("entry.changed")


def _check_flags(receipt: dict[str, Any], envelope: dict[str, Any]) -> None:
    shown = hashlib.sha256(canonical(receipt["flags"]).encode()).digest() if receipt["flags"] else None
    if not _opens(envelope["flags_hash"], receipt["flags_salt"], shown):
        raise _RefusedError("flags.changed")


def _check_upload(receipt: dict[str, Any], envelope: dict[str, Any], upload: bytes | None) -> None:
    stated = None if receipt["upload_sha256"] is None else _hex(receipt["upload_sha256"], 32)
    if not _opens(envelope["upload_hash"], receipt["upload_salt"], stated):
        raise _RefusedError("upload.changed")
    files = _files(receipt, envelope, stated)
    if upload is not None and hashlib.sha256(upload).digest() not in [digest for _, digest in files]:
        raise _RefusedError("upload.changed")


def _files(receipt: dict[str, Any], envelope: dict[str, Any], stated: bytes | None) -> list[tuple[str, bytes]]:
    """Name and SHA-256 of the files that the receipt shows; the name of a single one is not in the log."""
    count = envelope["facts"].get(_UPLOADS)
    if _UPLOADS not in receipt:
        # Of several files the commitment is to their list: whoever shows that alone shows no file.
        return [] if stated is None or count is not None else [("", stated)]
    files = receipt[_UPLOADS]
    if not isinstance(files, list):
        raise _RefusedError("receipt.malformed", key=_UPLOADS)
    for file in files:
        if len(_check_keys(file, {"name": str, "sha256": str}, "receipt.malformed")) != 2:
            raise _RefusedError("receipt.unknown-key", key=_UPLOADS)
    if count != len(files) or hashlib.sha256(canonical(files).encode()).digest() != stated:
        raise _RefusedError("upload.changed")
    return [(file["name"], _hex(file["sha256"], 32)) for file in files]


def uploaded_as(receipt: dict[str, Any], upload: bytes) -> tuple[str, str] | None:
    """Which file of an entry of several this is, in English and Chinese, for a receipt that holds; None of a single."""
    digest = hashlib.sha256(upload).hexdigest()
    for number, file in enumerate(receipt.get(_UPLOADS, ()), 1):
        if file["sha256"] == digest:
            # As JSON, so that a line break in a name makes no line of ours.
            name, many = json.dumps(file["name"], ensure_ascii=False), len(receipt[_UPLOADS])
            return (
                f"The file is number {number} of the {many} files of the entry: {name}",
                f"该文件是该条目 {many} 个文件中的第 {number} 个：{name}",
            )
    return None


def _check_row(row: object, envelope: dict[str, Any]) -> None:
    fields = _check_keys(row, {"ordinal": int, "cells": str, "salt": str, "path": list}, "receipt.malformed")
    if len(fields) != 4:
        raise _RefusedError("receipt.unknown-key")
    leaf = hashlib.sha256(b"\x00" + _hex(fields["salt"], 16) + _hex(fields["cells"], None)).digest()
    root, ordinal = bytes.fromhex(envelope["rows_root"]), fields["ordinal"]
    proof = _hashes(fields["path"])
    if not inclusion_holds(index=ordinal, size=envelope["rows"], leaf=leaf, proof=proof, root=root):
        raise _RefusedError("row.changed", ordinal=ordinal)


def _check_place(receipt: dict[str, Any], vkey: str) -> None:
    checkpoint = _open_checkpoint(receipt["checkpoint"], vkey)
    leaf, proof = _hex(receipt["leaf_hash"], 32), _hashes(receipt["inclusion"])
    if not inclusion_holds(index=receipt["entry"], size=checkpoint.size, leaf=leaf, proof=proof, root=checkpoint.root):
        raise _RefusedError("entry.not-in-log")


def _check_vkey(receipt: dict[str, Any], vkey: str) -> None:
    _read_vkey(receipt["vkey"])
    if receipt["vkey"] != vkey:
        raise _RefusedError("key.differs")


def verify_receipt(
    receipt: str | Mapping[str, object], vkey: str | None = None, *, upload: bytes | None = None
) -> list[Fault]:
    """Everything that does not hold in a receipt (JSON text, or the parsed object); empty if all of it holds.

    vkey    the log's key, got from somewhere else. Without it the receipt's own key is used: an empty answer then
            shows that the receipt is whole, not who signed it.
    upload  bytes of a file that was filed, to be compared with the entry's commitment.
    """
    text = ""
    try:
        text = receipt if isinstance(receipt, str) else _written(receipt)
        document = _check_keys(_read_json(text), _RECEIPT_KEYS, "receipt.malformed")
        if document["format"] != "lodeline-receipt-v1":
            raise _RefusedError("receipt.malformed", key="format")
        envelope = _read_envelope(document["envelope"])
    except _RefusedError as refusal:
        return [refusal.fault() if _is_receipt(text) else Fault(entry=None, what="receipt.none")]
    key = document["vkey"] if vkey is None else vkey
    checks: list[Callable[[], None]] = [
        lambda: _check_entry(document),
        lambda: _check_statements(document, envelope),
        lambda: _check_vkey(document, key),
        lambda: _check_place(document, key),
        lambda: _check_flags(document, envelope),
        lambda: _check_upload(document, envelope, upload),
        lambda: _check_certification(envelope),
    ]
    checks += [lambda row=row: _check_row(row, envelope) for row in document["rows"]]  # type: ignore[misc]
    faults = [
        Fault(entry=document["entry"], what="receipt.unknown-key", facts={"key": name})
        for name in sorted(document.keys() - _RECEIPT_KEYS - {_UPLOADS})
    ]
    for check in checks:
        try:
            check()
        except _RefusedError as refusal:
            faults.append(refusal.fault(document["entry"]))
    return faults


# ---- Command line -----------------------------------------------------------------------------------------------


def _print(english: str, chinese: str) -> None:
    print(english)
    print(chinese)


def _compare(receipt: dict[str, Any], kept: str, consistency: str | None, vkey: str) -> list[Fault]:
    proof: list[str] = []
    if consistency is not None:
        try:
            document = _check_keys(_read_json(consistency), _CONSISTENCY_KEYS, "receipt.malformed")
            if document["format"] != "lodeline-consistency-v1":
                raise _RefusedError("receipt.malformed", key="format")
        except _RefusedError as refusal:
            return [refusal.fault()]
        proof = document["proof"]
    return verify_consistency(kept, receipt["checkpoint"], proof, vkey=vkey)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code; argparse itself exits with 2 on wrong usage."""
    parser = argparse.ArgumentParser(description="Check a Lodeline receipt offline. 离线核验回执。")
    parser.add_argument("receipt", type=Path, help="receipt, a JSON file · 回执文件")
    parser.add_argument("--vkey", help="the log's key, got elsewhere · 另行取得的日志公钥")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint kept earlier · 先前保存的检查点")
    parser.add_argument("--consistency", type=Path, help="consistency proof, a JSON file · 一致性证明")
    parser.add_argument(
        "--registration", type=Path, help="receipt of the certifying key's registration · 签认密钥登记条目的回执"
    )
    parser.add_argument("--upload", type=Path, help="a file that was filed · 当时申报的文件")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that cannot show Chinese must still show the verdict.
        sys.stdout.reconfigure(errors="replace")
    try:
        receipt = options.receipt.read_bytes().decode("utf-8", "surrogateescape")
        kept = options.checkpoint.read_bytes().decode("utf-8", "surrogateescape") if options.checkpoint else None
        consistency = options.consistency.read_text("utf-8", "surrogateescape") if options.consistency else None
        upload = options.upload.read_bytes() if options.upload else None
        registration = (
            options.registration.read_bytes().decode("utf-8", "surrogateescape") if options.registration else None
        )
    except OSError as problem:
        print(f"{problem.filename}: {problem.strerror}", file=sys.stderr)
        return 2
    faults = verify_receipt(receipt, options.vkey, upload=upload)
    if kept is not None and not faults:
        document = _read_json(receipt)
        faults = _compare(document, kept, consistency, options.vkey or document["vkey"])
    if registration is not None and not faults:
        faults = verify_registration(receipt, registration, options.vkey)
    for fault in faults:
        entry = "" if fault.entry is None else f" [{fault.entry}]"
        _print(f"NO{entry} {fault.what}: {text_of(fault, 'en')}", f"否{entry} {fault.what}: {text_of(fault, 'zh')}")
    if faults:
        return 1
    named = None if registration is None else _read_json(registration)["envelope"]
    _report(_read_json(receipt), named, key_given=options.vkey is not None, compared=kept is not None)
    which = None if upload is None else uploaded_as(_read_json(receipt), upload)
    if which is not None:
        _print(*which)
    return 0


def _report(receipt: dict[str, Any], registration: str | None, *, key_given: bool, compared: bool) -> None:
    checkpoint = _open_checkpoint(receipt["checkpoint"], receipt["vkey"])
    entry, filed_at, rows = receipt["entry"], receipt["filed_at"], len(receipt["rows"])
    origin, size = checkpoint.origin, checkpoint.size
    _print(
        f"YES: entry {entry} of {origin}, log size {size}, filed at {filed_at}; rows proved: {rows}",
        f"是：{origin} 第 {entry} 号条目，日志大小 {size}，申报时间 {filed_at}；已证明的行数：{rows}",
    )
    certification = certified_by(receipt["envelope"])
    if certification is not None:
        _print(*certification)
    if registration is not None:
        _print(*registered_as(registration))
    elif certification is not None and "public_key" in (_certification_of(_read_envelope(receipt["envelope"])) or {}):
        _print(
            "NOTE: for whom this key stood is shown by the receipt of its registration (--registration).",
            "提示：该密钥当时代表何人，须由其登记条目的回执证明 (--registration)。",
        )
    if not key_given:
        _print(
            "WARNING: the key was taken from the receipt itself: the receipt is whole, but who signed it is not shown.",
            "注意：公钥取自回执本身，只证明回执完整，不证明签名者身份。",
        )
    if not compared:
        _print(
            "NOTE: a log rewritten later shows only against a checkpoint kept elsewhere (--checkpoint).",
            "提示：日志事后被改写，只有与另行保存的检查点比较才能发现 (--checkpoint)。",
        )
    if not receipt["flags"] and _read_envelope(receipt["envelope"])["flags_hash"] is not None:
        _print("NOTE: the entry has flags that this receipt does not show.", "提示：该条目另附提示，本回执未出示。")


if __name__ == "__main__":
    sys.exit(main())
