# `make` alone lists what can be made. The longer recipes are in scripts/.

FUZZTIME ?= 30s
PREFIX ?= /usr/local

.PHONY: help demo install test check lint wasm kill restarts browser interleave soak-browser bench fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s  %s\n", $$1, $$2 }' Makefile

demo: ## build, then play every kind of transfer between real phones on this machine, as stories and drawings
	@echo 'building bin/holdfast; the demo takes about a minute after that'
	CGO_ENABLED=0 go build -o bin/holdfast ./cmd/holdfast
	bin/holdfast demo

install: ## build, then install the program and its systemd unit below PREFIX (/usr/local); DESTDIR goes before it
	CGO_ENABLED=0 go build -trimpath -o bin/holdfast ./cmd/holdfast
	install -D -m 755 bin/holdfast $(DESTDIR)$(PREFIX)/bin/holdfast
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local|$(PREFIX)|' deploy/holdfast.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/holdfast.service

test: ## everything: lint, all tests with the race detector, foreign phones, a browser, a third of the kill matrix
	@scripts/test

check: ## the fast part of it: format, vet, lint, layers, wasm
	@scripts/check

lint: ## golangci-lint, as pinned in tools/go.mod
	@scripts/lint

wasm: ## build the transfer engine for pages on Amazon Connect into connect/dist
	@scripts/wasm

kill: ## all of the kill matrix, three times: real servers killed or stopped at every step of every kind of transfer
	HOLDFAST_KILL=all go test -C test/kill -count=3 -timeout 90m

restarts: ## 50 restarts by SIGTERM and 50 by SIGKILL under load: how long was each customer without audio?
	HOLDFAST_RESTARTS=50 go test -C test/kill -count=1 -timeout 20m -v -run TestRestarts

browser: ## all tests with a real browser, also those that take long
	HOLDFAST_BROWSER=all go test -C test/browser -count=1 -timeout 30m
	HOLDFAST_BROWSER=all go test -C panel -count=1 -timeout 10m

interleave: ## 10,000 seeds of each kind of transfer by a page, in Node: answers and updates late, lost and wrong
	HOLDFAST_INTERLEAVE=all go test -C test/interleave -count=1 -timeout 60m -v

soak-browser: ## whatever can go wrong on a simulated Amazon Connect, in Chromium, and 300 transfers in one page
	HOLDFAST_BROWSER=all go test -C test/browser -count=1 -timeout 20m -v -run '^Test(Amazon|Engine)'

bench: ## the figures that docs/STATUS.md states
	go test -run '^$$' -bench . -benchmem ./...
	HOLDFAST_FLOOD=disk go test -C test/flood -count=1 -v -timeout 20m

fuzz: ## every fuzz test for FUZZTIME (30s) each
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

clean: ## remove what was built here
	rm -rf bin connect/dist
