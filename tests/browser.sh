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
webhook=
finish() {
  for process in $server $webhook; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$directory"
}
trap finish EXIT

# What alerts are sent to: a webhook on loopback.
node ui/e2e/webhook.mjs >"$directory/webhook" &
webhook=$!
for _ in $(seq 1 100); do
  [ -s "$directory/webhook" ] && break
  sleep 0.1
done
[ -s "$directory/webhook" ] || { echo "the webhook does not listen"; exit 1; }
node ui/e2e/configure.mjs "$directory" "$(cat "$directory/webhook")"
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
