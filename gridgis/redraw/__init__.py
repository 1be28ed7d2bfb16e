"""The works behind the verbs of `gridgis.edits`.

`cutting`, `parts`, `reshaping`, `vertices` and `claiming` say which cells get which shape and code, `coding` what a grid
is called; `changes` makes an `Edit` of that, with figures, lineage and new codes, and `guards` refuses what would leak.
"""
