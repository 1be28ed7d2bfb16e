"""Coverage checks: each rule is a function of a county that answers findings."""

from gridgis.checks.base import RULES, Rule, check, rule_list
from gridgis.checks.finding import Finding

__all__ = ["RULES", "Finding", "Rule", "check", "rule_list"]
