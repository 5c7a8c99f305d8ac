#!/usr/bin/env bash
# run.sh e2e|screenshots: the browser against the running stack. Without a browser it says so and skips, except in CI.
set -uo pipefail
cd "$(dirname "$0")/../.."
tests/e2e/setup.sh
ready=$?
export PYTHONPATH=shared
if [ $ready = 3 ] && [ -z "${CI:-}" ]; then echo "skipped: no browser"; exit 0; fi
[ $ready = 0 ] || exit $ready
if [ ! -f .sidedesk/stack.json ]; then echo "The stack is not running. Start it with: make up DETACH=1" >&2; exit 1; fi
case "${1:-e2e}" in
  e2e) shift || true; exec .local/venv/dev/bin/python -m pytest tests/e2e "$@" ;;
  screenshots) exec .local/venv/dev/bin/python -m tests.e2e.screenshots ;;
  *) echo "run.sh e2e|screenshots" >&2; exit 2 ;;
esac
