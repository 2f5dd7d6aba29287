"""The emulated root authority: what is published and who signs it, as a pure function of time."""
