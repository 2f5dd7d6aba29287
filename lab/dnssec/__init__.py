"""DNSSEC on wire bytes: names, keys, signed RRsets and a lean message codec, each held equal to dnspython by tests."""
