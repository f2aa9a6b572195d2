#!/usr/bin/env bash
# Prepares what is needed, then hands over. ./run.sh help says what there is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# One thread for each library's own arithmetic: trees have theirs, and forks do not mix with pools.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONUNBUFFERED=1 PYTHONPATH=$PWD

usage() {
  cat <<'TEXT'
./run.sh              install what is needed, then serve: the web and one worker
./run.sh demo         the main job on data/glass.csv, each step as the curl that it is
./run.sh test [...]   install what the tests need and run them; arguments go on to pytest
./run.sh bench [...]  the benchmarks beside their yardsticks: all, or those named; --short for minutes
./run.sh web          the web alone
./run.sh worker       a worker alone
./run.sh dask scheduler | worker ADDRESS [...]   a cluster that grows trees: docs/scale.md
./run.sh key add NAME [--scope predict|write|admin] [--days N] | list | revoke NAME
./run.sh check        whether all that is kept is there and whole; it may run meanwhile
./run.sh backup DIR   a consistent copy of all that is kept; it may run meanwhile
./run.sh restore DIR  put a backup back into a GROVE_HOME that holds nothing yet
TEXT
}

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

find_python() { # the first python3 of a version that is supported
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "Grove needs Python 3.11, 3.12 or 3.13; python3 is $(python3 -V 2>/dev/null || echo missing)."
}

install() { # install FILE into the environment, unless this very file is installed already
  local stamp=".venv/$1.installed"
  if [[ -z ${PARTS_INSTALLED:-} ]]; then
    local python
    if [[ ! -x .venv/bin/python3 ]]; then
      python=$(find_python) || exit 1
      "$python" -m venv .venv || {
        rm -rf .venv
        die "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv"
      }
    fi
    if ! cmp -s "$1" "$stamp"; then
      say "Installing $1 (once)..."
      .venv/bin/python3 -m pip install --quiet --disable-pip-version-check -r "$1"
      cp "$1" "$stamp"
    fi
    PATH=$PWD/.venv/bin:$PATH
  fi
}

install_parts() { # what serves, and what traces need where they are wanted
  install requirements.txt
  [[ -z ${GROVE_TRACES_URL:-} ]] || install requirements-traces.txt
  [[ -n ${PARTS_INSTALLED:-} ]] || compress
}

compress() { # the static files, for who takes them so, unless these very ones are compressed already
  local stamp=.venv/static.compressed state
  state=$(find static -type f ! -name '*.gz' ! -name '*.br' -exec cksum {} + | sort)
  if [[ ! -f $stamp || $state != "$(<"$stamp")" ]]; then
    python3 -m whitenoise.compress --quiet static
    printf '%s\n' "$state" >"$stamp"
  fi
}

keep_worker() { # run a worker, and another one whenever it dies
  local pid=
  trap 'trap - TERM INT; [[ -z $pid ]] || kill -TERM "$pid" 2>/dev/null; wait; exit 0' TERM INT
  while true; do
    python3 -m services.worker & pid=$!
    wait "$pid" || say "The worker ended; starting another."
    sleep 0.5
  done
}

end_parts() { # end what serve has started, and wait for it
  trap - TERM INT EXIT
  kill -TERM $web $worker 2>/dev/null || true
  wait || true
}

serve() {
  install_parts
  python3 -m commands.ready free
  python3 -m services.setup
  web= worker=
  trap end_parts EXIT
  trap 'end_parts; exit 0' TERM INT
  keep_worker & worker=$!
  python3 -m controllers.server & web=$!
  python3 -m commands.ready greet "$web"
  while kill -0 "$web" 2>/dev/null && kill -0 "$worker" 2>/dev/null; do
    sleep 0.5 & wait $! || true # a signal ends the wait at once, not the sleep
  done
  die "The web has ended; so does the rest."
}

case ${1:-serve} in
  serve) serve ;;
  web) install_parts; exec python3 -m controllers.main ;;
  worker) install_parts; python3 -m services.setup; exec python3 -m services.worker ;;
  key) shift; install requirements.txt; exec python3 -m commands.keys "$@" ;;
  check | backup | restore) part=$1; shift; install requirements.txt; exec python3 -m "commands.$part" "$@" ;;
  demo) install requirements.txt; exec python3 -m commands.demo ;;
  test) shift; install requirements-test.txt; exec python3 -m pytest "$@" ;;
  dask) shift; install requirements.txt; DASK_CONFIG=${DASK_CONFIG:-$PWD/deploy/dask.yaml} exec python3 -m dask "$@" ;;
  bench) shift; install requirements.txt; exec python3 -m benchmarks "$@" ;;
  help | -h | --help) usage ;;
  *) usage; exit 2 ;;
esac
