# make demo      the gateway with simulated devices; needs no hardware, no broker and no root (ARGS='--seconds 30': it ends by itself)
# make test      every check there is, the fast ones first (root on Debian: installs what is missing; others are told what is;
#                ARGS='tests/cli': the tests of one folder)
# make soak      broken inputs, kills and power cuts at random, for ten minutes (ARGS='--minutes 60': for longer)
# make test-year a year of a gateway with its clock turned, a reading a minute: what it takes of the machine (ARGS='--every 10': more)
# make bench     how fast, with how much CPU, and what a fault costs; beside others where they are there
# make bench-peers installs those others (Node-RED, mqtt-io) into .bench, for make bench only
# make install   the gateway as a service of this host, or a newer one in its place (root)
# make deb       Debian packages of it, into dist/ (ARGS=bookworm-arm64: one of the six)
# make apt-repo  of those packages a tree that apt installs from, signed (KEY=NAME: the key that gpg has)
# make uninstall takes it off again; ARGS=--purge: its configuration and store too (root)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Programs of the system that the tests use; libsystemd-dev, pkg-config, gcc and python3-dev build systemd-python.
PACKAGES := curl mosquitto mosquitto-clients mbpoll openssl libsystemd-dev pkg-config gcc python3-dev python3-venv locales postgresql chromium
# Brokers are in /usr/sbin, which is on nobody's PATH but root's. Without one the demo brings its own.
export PATH := $(PATH):/usr/sbin
BROKER := $(if $(shell PATH="$(PATH)" command -v mosquitto),mosquitto,iotcore)
comma := ,
SYSTEMD := $(if $(shell pkg-config --exists libsystemd 2>/dev/null && command -v gcc),$(comma)systemd)

# A venv holds the paths of its checkout and is of one Python: in a checkout that was moved, or after an upgrade of the system, what is in
# it fails with errors that say nothing. What is wrong with the one that is there, in words; empty where nothing is.
STALE := $(shell [ ! -e $(BIN)/pip ] || { \
    place=$$(sed -n '1,2s|^[^/]*\(/.*\)/bin/python.*|\1|p' $(BIN)/pip | head -n 1); \
    python=$$($(BIN)/python -ISc 'import sys; print("python%d.%d" % sys.version_info[:2])' 2> /dev/null); \
    if [ ! "$$place" -ef $(VENV) ]; then echo "it belongs to $$place"; \
    elif [ ! -d "$(VENV)/lib/$$python/site-packages/pip" ]; then echo "the Python that it was made with is gone"; \
    elif cat $(VENV)/lib/*/site-packages/__editable__*pi_device_gateway* 2> /dev/null | grep -q . && \
        ! cat $(VENV)/lib/*/site-packages/__editable__*pi_device_gateway* | grep -qF "$$(pwd -P)"; then echo "it is of another checkout"; \
    fi; })

.PHONY: demo test soak test-year bench bench-peers homeassistant install uninstall deb apt-repo lint packages
ifneq ($(STALE),)
.PHONY: $(BIN)/pip $(VENV)/test $(VENV)/demo-with-mosquitto $(VENV)/demo-with-iotcore
endif

demo: $(VENV)/demo-with-$(BROKER)
	@$(BIN)/gateway demo $(ARGS)

# The packages come first: what of libsystemd is there decides what is installed into the venv.
test: packages
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m tests $(ARGS) < /dev/null

lint: $(VENV)/test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy gateway devices
	$(BIN)/lint-imports

packages:
	@tests/system/lab/packages $(PACKAGES)

soak: $(VENV)/test
	@$(BIN)/python -m tests.soak $(ARGS) < /dev/null

test-year: $(VENV)/test
	@MALLOC_ARENA_MAX=1 $(BIN)/python -m tests.year $(ARGS) < /dev/null

bench: $(VENV)/test
	$(BIN)/python -m tests.bench

bench-peers:
	@PYTHON=$(PYTHON) tests/bench/install-peers

# A real Home Assistant for tests/system/homeassistant: as root, on Debian; 1.4 GB.
homeassistant:
	@tests/system/homeassistant/build $${GATEWAY_HOMEASSISTANT:-/var/tmp/gateway-homeassistant}

install:
	@systemd/install

uninstall:
	@systemd/uninstall $(ARGS)

deb: $(VENV)/demo-with-mosquitto
	@PYTHON=$(BIN)/python systemd/debian/build $(ARGS)

apt-repo:
	@systemd/debian/apt-repo $(KEY)

$(VENV)/test: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[test,demo,gpio,web,postgres$(SYSTEMD)]'
	$(BIN)/pip install --quiet --editable '.[judges]' || echo "no dsmr-parser, pysml or schemathesis here: the tests that ask them are left out" >&2
	$(BIN)/pip install --quiet --editable '.[browser]' || echo "no playwright here: the tests of pages in a browser are left out" >&2
	@touch $@

$(VENV)/demo-with-mosquitto: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[web]'
	@touch $@

$(VENV)/demo-with-iotcore: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable '.[demo,web]'
	@touch $@

# A venv that was begun and not finished would pass for one the next time.
$(BIN)/pip:
	@[ -z '$(subst ','\'',$(STALE))' ] || { echo 'the $(VENV) here is made anew, which takes a minute: $(subst ','\'',$(STALE))'; rm -rf $(VENV); } || \
	    { echo "cannot make $(VENV) anew: see above; sudo rm -rf $(VENV), then try again" >&2; exit 1; }
	@command -v $(PYTHON) > /dev/null || { echo "cannot make $(VENV): there is no $(PYTHON); sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "cannot make $(VENV): $$($(PYTHON) --version) is too old; Python 3.11 or later is needed (Debian 12, Raspberry Pi OS Bookworm)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
	    { echo "cannot make $(VENV): $(PYTHON) has no venv; sudo apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "cannot make $(VENV): see above" >&2; exit 1; }
