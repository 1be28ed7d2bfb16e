"""A drawing from outside made into a coverage.

`drawing` tells nets and faults, `noding` cuts all linework into the smallest faces, `settling` decides who gets a face
that is covered twice or by nobody, `repair` puts the three together and lists every change.
"""
