"""Read scenario files: TOML in, one frozen `Scenario` out, and the table of what a file can expect."""
