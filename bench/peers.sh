#!/usr/bin/env bash
# Installs the servers to compare with, by package name, unless they are there.
set -euo pipefail
missing=()
for package in prometheus victoria-metrics prometheus-alertmanager prometheus-node-exporter; do
  dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  make apt PACKAGES="${missing[*]}"
fi
