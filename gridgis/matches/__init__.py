"""A register or a foreign net held against the plan, one to one.

`pairing` finds where rows and grids lie and the best pairing, `matching` gives every row of both sides its verdict,
`verdicts` are the words for these, `adopting` takes over what a match suggests, in one edit.
"""
