"""DNSSEC on wire bytes: names, keys, signed RRsets and a lean codec; tests hold each equal to dnspython."""
