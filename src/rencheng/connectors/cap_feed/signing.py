"""Check the XML signature of a warning against the certificates of its sender."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from lxml import etree

from rencheng.connectors.xml import children, name
from rencheng.domain.warning import Signature


def checked(
    root: etree._Element, certificates: Sequence[str], *, allow_sha1: bool = False
) -> tuple[Signature, str]:
    """Return what a message's signature is worth, and whose certificate it fits.

    Parameters
    ----------
    root
        The `alert` as it came.
    certificates
        PEM; one of them must fit.
    allow_sha1
        Whether signatures with SHA-1 count.

    Notes
    -----
    The signature must cover the whole message: what the checker returns as signed is compared
    with the message by identifier and number of elements. Of several signatures, one over another,
    the first counts, without those that were put on after it. Certificates are trusted because
    the office named them, so their dates are not looked at: an old warning stays provable.
    """
    signatures = children(root, "Signature")
    if not signatures:
        return Signature.NONE, ""
    if not certificates:
        return Signature.UNCHECKED, ""
    message = deepcopy(root)
    for later in children(message, "Signature")[1:]:
        parent = later.getparent()
        if parent is not None:
            before = later.getprevious()
            if later.tail and before is not None:
                before.tail = (before.tail or "") + later.tail
            parent.remove(later)
    for candidate in (root, message):
        for certificate in certificates:
            signer = _signer(candidate, certificate, allow_sha1=allow_sha1)
            if signer:
                return Signature.VERIFIED, signer
    return Signature.BAD, ""


def _signer(root: etree._Element, certificate: str, *, allow_sha1: bool) -> str:
    """Return the subject of the certificate if the signature fits it, else nothing."""
    from cryptography.x509 import load_pem_x509_certificate
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.verifier import SignatureConfiguration, XMLVerifier
    from signxml.exceptions import SignXMLException

    expected = SignatureConfiguration()
    if allow_sha1:
        expected = SignatureConfiguration(
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
