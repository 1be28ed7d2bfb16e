"""Who answers for the ground, read off the registers.

`people` is the registers on one day and the chain of people above a place, `staffing` what is vacant, double or overdue,
`suggesting` who should take a vacant grid, `commanding` whom to call for an area. They write nothing: see `posting`.
"""
