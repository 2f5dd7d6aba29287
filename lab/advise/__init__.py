"""Read a resolver's configuration and say what becomes of it when the root's key rolls.

A reader for each kind of file (`kinds.KINDS`) finds the line that decides how trust anchors are kept and
names the preset that behaves so; `outlook` plays that preset. Nothing of a configuration is executed.
"""
