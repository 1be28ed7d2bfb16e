"""Run the command line: ``python -m gridgis``."""

from gridgis.cli import main

if __name__ == "__main__":
    main()
