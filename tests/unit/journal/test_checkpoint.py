"""Notes and checkpoints, against the examples of golang.org/x/mod/sumdb/note (note_test.go) and of the C2SP pages."""

import base64

import pytest

from lodeline.journal.checkpoint import (
    Checkpoint,
    MalformedNoteError,
    NoteError,
    Signer,
    UnverifiedNoteError,
    Verifier,
    open_checkpoint,
    open_note,
    sign_checkpoint,
)

# golang.org/x/mod/sumdb/note, note_test.go (BSD-3-Clause): two keys and what they signed.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
# https://c2sp.org/tlog-checkpoint, example.
C2SP_CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

SIGNER = Signer.of_store(b"a secret of the store", "example.org/log")
ROOT = bytes(range(32))


def test_the_go_example_is_signed_bit_for_bit() -> None:
    signer = Signer(name="PeterNeumann", seed=PETER_SEED)
    assert signer.verifier.vkey == PETER
    assert signer.sign(TEXT) == f"{TEXT}\n{PETER_LINE}"


@pytest.mark.parametrize("lines", [PETER_LINE, PETER_LINE + ENOCH_LINE, ENOCH_LINE + PETER_LINE, PETER_LINE * 2])
def test_the_go_examples_are_opened(lines: str) -> None:
    assert open_note(f"{TEXT}\n{lines}", [Verifier.read(PETER)]) == TEXT


def test_notes_of_strangers_are_not_believed() -> None:
    with pytest.raises(UnverifiedNoteError, match="no known key"):
        open_note(f"{TEXT}\n{ENOCH_LINE}", [Verifier.read(PETER)])
    with pytest.raises(UnverifiedNoteError, match="no known key"):
        open_note(f"{TEXT}\n{PETER_LINE}", [])


def test_one_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    spoiled = PETER_LINE[:60] + "ABCD" + PETER_LINE[60:]
    with pytest.raises(UnverifiedNoteError, match="PeterNeumann is wrong"):
        open_note(f"{TEXT}\n{PETER_LINE}{spoiled}", [Verifier.read(PETER)])
    with pytest.raises(UnverifiedNoteError, match="PeterNeumann is wrong"):
        open_note(f"{TEXT.replace('If', 'As')}\n{PETER_LINE}", [Verifier.read(PETER)])


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + "\n",
        f"{TEXT}\n{PETER_LINE[:-1]}",
        f"\x01{TEXT}\n{PETER_LINE}",
        f"\ud800{TEXT}\n{PETER_LINE}",
        f"{TEXT}\n{PETER_LINE.replace('PeterNeumann', 'Bad Name')}",
        f"{TEXT}\n{PETER_LINE}Unexpected line.\n",
        f"{TEXT}\n{PETER_LINE * 101}",
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n{PETER_LINE.replace('nAM=', 'nAN=')}",
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(MalformedNoteError):
        open_note(note, [Verifier.read(PETER)])


def test_no_mangled_vkey_is_a_key() -> None:
    mangled = {PETER[begin:end] for begin in range(len(PETER)) for end in range(begin, len(PETER) + 1)} - {PETER}
    mangled |= {f"{PETER[:at]}{chr(ord(PETER[at]) + 1)}{PETER[at + 1 :]}" for at in range(len(PETER))}
    # Wrong length and unknown algorithm, each with an id that fits (note_test.go).
    mangled |= {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    }
    for vkey in mangled:
        with pytest.raises(MalformedNoteError):
            Verifier.read(vkey)


def test_the_c2sp_example_is_a_checkpoint() -> None:
    checkpoint = Checkpoint.read(C2SP_CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == C2SP_CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        "example.org/log\n5\n",
        "\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.org/log\n05\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.org/log\n-5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "example.org/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n",
        "example.org/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
        "example.org/log\n5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\nextension\n",
    ],
)
def test_other_texts_are_no_checkpoint(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        Checkpoint.read(text)


def test_a_checkpoint_comes_back_as_signed() -> None:
    note = sign_checkpoint(size=5, root=ROOT, signer=SIGNER)
    assert open_checkpoint(note, SIGNER.verifier) == Checkpoint(origin="example.org/log", size=5, root=ROOT)
    witnessed = note + ENOCH_LINE
    assert open_checkpoint(witnessed, SIGNER.verifier).size == 5


def test_a_key_speaks_for_its_own_log_only() -> None:
    note = SIGNER.sign(Checkpoint(origin="example.org/other", size=5, root=ROOT).text())
    with pytest.raises(UnverifiedNoteError, match="another log"):
        open_checkpoint(note, SIGNER.verifier)


def test_the_key_follows_from_secret_and_origin_alone() -> None:
    assert Signer.of_store(b"a secret of the store", "example.org/log") == SIGNER
    keys = {
        Signer.of_store(secret, origin).verifier.public_key
        for secret in (b"a secret of the store", b"another secret")
        for origin in ("example.org/log", "example.org/log2")
    }
    assert len(keys) == 4
    assert SIGNER.seed.hex() not in repr(SIGNER) and str(SIGNER.seed) not in repr(SIGNER)


def test_impossible_signers_are_refused() -> None:
    with pytest.raises(NoteError, match="secret"):
        Signer.of_store(b"", "example.org/log")
    for origin in ("", "two words", "a+b", "a\nb"):
        with pytest.raises(MalformedNoteError):
            Signer.of_store(b"a secret of the store", origin)
    with pytest.raises(MalformedNoteError):
        SIGNER.sign("no newline at the end")
