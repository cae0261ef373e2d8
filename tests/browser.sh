#!/usr/bin/env bash
# Every page of the UI in a real browser, against the real binary with real data
# of this host. Says in one line what is skipped when there is no browser.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x /usr/bin/chromium ]; then
  make apt PACKAGES=chromium >/dev/null 2>&1 || true
fi
if [ ! -x /usr/bin/chromium ]; then
  echo "skipped: browser tests: chromium is not installed and cannot be"
  exit 0
fi

cargo build -q -p binnacle
directory=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$directory"
}
trap finish EXIT

cat >"$directory/binnacle.yaml" <<'YAML'
metrics:
  prometheus_file: prometheus.yml
  self_interval: 1s
  host: {interval: 1s}
YAML
cat >"$directory/prometheus.yml" <<'YAML'
scrape_configs:
- job_name: nobody
  static_configs:
  - targets: ['127.0.0.1:1']
YAML
target/debug/binnacle serve --config "$directory/binnacle.yaml" --data-dir "$directory/data" \
  --listen 127.0.0.1:0 --log-format json 2>"$directory/log" &
server=$!
address=
for _ in $(seq 1 600); do
  address=$(sed -n 's/.*"message":"listening".*"address":"\([^"]*\)".*/\1/p; s/.*"address":"\([^"]*\)".*"message":"listening".*/\1/p' "$directory/log" | head -n 1)
  [ -n "$address" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$directory/log"; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { echo "the server does not listen"; cat "$directory/log"; exit 1; }
cd ui && BASE_URL="http://$address" npm run --silent e2e
