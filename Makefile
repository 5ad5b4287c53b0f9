# make demo    train a network that explodes, find out why, cure it
# make test    the whole test suite
SWIFT ?= swift
PACKAGES := libopenblas-dev zlib1g-dev libsqlite3-dev pkg-config
BUILD := $(SWIFT) build -c release

.PHONY: unwatched serving maps studies fuzz-logs logs archive kills late test-wheel deps python python-environment web-environment test-python test-web screenshots engines reports watching wheel build demo install manual test test-levels test-advice golden fuzz beside survive cases trainings matrix faults bench catalog format lint clean

# Installs what is missing: with apt as root or through sudo; otherwise says what to type.
deps:
	@if command -v dpkg >/dev/null 2>&1; then \
	  missing=""; for p in $(PACKAGES); do \
	    dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	  if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then root=""; \
	    elif command -v sudo >/dev/null 2>&1; then root="sudo"; \
	    else echo "missing:$$missing; type: su -c 'apt-get install -y$$missing'" >&2; exit 1; fi; \
	    $$root apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -qq $$missing; \
	  fi; \
	fi

python:
	@command -v python3 >/dev/null 2>&1 || $(MAKE) deps PACKAGES=python3

build: deps
	$(BUILD) --build-tests

demo: deps
	$(BUILD) --product keel
	.build/release/keel cure Recipes/exploding-mlp.yaml --report .build/report.html

