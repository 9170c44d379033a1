#!/bin/sh
# Installs Debian's packages, where root may do so; else says which. Those named as arguments, or else those of the real
# programs that the tests run and that are not there.
set -eu
PATH="$PATH:/usr/sbin:/sbin" # where nginx is, and who is not root does not look
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done # out of the way, so that versions live side by side
missing="$*"
[ -n "$missing" ] || while read -r program package; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $package"
done <<LIST
prometheus prometheus
promtool prometheus
prometheus-alertmanager prometheus-alertmanager
amtool prometheus-alertmanager
chromium chromium
node nodejs
npm npm
curl curl
nginx nginx
systemd-analyze systemd
pg_ctl postgresql
pgbouncer pgbouncer
LIST
[ -n "$missing" ] || exit 0
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
install="apt-get install -y --no-install-recommends $missing"
if [ "$(id -u)" = 0 ]; then
    run=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    run="sudo"
else
    echo "packages are missing and only root may install them: $install" >&2
    exit 1
fi
echo "installing $missing"
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
$run $install >/dev/null
