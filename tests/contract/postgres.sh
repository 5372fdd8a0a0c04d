#!/usr/bin/env bash
# Put a PostgreSQL server on the machine when that is allowed; say loudly when it is not.
set -u
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && exit 0
command -v initdb >/dev/null 2>&1 && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "==> PostgreSQL (Debian package; the tests start a server of their own)"
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
  log=$(mktemp)
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } >"$log" 2>&1 \
    || { echo "!! PostgreSQL could not be installed; its tests will be skipped:"; tail -n 5 "$log"; }
  rm -f "$log"
else
  echo "!! No PostgreSQL here and no right to install it: its tests will be SKIPPED (as root: apt-get install postgresql)."
fi
exit 0
