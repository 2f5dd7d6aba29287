"""Find the anchors of the real root that are written into files, and say until when they work.

`tree` walks folders, `archives` looks into images and packages, `stream` reads a file of any size in windows.
There `gate` asks whether a window could hold an anchor at all, `matching` finds the key or digest letter by
letter, `context` reads the words around it, `regions` puts together what belongs together. `outlook` gives
the date.
"""
