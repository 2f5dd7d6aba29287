"""unbound-anchor: a tool that is run before Unbound starts.

It tries the anchors it has with one query for the root's DNSKEY RRset. If they do not fit, it fetches
root-anchors.xml (RFC 9718) and its signature over https, checks the signature by a bundle of certificates,
and writes the anchors listed for now (smallapp/unbound-anchor.c). Its exit status does not tell success: 1 is
"updated by the file", 0 is "fine" and also "failed", so what it says is read.

What it asks is `lab.nameserver.anchors_https`. Whom the web server is by its own certificate is never
checked by the tool: the content is signed.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from .driver import Setting

PROGRAM: Final = "unbound-anchor"
PACKAGE: Final = "unbound-anchor"
_FITS: Final = re.compile(r"success: the anchor is ok", re.MULTILINE)
_UPDATED: Final = re.compile(r"success: the anchor has been updated using the cert", re.MULTILINE)

How = Literal["probe", "xml", "failed"]
"""What came of a run: the anchors fit, they were updated by the file, neither."""


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
