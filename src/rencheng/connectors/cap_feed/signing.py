"""Check the XML signature of a warning against the certificates of its sender."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from lxml import etree

from rencheng.domain.warning import Signature
from rencheng.service.xml import children, name


def checked(
    root: etree._Element, certificates: Sequence[str], sent: datetime, *, allow_sha1: bool = False
) -> tuple[Signature, str]:
    """Return what a message's signature is worth, and whose certificate it fits.

    Parameters
    ----------
    root
        The `alert` as it came.
    certificates
        PEM; one of them must fit.
    sent
        When the message was sent: its certificate must have been valid then. [UTC]
    allow_sha1
        Whether signatures with SHA-1 count.

    Notes
    -----
    The signature must cover the whole message: what the checker returns as signed is compared
    with the message by identifier and number of elements. Of several signatures, one over another,
    one that fits is enough. A certificate is looked at as of the time of sending, so that an old
    warning stays provable.
    """
    signatures = children(root, "Signature")
    if not signatures:
        return Signature.NONE, ""
    if not certificates:
        return Signature.UNCHECKED, ""
    for candidate in [root, *(_with_only(root, index) for index in range(len(signatures)))]:
        for certificate in certificates:
            signer = _signer(candidate, certificate, sent, allow_sha1=allow_sha1)
            if signer:
                return Signature.VERIFIED, signer
    return Signature.BAD, ""


def _with_only(root: etree._Element, index: int) -> etree._Element:
    """Return the message as it was when a signature was put on it: without all others."""
    message = deepcopy(root)
    for at, other in enumerate(children(message, "Signature")):
        if at != index:
            before = other.getprevious()
            if other.tail and before is not None:
                before.tail = (before.tail or "") + other.tail
            message.remove(other)
    return message


def _signer(root: etree._Element, certificate: str, sent: datetime, *, allow_sha1: bool) -> str:
    """Return the subject of the certificate if the signature fits it, else nothing."""
    from cryptography.x509 import load_pem_x509_certificate
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.exceptions import SignXMLException
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    expected = SignatureConfiguration(verification_time=sent)
    if allow_sha1:
        expected = replace(
            expected,
            signature_methods=frozenset({*expected.signature_methods, SignatureMethod.RSA_SHA1}),
            digest_algorithms=frozenset({*expected.digest_algorithms, DigestAlgorithm.SHA1}),
        )
    try:
        owner = load_pem_x509_certificate(certificate.encode())
        done = XMLVerifier().verify(
            etree.tostring(root), x509_cert=owner, expect_config=expected, validate_schema=False
        )
    except (SignXMLException, ValueError, KeyError, TypeError, etree.LxmlError):
        return ""
    signed = (done[0] if isinstance(done, list) else done).signed_xml
    return owner.subject.rfc4514_string() if _is_whole(root, signed) else ""


def _is_whole(root: etree._Element, signed: etree._Element | None) -> bool:
    if signed is None or name(signed) != name(root):
        return False
    ours = [one for one in root.iter() if isinstance(one.tag, str) and not _is_in_signature(one)]
    theirs = [
        one for one in signed.iter() if isinstance(one.tag, str) and not _is_in_signature(one)
    ]
    return [(one.tag, one.text) for one in ours] == [(one.tag, one.text) for one in theirs]


def _is_in_signature(node: etree._Element) -> bool:
    return name(node) == "Signature" or any(name(up) == "Signature" for up in node.iterancestors())
