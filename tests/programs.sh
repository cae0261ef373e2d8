#!/usr/bin/env bash
# Installs the programs that the end-to-end tests meet, by package name. Where that
# cannot be done the tests say in one line each what they skip.
set -uo pipefail
cd "$(dirname "$0")/.."
tests/shippers/install.sh
command -v apt-get >/dev/null || { echo "no apt-get: tests with other programs are skipped"; exit 0; }
missing=()
for package in prometheus prometheus-node-exporter prometheus-blackbox-exporter \
  prometheus-postgres-exporter prometheus-redis-exporter golang-go \
  golang-github-prometheus-client-golang-dev chromium \
  rsyslog rsyslog-elasticsearch systemd-journal-remote; do
  dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
make -s apt PACKAGES="${missing[*]}" >/dev/null 2>&1 \
  || echo "some of these cannot be installed, their tests are skipped: ${missing[*]}"
exit 0
