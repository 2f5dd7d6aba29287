"""Answer DNS queries for an authority: from its zones to wire bytes, without a socket."""