PREFIX ?= /usr/local
MANUAL := .build/plugins/GenerateManual/outputs/KeelCommand
install: deps
	$(BUILD) --product keel
	install -d $(PREFIX)/bin && install -m 755 .build/release/keel $(PREFIX)/bin/keel
	@if [ -d $(MANUAL) ]; then install -d $(PREFIX)/share/man/man1 && \
	  install -m 644 $(MANUAL)/*.1 $(PREFIX)/share/man/man1; fi

# One page a command; 'make install' takes them along where they have been written.
manual: deps
	$(SWIFT) package generate-manual --multi-page

test: build
	$(SWIFT) test -c release --skip-build

# Kernels, gradients, vectors and theory under every other level of the processor that this machine has.
LEVELS := x86-64-v4:SkylakeX x86-64-v3:Haswell baseline:Prescott
test-levels: build
	@best=""; for level in $(LEVELS); do name=$${level%%:*}; core=$${level##*:}; \
	  if ! KEEL_KERNELS=$$name .build/release/keel list losses >/dev/null 2>&1; then \
	    echo "kernels $$name: not on this machine, untested"; continue; fi; \
	  if [ -z "$$best" ]; then best=$$name; echo "kernels $$name: the whole suite, by make test"; continue; fi; \
	  echo "kernels $$name, BLAS $$core"; \
	  KEEL_KERNELS=$$name OPENBLAS_CORETYPE=$$core $(SWIFT) test -c release --skip-build \
	    --filter 'EngineTests|SettingsTests|NetworksTests|DataTests|RecipesTests|PartsTests|CurveTests|OptimizerCurveTests|GainTests|SoftmaxMomentsTests|MeasurementTests' \
	    || exit 1; done

# What the live page costs, and what it withstands; ARGS="many long step" for parts of it. Twenty minutes.
serving: deps python
	$(BUILD) --product keel
	KEEL_COMMAND=$(CURDIR)/.build/release/keel python3 -B Benchmarks/Serving/serving.py $(ARGS)

# Maps against grids that were trained whole, of recipes that the faults' generator draws.
maps: deps
	$(BUILD) --product keel && $(BUILD) --product faults
	.build/release/faults --seeds D --count 8 --no-baselines --keep --minutes 5 --out .build/maps >/dev/null
	python3 Benchmarks/Maps/maps.py --keel .build/release/keel --recipes .build/maps $(ARGS)

# Programs in awk, C, PyTorch and Swift with one setting at fault, by their studies: half an hour.
studies: deps python-environment
	$(BUILD) --product keel
	.build/advice/bin/python -B Benchmarks/Studies/studies.py --keel .build/release/keel --out .build/studies $(ARGS)

# Logs of trainings of known fault, in every format, and what the command says of them: two minutes.
logs: deps python-environment
	$(BUILD) --product keel
	@.build/advice/bin/python -c "import tensorboard" 2>/dev/null || \
	  .build/advice/bin/python -m pip install --quiet --disable-pip-version-check tensorboard
	.build/advice/bin/python -B -W ignore Benchmarks/Logs/logs.py --keel .build/release/keel --out .build/logs $(ARGS)

# Sick trainings in PyTorch and Keras, healed by the lines that Keel prints for them and by those of its
# guides. Brings PyTorch (190 MB) into .build/advice; about twenty minutes.
test-advice: deps python
	$(BUILD) --product keel && $(BUILD) --product advice
	@python3 -c "import ensurepip" 2>/dev/null || $(MAKE) deps PACKAGES="python3 python3-venv"
	python3 Tests/Advice/environment.py .build/advice || { code=$$?; [ $$code = 3 ] && exit 0; exit $$code; }; \
	.build/advice/bin/python -B Tests/Advice/advice.py --keel .build/release/keel --advice .build/release/advice $(ARGS)

# PyTorch, Keras and pytest, in .build/advice; PyTorch takes 190 MB.
python-environment: python
	@python3 -c "import ensurepip" 2>/dev/null || $(MAKE) deps PACKAGES="python3 python3-venv"
	python3 Tests/Advice/environment.py .build/advice
	@.build/advice/bin/python -c "import pytest" 2>/dev/null || \
	  .build/advice/bin/python -m pip install --quiet --disable-pip-version-check pytest

# The Python package, with PyTorch and Keras as they are there.
test-python: deps python-environment
	$(BUILD) --product keel
	cd Python && KEEL_COMMAND=$(CURDIR)/.build/release/keel KERAS_BACKEND=torch PYTHONPATH=. \
	  ../.build/advice/bin/python -B -m pytest -q $(ARGS)

# Playwright, axe-core and pytest, in .build/web, and the browser that they drive.
web-environment: python
	@$(MAKE) deps PACKAGES="chromium fonts-dejavu-core poppler-utils"
	@python3 -c "import ensurepip" 2>/dev/null || $(MAKE) deps PACKAGES="python3 python3-venv"
	@test -x .build/web/bin/python || python3 -m venv .build/web
	@.build/web/bin/python -m pip install --quiet --disable-pip-version-check -r Tests/Web/requirements.txt

# Reports in a browser: whole without scripts, legible, printable, safe, in need of nothing; and the live page,
# while trainings explode, one of them in PyTorch (190 MB). Six minutes;
# KEEL_COMMAND=… takes another keel than the one that is built here.
WEB_KEEL = $(or $(KEEL_COMMAND),$(CURDIR)/.build/release/keel)
test-web: deps web-environment python-environment
	$(if $(KEEL_COMMAND),,$(BUILD) --product keel)
	KEEL_TORCH=$(CURDIR)/.build/advice/bin/python KEEL_COMMAND=$(WEB_KEEL) .build/web/bin/python -B -m pytest -q -p no:cacheprovider Tests/Web $(ARGS)

# The same reports, and the live page before, during and after an explosion, as PNG files in .build/screenshots: light and dark, in a wide window and in a narrow one;
# and the pictures of the README anew.
screenshots: deps web-environment
	$(if $(KEEL_COMMAND),,$(BUILD) --product keel)
	KEEL_COMMAND=$(WEB_KEEL) .build/web/bin/python -B Tests/Web/screenshots.py $(ARGS)
	KEEL_COMMAND=$(WEB_KEEL) .build/web/bin/python -B Tests/Web/live_screenshots.py
	KEEL_COMMAND=$(WEB_KEEL) python3 Tests/Web/pictures.py

# The Python package with the command in it, for machines that have no Swift: .build/dist/keel-….whl.
wheel: deps python
	@python3 -c "import ensurepip" 2>/dev/null || $(MAKE) deps PACKAGES="python3 python3-venv"
	$(BUILD) --product keel --static-swift-stdlib --scratch-path .build/wheel
	python3 Python/wheel.py --keel .build/wheel/release/keel --into .build/dist

# The wheel in a bare Debian without Swift, by what the README says to type; needs root, and 2 GB.
test-wheel: wheel
	@$(MAKE) deps PACKAGES="debootstrap"
	python3 Python/root.py .build/dist/keel-*.whl

# What a hundred small recipes come to, against the record; ARGS="--record" writes it anew.
golden: deps python
	$(BUILD) --product keel
	python3 Tests/Golden/golden.py --keel .build/release/keel $(ARGS)

# Recipes and checkpoints that nobody would write: no crash, no exit 70, no more memory than planned.
fuzz: deps python
	$(BUILD) --product keel
	python3 Benchmarks/Fuzz/fuzz.py --keel .build/release/keel $(ARGS)

# Any bytes as logs of any format, by libFuzzer: ARGS="-runs=1000000" or "-max_total_time=600".
fuzz-logs: deps
	cd Benchmarks/Fuzz/Readers && $(SWIFT) build -c release --sanitize fuzzer
	python3 Benchmarks/Fuzz/seeds.py Tests/Vectors/logs .build/fuzz-logs
	Benchmarks/Fuzz/Readers/.build/release/readers -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
	  -artifact_prefix=.build/ $(or $(ARGS),-runs=1000000) .build/fuzz-logs

# Small PyTorch trainings, sound and spoiled, and what keel.cure makes of them; ARGS="--seeds D --faults 40".
engines: deps python-environment
	$(BUILD) --product keel
	KEEL_COMMAND=$(CURDIR)/.build/release/keel .build/advice/bin/python -B Benchmarks/Engines/engines.py $(ARGS)

# Ten trainings that explode after nine tenths of 20,000 steps: cured from a kept state, and healed.
late: deps python-environment
	$(BUILD) --product keel
	KEEL_COMMAND=$(CURDIR)/.build/release/keel .build/advice/bin/python -B Benchmarks/Engines/late.py $(ARGS)

# Cures of an engine killed at random moments, and what is left of them.
kills: deps python
	$(BUILD) --product keel
	KEEL_COMMAND=$(CURDIR)/.build/release/keel python3 -B Benchmarks/Engines/kills.py $(ARGS)

# Public reports of sick trainings, re-expressed: what Keel says beside what was established;
# ARGS="--plain" shows that each is sick, and mended by its mend.
reports: deps python-environment
	$(BUILD) --product keel
	KEEL_COMMAND=$(CURDIR)/.build/release/keel .build/advice/bin/python -B Benchmarks/Reports/reports.py $(ARGS)

# What keel.watch adds to a step of seven networks.
watching: python-environment
	PYTHONPATH=Python .build/advice/bin/python -B Benchmarks/Watch/watch.py $(ARGS)

# A diagnosis alone, and two of them at once: how much longer each takes.
beside: deps python
	$(BUILD) --product keel
	python3 Benchmarks/Beside/beside.py --keel .build/release/keel $(ARGS)

# A hundred trainings killed and resumed, and twenty that meet a fault on their way and heal, as a table.
survive: build
	KEEL_SURVIVE=1 $(SWIFT) test -c release --skip-build --filter 'KillTests|HealingPolicyTests'

# Diagnosis and cure of every case, three seeds each, as tables; ARGS="--help" says what else it can.
cases: deps
	$(SWIFT) run -c release cases $(ARGS)

# Real trainings, three seeds each, as a table; ARGS="--broken" breaks each on purpose and cures it.
trainings: deps
	$(SWIFT) run -c release trainings $(ARGS)

# Faults made in healthy recipes, and what Keel and others make of them; ARGS="--help".
faults: deps
	$(SWIFT) run -c release faults $(ARGS)

# What it costs to keep a run, how large a million steps are, and what survives writers and kills.
archive: deps python
	$(BUILD) --product archive && $(BUILD) --product keel
	.build/release/archive $(ARGS)
	python3 Benchmarks/Archive/writers.py --keel .build/release/keel

# Every remedy against every cause; writes the tables of Guides/Matrix.md anew.
matrix: deps
	$(SWIFT) run -c release matrix --into Guides/Matrix.md $(ARGS)

bench: deps
	$(SWIFT) run -c release steps $(if $(PYTHON),--python $(PYTHON)) $(ARGS)

# What watching costs: steps over those of a copy of this checkout that looks at nothing.
unwatched: deps python
	python3 -B Benchmarks/Steps/unwatched.py $(ARGS)

# Rewrites the checked-in lists of ingredients, probes, causes and remedies from the folders: one file,
# one member, and A+B.swift belongs to A.
NETWORKS := Layers Activations Initializers Losses Optimizers Schedules Clipping Regularizers
# $(call write_list,file,type,folders)
define write_list
	@{ echo "// Written by 'make catalog' from the folders; do not edit."; echo; \
	  sed -n '/^import/p' $(1); echo; \
	  echo "extension $(2) {"; \
	  echo "  /// Everything that comes with Keel, folder by folder in alphabetical order."; \
	  echo "  public static let standard: $(2) = $(2)(["; \
	  for f in $(foreach d,$(3),$(sort $(wildcard $(d)/*.swift))); do \
	    case $$f in *+*) ;; *) echo "    $$(basename $$f .swift).self,";; esac; done; \
	  echo "  ])"; echo "}"; } > $(1).new && mv $(1).new $(1)
endef
catalog:
	$(call write_list,Sources/Recipes/StandardCatalog.swift,Catalog,$(addprefix Sources/Networks/,$(NETWORKS)) Sources/Recipes/Datasets)
	$(call write_list,Sources/Training/Monitor/ProbeCatalog.swift,ProbeCatalog,Sources/Training/Probes)
	$(call write_list,Sources/Training/Monitor/SampledProbeCatalog.swift,SampledProbeCatalog,Sources/Training/SampledProbes)
	$(call write_list,Sources/Causes/Diagnosis/CauseCatalog.swift,CauseCatalog,Sources/Causes)
	$(call write_list,Sources/Remedies/Search/RemedyCatalog.swift,RemedyCatalog,Sources/Remedies)
	@$(SWIFT) format --in-place Sources/Recipes/StandardCatalog.swift Sources/*/*/*Catalog.swift

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks Examples

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks

clean:
	rm -rf .build
