# make demo   sign a document on a web page, with a throw-away key
# make test   everything CI checks
# make packages   every package for every system, into build/packages
# They install what is missing (Debian, Ubuntu) and say what.

.PHONY: build demo test quick lint fuzz bench packages check-packages wine clean

# The tag leaves HTTP/2 out, which no part of the program speaks.
build:
	@.ci/setup demo
	@. .ci/env && CGO_ENABLED=0 go build -trimpath -tags nethttpomithttp2 -ldflags "-s -w $$(.ci/version)" -o bin/tanba ./cmd/tanba
	@. .ci/env && if command -v $${CC:-gcc} >/dev/null 2>&1; then cgo=1; else cgo=0; \
		echo 'build: no C compiler: tanba-token is built without one, through purego (install gcc and libc6-dev for the usual one)' >&2; fi; \
	CGO_ENABLED=$$cgo go build -trimpath -ldflags "-s -w" -o bin/tanba-token ./cmd/tanba-token

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

packages:
	@.ci/setup packages
	@installer/packages/build

# The Debian package installed and purged; as root.
check-packages:
	@.ci/packages

# The Windows packages under Wine; as root.
wine:
	@.ci/wine

clean:
	rm -rf bin build
