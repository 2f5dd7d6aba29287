"""Serve the published trust anchors over http and https, as of the instant that the lab's clock shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..authority.anchors import DOCUMENTS, Listed, Publication, Variant
from ..clock import Instant
from .certificates import CertificateAuthority
from .listener import check_address
from .web import Request, Response, WebServer

_KEPT = 1000


class AnchorServer(WebServer):
    """Serve a publication at one address; a context manager. One port speaks both http and https.

    The web server's own certificate is vouched for by nobody; unbound-anchor does not look at it, because the
    content is signed. `asked` keeps the paths asked for, in order, the first thousand.
    """

    def __init__(
        self,
        publication: Publication,
        now: Callable[[], Instant],
        address: str,
        port: int = 0,
        *,
        anywhere: bool = False,
    ) -> None:
        """Take what is published and what tells the time. Raises UserError for an address not allowed."""
        self._publication, self._now = publication, now
        self.asked: list[str] = []
        check_address(address, anywhere)
        certificate = CertificateAuthority("rootlab").for_server(address)
        super().__init__(self._document, address, port, certificate=certificate, anywhere=anywhere)

    def _document(self, request: Request) -> Response:
        """Answer for the documents, and for nothing else."""
        path = request.target.partition("?")[0]
        if len(self.asked) < _KEPT:
            self.asked.append(path)
        if request.method not in ("GET", "HEAD"):
            return Response(405, "text/plain", b"these documents can only be read\n")
        content = self._publication.document(path, self._now())
        if content is None:
            there = " ".join(DOCUMENTS)
            return Response(404, "text/plain", f"not published (now); there are {there}\n".encode())
        return Response(200, DOCUMENTS[path], content)


def publish(listed: Sequence[Listed], variants: Sequence[Variant] = ()) -> Publication:
    """Return a publication with certificate authorities of its own: its bundle is good for it alone."""
    return Publication(
        listed,
        CertificateAuthority("root-rollover-lab"),
        variants,
        CertificateAuthority("root-rollover-lab, the next"),
    )
