"""CAP as real feeds send it: signatures, hostile files, other offices' slips."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner, methods

from rencheng.connectors.cap_feed.connector import Connector
from rencheng.connectors.shape import Answer, Delivery
from rencheng.domain.errors import NotAllowedError
from rencheng.domain.warning import Signature
from shared_data import SHARED

DATA = SHARED / "cap" / "testdata"
EXAMPLE = Path(__file__).parents[3] / "src/rencheng/connectors/cap_feed/examples/index/1.cap"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared CAP files are not there")


def read(body: bytes, **settings: Any) -> Delivery:
    given = {"url": "https://o.example/", "certificates": (), "must_be_signed": False}
    given |= {"allow_sha1": False, "max_messages": 60, **settings}
    return Connector().read(given, None, lambda url, **_: Answer(url=url, body=body))


def signed(body: bytes, sent: datetime) -> tuple[bytes, str]:
    """Sign a message with a key made now; return it and the certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "office.example")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(sent - timedelta(days=1)).not_valid_after(sent + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    root = XMLSigner(method=methods.enveloped).sign(etree.fromstring(body), key=key, cert=pem)
    return etree.tostring(root), pem


SENT = datetime(2024, 5, 1, tzinfo=UTC)


def test_a_good_signature_is_verified_and_the_bytes_are_kept() -> None:
    body, pem = signed(EXAMPLE.read_bytes(), SENT)
    [warning] = read(body, certificates=(pem,), must_be_signed=True).warnings
    assert (warning.signature, warning.signed_by) == (Signature.VERIFIED, "CN=office.example")
    assert warning.original == body


def test_one_changed_letter_is_found() -> None:
    body, pem = signed(EXAMPLE.read_bytes(), SENT)
    forged = body.replace(b"Severe", b"Minor!")
    [warning] = read(forged, certificates=(pem,)).warnings
    assert warning.signature is Signature.BAD
    found = read(forged, certificates=(pem,), must_be_signed=True)
    assert (found.warnings, len(found.refusals)) == ((), 1)


def test_another_offices_certificate_does_not_fit() -> None:
    body, _ = signed(EXAMPLE.read_bytes(), SENT)
    _, other = signed(EXAMPLE.read_bytes(), SENT)
    [warning] = read(body, certificates=(other,)).warnings
    assert warning.signature is Signature.BAD


def test_a_certificate_that_had_ended_does_not_fit() -> None:
    body, pem = signed(EXAMPLE.read_bytes(), SENT - timedelta(days=30))
    [warning] = read(body, certificates=(pem,)).warnings
    assert warning.signature is Signature.BAD


def test_a_real_signed_message_fits_its_offices_certificate() -> None:
    if not DATA.is_dir():
        pytest.skip("the shared CAP files are not there")
    certificates = tuple(one.read_text() for one in DATA.glob("*.pem"))
    body = (DATA / "canada_signed.cap").read_bytes()
    [warning] = read(body, certificates=certificates, allow_sha1=True).warnings
    assert warning.signature is Signature.VERIFIED
    assert "Environment Canada" in warning.signed_by
    [strict] = read(body, certificates=certificates).warnings
    assert strict.signature is Signature.BAD


@needs_data
@pytest.mark.parametrize("name", ["xee.cap", "xee.atom"])
def test_external_entities_are_refused(name: str) -> None:
    with pytest.raises(NotAllowedError) as error:
        read((DATA / name).read_bytes())
    assert error.value.key == "feed.hostile_xml"


def test_entities_in_another_encoding_are_refused() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(NotAllowedError):
        read(text.encode("utf-16"))


@needs_data
@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("australia.cap", {"recommended"}),
        ("canada_errors.cap", {"references", "recommended"}),
        ("invalid.cap", {"no_shape", "no_expires", "unknown", "recommended"}),
        ("noaa_errors.cap", {"polygon", "unknown", "recommended"}),
        ("no_optional_fields.cap", {"no_info"}),
        ("wcatwc-warning.cap", {"headline", "recommended"}),
        ("earthquake-iso8859-1.cap", {"circle_zero", "unknown", "recommended"}),
    ],
)
def test_real_messages_are_read_and_their_slips_named(name: str, rules: set[str]) -> None:
    [warning] = read((DATA / name).read_bytes()).warnings
    assert {one.key.removeprefix("cap.finding.") for one in warning.findings} == rules


def test_areas_come_as_lon_lat_and_times_in_utc() -> None:
    [warning] = read(EXAMPLE.read_bytes()).warnings
    assert warning.infos[0].areas[0].polygons[0][0] == (-71.5, -30.0)
    assert warning.sent == SENT
