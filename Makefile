# Two commands do everything on a fresh machine: `make run` and `make test`.
# The steps are in tools/setup.py, which runs without make too: python tools/setup.py run
PYTHON ?= $(shell command -v python3 || command -v python)
ARGS ?=

.PHONY: run test check long bench install docs wheelhouse
run test check long bench install docs wheelhouse:
	@"$(PYTHON)" tools/setup.py $@ $(ARGS)
