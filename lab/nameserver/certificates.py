"""Be the certificate authority behind root-anchors.p7s: ICANN's part, played with keys of one afternoon.

All certificates hold from 2000 to 2099, so that they are good under the wall clock and under the lab's,
unless one is made to end.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..clock import DAY, Instant, parse_instant, to_datetime

BEGIN: Final = parse_instant("2000-01-01")
END: Final = parse_instant("2099-12-31")


class CertificateAuthority:
    """Issue certificates under a key of its own that is never stored; a `Certifier` of the anchors."""

    def __init__(self, name: str) -> None:
        """Make the key and the certificate of the authority itself."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(self._name, self._key.public_key(), END)
        self.certificate = builder.add_extension(constraints, critical=True).sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """Return its own certificate, for a bundle, under a line that says whose it is.

        unbound-anchor 1.17.1 overlooks a certificate that follows right upon another: text has to be between.
        """
        title = f"Certificate: {self._name.rfc4514_string()}\n".encode()
        return title + self.certificate.public_bytes(Encoding.PEM)

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, end: Instant
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(to_datetime(BEGIN))
            .not_valid_after(to_datetime(end))
        )

    def sign(self, content: bytes, signer: str, end: Instant | None = None) -> bytes:
        """Return a detached signature over content: PKCS#7 in DER, as IANA's is (RFC 9718 section 3).

        `signer` is the mail address in the certificate made for it, which ends at `end`, or in 2099.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "signer"),
                x509.NameAttribute(NameOID.EMAIL_ADDRESS, signer),
            ]
        )
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        certificate = (
            self._builder(name, key.public_key(), END if end is None else max(end, BEGIN + DAY))
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(content)
            .add_signer(certificate, key, hashes.SHA256())
            .sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
        )

    def for_server(self, address: str) -> bytes:
        """Return certificate and private key for a web server at an address, in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        builder = self._builder(name, key.public_key(), END).add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM) + key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
