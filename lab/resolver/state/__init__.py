"""Trust-state files of resolvers: one vocabulary, many formats.

`vocabulary` has the words, one module per format reads and writes them, `formats` is the table of formats,
`convert` says what a format loses, `points` leads to and from the trust point of a model, and `loading` tells
what an implementation itself makes of a file, a damaged one included.
"""
