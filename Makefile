# Thin calls; `make help` lists them. The build itself is CMake's (CMakePresets.json).
.DEFAULT_GOAL := help
.PHONY: run build build-ci test test-slow bench chaos tsan format lint docs clean help

JOBS ?= $(shell nproc)

run: ## installs what is missing, builds, and runs the demo (arguments: make run ARGS=--once)
	deploy/run.sh $(ARGS)

build: ## the optimised binaries, build/bin/tutti and build/bin/tutti-sim
	cmake --preset release
	cmake --build --preset release --target tutti tutti-sim -j $(JOBS)

test: ## everything that CI checks
	deploy/test.sh

test-slow: tsan chaos ## what takes too long, or needs too much, for CI

bench: ## the figures of docs/benchmarks.md as ratios
	deploy/bench.sh $(ARGS)

chaos: build-ci ## the tests with the label chaos: faults on whole nodes under load
	ctest --test-dir build/ci -L chaos --output-on-failure --no-tests=ignore

tsan: ## the unit tests under ThreadSanitizer, with a CAF core built for it
	deploy/tsan.sh

format: ## rewrites all sources by .clang-format
	find protocols runtime actors services tests -name '*.[ch]pp' -print0 | xargs -0 -P $(JOBS) -n 16 clang-format -i

build-ci:
	cmake --preset ci
	cmake --build --preset ci -j $(JOBS)

lint: ## all checks of tests/lint, clang-tidy over what was changed since origin/main among them
	cmake --preset ci
	ctest --test-dir build/ci -L lint -E tidy -j $(JOBS) --output-on-failure
	tests/lint/tidy.sh || [ $$? = 77 ]

docs: ## the documentation as a site in site/
	mkdocs build --strict

clean: ## removes all that was built
	rm -rf build site

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
