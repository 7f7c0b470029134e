# make demo    the main job on a virtual key: needs Go only
# make test    installs the real parts of the tests where it may, then runs everything
# make build   ./ykmfa
# make install to $(PREFIX)/bin
# make check   gofmt, vet, staticcheck, tidy go.mod, builds for other platforms
# make bench   the numbers, side by side
# make fuzz    every fuzz target for FUZZTIME

PREFIX   ?= /usr/local
FUZZTIME ?= 30s
BINARY    = ykmfa
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: demo build install test deps check bench fuzz clean

demo:
	@CGO_ENABLED=0 test/demo

# The runtime helps to erase secrets (runtime/secret) where toolchain and platform can; elsewhere nothing is added.
comma      = ,
WITHSECRET = $(if $(GOEXPERIMENT),$(GOEXPERIMENT)$(comma))runtimesecret
KNOWN      = $(if $(filter linux/amd64 linux/arm64,$(shell go env GOOS)/$(shell go env GOARCH)),$(WITHSECRET))
EXPERIMENT = $(or $(if $(KNOWN),$(shell GOEXPERIMENT=$(KNOWN) go env GOEXPERIMENT 2>/dev/null)),$(GOEXPERIMENT))

# Only macOS has its smart cards behind a C library.
build:
	GOEXPERIMENT=$(EXPERIMENT) CGO_ENABLED=$(if $(filter Darwin,$(shell uname -s)),1,0) go build -trimpath -ldflags=-s -o $(BINARY) ./cmd/ykmfa

# Under sudo there may be no go: build first.
install:
	@test -x ykmfa || $(MAKE) build
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 0755 ykmfa $(DESTDIR)$(PREFIX)/bin/ykmfa

deps:
	@test/deps

test: deps
	go test -count=1 -timeout 15m ./...
	go test -count=1 -timeout 15m -tags libpcsclite ./pcsc

check:
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "not gofmt'ed:"; echo "$$files"; exit 1; fi
	go vet ./...
	go vet -tags libpcsclite ./pcsc
	go run $(STATICCHECK) ./...
	go run $(STATICCHECK) -tags libpcsclite ./pcsc
	go mod tidy -diff
	go mod verify
	CGO_ENABLED=0 go build -o /dev/null ./cmd/ykmfa
	CGO_ENABLED=0 go vet ./...
	GOOS=windows CGO_ENABLED=0 go build -o /dev/null ./cmd/ykmfa
	GOOS=windows CGO_ENABLED=0 go vet ./...
	GOOS=darwin CGO_ENABLED=0 go vet ./...

bench: deps
	@go run ./test/bench

# Each target runs by itself: go test -fuzz takes one at a time.
fuzz:
	@set -e; for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

clean:
	rm -f ykmfa vkey
