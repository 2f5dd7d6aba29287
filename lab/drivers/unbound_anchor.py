"""unbound-anchor: a tool that is run before Unbound starts, and a web server for it to ask.

It tries the anchors it has with one query for the root's DNSKEY RRset. If they do not fit, it fetches
root-anchors.xml (RFC 9718) and its signature over https, checks the signature by a bundle of certificates,
and writes the anchors listed for now (smallapp/unbound-anchor.c). Its exit status does not tell success: 1 is
"updated by the file", 0 is "fine" and also "failed", so what it says is read.

The lab's bundle and certificates are made for the occasion. Whom the web server is by its own certificate is
never checked by the tool: the content is signed.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..clock import Instant
from ..dnssec.keys import Key
from ..dnssec.names import ROOT
from ..resolver.state import root_anchors
from ..resolver.state.vocabulary import Entry, TrustState
from .driver import Setting

PROGRAM: Final = "unbound-anchor"
PACKAGE: Final = "unbound-anchor"
XML, P7S = "/root-anchors/root-anchors.xml", "/root-anchors/root-anchors.p7s"
"""Where the tool looks for the files, unless it is told otherwise."""
SIGNER: Final = "dnssec@iana.org"
"""The address of the signer that the tool insists on, unless it is told otherwise."""

_BEGIN, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
_FITS: Final = re.compile(r"success: the anchor is ok", re.MULTILINE)
_UPDATED: Final = re.compile(r"success: the anchor has been updated using the cert", re.MULTILINE)

How = Literal["probe", "xml", "failed"]
"""What came of a run: the anchors fit, they were updated by the file, neither."""


class Listed(NamedTuple):
    """One key of root-anchors.xml, and when it is valid; `until` is included (RFC 9718 section 2)."""

    key: Key
    begin: Instant
    until: Instant | None = None


def command(setting: Setting, server: str, hints: str, port: int = 443) -> list[str]:
    """Return the command line: anchors in `state/root.key`, the bundle in `bundle.pem`."""
    return [
        PROGRAM, "-v", "-4", "-a", setting.path("state", "root.key"), "-c", setting.path("bundle.pem"),
        "-r", hints, "-b", setting.address, "-u", server, "-P", str(port),
    ]  # fmt: skip


def outcome(text: str) -> How:
    """Return what the tool says came of its run."""
    if _UPDATED.search(text):
        return "xml"
    return "probe" if _FITS.search(text) else "failed"


class AnchorServer:
    """Serve root-anchors.xml and its signature over https at one address; a context manager.

    `signer` is whom the signature claims to be from. `spoiled` serves a file that was changed after it was
    signed. `bundle` is the PEM of the certificate that vouches for the signer.
    """

    def __init__(
        self,
        address: str,
        listed: Sequence[Listed],
        *,
        port: int = 443,
        signer: str = SIGNER,
        spoiled: bool = False,
    ) -> None:
        """Make certificates, files and signature; nothing is served yet."""
        entries = (Entry(one.key, valid_from=one.begin, valid_until=one.until) for one in listed)
        xml = root_anchors.write(root_anchors.held(TrustState(ROOT, tuple(entries), identifier="lab")))
        self._issuer = _Authority()
        self._address, self._port = address, port
        self.bundle = self._issuer.certificate.public_bytes(Encoding.PEM)
        signature = self._issuer.sign(xml, signer)
        self.files = {XML: xml + b"<!-- -->\n" if spoiled else xml, P7S: signature}
        self.asked: list[str] = []
        """The paths asked for, in order."""
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to serve."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            """Answer for the files, and for nothing else."""

            def do_GET(self) -> None:
                """Send a file."""
                content = server.files.get(self.path)
                server.asked.append(self.path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
                """Say nothing."""

        self._server = ThreadingHTTPServer((self._address, self._port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory(prefix="rootlab-") as folder:
            path = Path(folder) / "server.pem"
            path.write_bytes(self._issuer.for_server(self._address))
            context.load_cert_chain(path)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Return the port it serves at."""
        return self._port if self._server is None else int(self._server.server_address[1])


class _Authority:
    """A certificate authority of one afternoon."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root-rollover-lab")])
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign(self._key, hashes.SHA256())

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_BEGIN)
            .not_valid_after(_END)
        )

    def sign(self, content: bytes, signer: str) -> bytes:
        """Return a detached signature over content: PKCS#7 in DER, as IANA's is (RFC 9718 section 3)."""
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
            self._builder(name, key.public_key())
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
        """Return certificate and private key for a web server, in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        certificate = self._builder(name, key.public_key()).add_extension(names, critical=False)
        return certificate.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM) + key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
