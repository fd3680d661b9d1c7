# Targets with a `##` are listed by `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
# How many tests go on at a time, which is more than two processors need, because many wait for a disk or for a time that
# has to pass; those that have to be alone are alone all the same.
WORKERS ?= 3
PYTHON_CODE := csi cinderblock persistence tests
# What a node of Kubernetes needs of Debian.
E2E_PACKAGES := busybox-static runc containernetworking-plugins conntrack iptables iproute2 procps
# Where `make run` keeps its socket and its state.
RUN_DIR ?= $(CURDIR)/.cinderblock
# Where `make proto` writes; a test points it elsewhere, to compare.
PROTO_OUT ?= .
# Where `make crds` writes.
CRDS_OUT ?= deploy/crds
# Where `make manifests` writes; the checkout itself without it.
MANIFESTS_OUT ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make .venv with everything that a developer needs; on Debian as root, the system packages too
	@deploy/setup.sh

.PHONY: demo
demo: setup ## Show a volume's whole life, on files of this machine
	@$(VENV)/bin/cinderblock demo

.PHONY: test
test: setup lint ## Every floor of the tests but the guest's, the slow ones last
	@tests/lab/packages.sh postgresql mariadb-server
	@tests/lab/kubernetes.sh >/dev/null
	@tests/lab/helm.sh >/dev/null
	@CSI_SANITY=$$(tests/lab/csi-sanity.sh) $(VENV)/bin/python -m pytest tests -n $(WORKERS) --dist loadgroup \
	  $(PYTEST_ARGS)

.PHONY: guest
guest: setup ## The tests that need kernel features: in a user-mode Linux guest
	@tests/guest/run.sh $(PYTEST_ARGS)

.PHONY: e2e
e2e: setup ## End-to-end tests on a real Kubernetes, as root: claims, pods and snapshots, in namespaces of its own
	@[ "$${E2E_IMAGES:-}" != own ] || tests/lab/packages.sh debootstrap
	@tests/lab/packages.sh $(E2E_PACKAGES)
	@tests/lab/cluster.sh >/dev/null
	@$(VENV)/bin/python -m pytest -v tests/e2e $(PYTEST_ARGS)

.PHONY: conformance
conformance: setup ## Kubernetes' own storage tests, in the same, and write docs/kubernetes-conformance.md
	@tests/lab/packages.sh $(E2E_PACKAGES)
	@mkdir -p build
	@echo "conformance: the output is in build/conformance.log"
	@$(VENV)/bin/python -m tests.e2e.conformance build/conformance.log $(CONFORMANCE)

.PHONY: bench-cluster
bench-cluster: setup ## Measure the driver in a cluster, as root, and write docs/cluster-benchmarks.md
	@tests/lab/packages.sh $(E2E_PACKAGES)
	@$(VENV)/bin/python -m tests.e2e.bench

.PHONY: soak
soak: setup ## Crashes, crowds, garbage and many rounds for longer: SOAK_SECONDS for each, 300 without it
	@tests/lab/packages.sh postgresql mariadb-server
	@tests/lab/kubernetes.sh >/dev/null
	@SOAK_SECONDS=$${SOAK_SECONDS:-300} $(VENV)/bin/python -m pytest \
	  tests/crash tests/crowds tests/robustness tests/system/test_rounds.py $(PYTEST_ARGS)
	@SOAK_SECONDS=$${SOAK_SECONDS:-300} tests/guest/run.sh -s tests/guest/test_cinderlib.py \
	  tests/guest/test_iscsi_faults.py::test_rounds_of_staging_leave_nothing \
	  tests/guest/test_lvm_iscsi.py::test_attaching_costs_hardly_more_than_with_os_brick_alone

.PHONY: bench
bench: setup ## Measure, as root, and write docs/benchmarks.md; BENCH="probe create" measures these only
	@command -v fio >/dev/null || { echo "bench: installing fio" && apt-get install -qq -y --no-install-recommends fio >/dev/null; }
	@tests/lab/packages.sh postgresql mariadb-server
	@tests/lab/kubernetes.sh >/dev/null
	@$(VENV)/bin/python -m tests.bench $(BENCH)

.PHONY: run
run: setup ## Serve controller and node on a socket, and say how to talk to them
	@mkdir -p $(RUN_DIR)
	@echo "Serving CSI on unix://$(RUN_DIR)/csi.sock with its state in $(RUN_DIR)/state; Ctrl-C ends it. To talk to it:"
	@echo "  csi-sanity:  \$$(tests/lab/csi-sanity.sh) --csi.endpoint=unix://$(RUN_DIR)/csi.sock"
	@printf '%s' "  Python:      $(VENV)/bin/python -c 'import grpc; from csi.proto import csi_pb2, csi_pb2_grpc; " \
	  "print(csi_pb2_grpc.IdentityStub(grpc.insecure_channel(\"unix://$(RUN_DIR)/csi.sock\"))" \
	  ".GetPluginInfo(csi_pb2.GetPluginInfoRequest()))'" $$'\n'
	@exec $(VENV)/bin/cinderblock serve all --endpoint unix://$(RUN_DIR)/csi.sock --state-dir $(RUN_DIR)/state

.PHONY: lint
lint: setup ## Style and types
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy

.PHONY: format
format: setup ## Bring the code into shape
	@$(VENV)/bin/ruff check --fix-only --quiet
	@$(VENV)/bin/ruff format

.PHONY: proto
proto: ## Make csi/proto/*_pb2* from the .proto files anew
	@PATH="$(VENV)/bin:$$PATH" $(VENV)/bin/python -m grpc_tools.protoc -I. \
	  --python_out=$(PROTO_OUT) --grpc_python_out=$(PROTO_OUT) \
	  --mypy_out=quiet:$(PROTO_OUT) --mypy_grpc_out=quiet,only_sync:$(PROTO_OUT) csi/proto/*.proto

.PHONY: crds
crds: ## Make deploy/crds from the records anew
	@$(VENV)/bin/python -m persistence.crd.manifests $(CRDS_OUT)

.PHONY: manifests
manifests: crds ## Make what is made from the chart anew: the plain manifests, and what tests compare it with
	@deploy/manifests.sh $(MANIFESTS_OUT)

.PHONY: images
images: ## Make both images without Docker and without a registry, as root with debootstrap: build/*.tar
	@mkdir -p build
	@deploy/image.sh make controller build/cinderblock-controller.tar
	@deploy/image.sh make node build/cinderblock-node.tar

.PHONY: lock
lock: ## Choose the newest versions that fit, and write them with their hashes to requirements.lock
	@deploy/setup.sh lock

.PHONY: clean
clean: ## Remove what was made here; the cache folder and the state of `make run` stay
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find $(PYTHON_CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
