# `make` runs everything that must pass, `make lint` one step. The steps themselves are in .ci/run.
STEPS = test browser lint gate selftest wheel
.PHONY: all $(STEPS)

all:
	.ci/run

$(STEPS):
	.ci/run $@
