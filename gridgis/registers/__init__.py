"""Registers from spreadsheets: grids, staff, organisations, postings and visits; every row accepted or named."""

from gridgis.registers.asking import Options, Outcome
from gridgis.registers.intake import account_of, bring_in
from gridgis.registers.template import write_template

__all__ = ["Options", "Outcome", "account_of", "bring_in", "write_template"]
