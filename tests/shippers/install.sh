#!/usr/bin/env bash
# Installs what sends logs in the end-to-end tests of shippers, by package name, below
# target/shippers. Where that cannot be done the tests say in one line each what they skip.
set -uo pipefail
cd "$(dirname "$0")/../.."
folder=target/shippers
mkdir -p "$folder/node"
if command -v python3 >/dev/null; then
  if [ ! -e "$folder/python/.done" ]; then
    python3 -m venv "$folder/python" >/dev/null 2>&1 \
      && "$folder/python/bin/pip" install -q --disable-pip-version-check \
        -r tests/shippers/requirements.txt >/dev/null 2>&1 \
      && touch "$folder/python/.done" \
      || echo "Python's shippers cannot be installed, their tests are skipped"
  fi
else
  echo "no python3: tests of Python's shippers are skipped"
fi
if command -v npm >/dev/null; then
  if ! cmp -s tests/shippers/package.json "$folder/node/package.json"; then
    cp tests/shippers/package.json "$folder/node/"
    (cd "$folder/node" && npm install --no-audit --no-fund --loglevel=error >/dev/null 2>&1) \
      || { rm "$folder/node/package.json"; echo "Node.js' shippers cannot be installed, their tests are skipped"; }
  fi
else
  echo "no npm: tests of Node.js' shippers are skipped"
fi
exit 0
