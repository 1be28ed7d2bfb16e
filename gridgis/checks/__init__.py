"""Coverage checks: each rule is a function of a county that answers findings."""

from gridgis.checks.base import RULES, Finding, Rule, check, rule_list

__all__ = ["RULES", "Finding", "Rule", "check", "rule_list"]
