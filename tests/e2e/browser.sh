#!/usr/bin/env bash
# Put Chromium and Chinese fonts on the machine when that is allowed; say loudly when it is not.
set -u
have() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
have && fc-list 2>/dev/null | grep -qi 'noto.*cjk' && exit 0
if have && ! command -v apt-get >/dev/null 2>&1; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "==> Chromium and fonts (Debian packages)"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig; } >"$log" 2>&1 \
    || { echo "!! Chromium could not be installed; the browser tests will be skipped:"; tail -n 5 "$log"; }
  rm -f "$log"
else
  have || echo "!! No Chromium here and no right to install it: the browser tests will be SKIPPED (as root: apt-get install chromium fonts-noto-cjk)."
fi
exit 0
