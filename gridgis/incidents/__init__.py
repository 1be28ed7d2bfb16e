"""An incident from the report to its evaluation.

`reporting` takes it in, `handling` takes each further step, or neither at all; `ledger` lists incidents with the overdue
ones first and the people of their place, `handlingbook` puts them into plain values and words.
"""
