# make demo   sign a document on a web page, with a throw-away key
# make test   everything CI checks
# Both install what is missing (Debian, Ubuntu) and say what.

.PHONY: build demo test quick lint fuzz bench clean

build:
	@.ci/setup demo
	@. .ci/env && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $$(.ci/version)" -o bin/tanba ./cmd/tanba

demo: build
	@bin/tanba demo

test:
	@.ci/setup test
	@.ci/test

# The tests that need neither a browser nor the shared material.
quick:
	@. .ci/env && go vet ./... && go test -short ./...

lint:
	@.ci/lint

# FUZZTIME=15m make fuzz; FUZZ=FuzzDecode for one target.
fuzz:
	@.ci/fuzz

bench:
	@. .ci/env && go test -run '^$$' -bench . ./internal/... ./protocol/... ./bridge/...

clean:
	rm -rf bin build
