#!/usr/bin/env bash
# What the browser tests need beside Python: a Chromium of the system and axe-core. Does nothing when both are there.
# Exit 0: ready. Exit 3: no browser could be had (the caller may skip, in CI it must not).
set -euo pipefail
cd "$(dirname "$0")"

find_browser() {
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && command -v "$name" && return 0
  done
  local mac="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
  [ -x "$mac" ] && echo "$mac"
}

if ! find_browser >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium …" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation; } >&2 ||
      echo "apt-get could not install chromium." >&2
  fi
fi
if ! find_browser >/dev/null; then
  echo "No Chromium or Chrome was found. Install one (Debian: apt-get install chromium; macOS: Google Chrome), or set CHROMIUM to its path." >&2
  exit 3
fi

if [ ! -f node_modules/axe-core/axe.min.js ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  command -v npm >/dev/null || { echo "npm was not found. Install Node.js 20 or newer: the accessibility tests load axe-core from it." >&2; exit 3; }
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
