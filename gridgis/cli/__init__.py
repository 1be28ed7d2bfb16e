"""The command line; every command is one call of the core, and words."""

from gridgis.cli.app import main

__all__ = ["main"]
