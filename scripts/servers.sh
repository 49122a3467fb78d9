#!/usr/bin/env bash
# Puts a mail server (Exim) and a log collector (rsyslog) for the tests into the user's
# cache. Nothing is installed or started on this machine: Debian's packages are only
# unpacked, and the tests run them without privileges on ports of their own. Says nothing
# and takes no time when they are there.
set -euo pipefail

folder=${XDG_CACHE_HOME:-$HOME/.cache}/custody/servers
[ -e "$folder/ready" ] && exit 0
temp=$folder.new
rm -rf "$temp"
mkdir -p "$temp/packages" "$temp/lib" "$temp/rsyslog"

# gather DIR copies what the tests run out of a file system's root.
gather() {
  local file
  for file in "$1"/usr/sbin/exim4 "$1"/usr/sbin/exim; do
    if [ -e "$file" ]; then cp "$file" "$temp/exim"; fi
  done
  if [ -e "$1/usr/sbin/rsyslogd" ]; then cp "$1/usr/sbin/rsyslogd" "$temp/rsyslogd"; fi
  find "$1"/usr/lib* -path '*/rsyslog/*.so' -exec cp -t "$temp/rsyslog" {} + 2>/dev/null || true
  find "$1"/usr/lib* -name 'libnss_wrapper.so' -exec cp -t "$temp/lib" {} + 2>/dev/null || true
}

if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
  packages=(exim4-daemon-light libidn12 libnss-wrapper rsyslog rsyslog-gnutls libestr0 libfastjson4)
  cd "$temp/packages"
  echo "setup: fetching ${packages[*]} (not installed)" >&2
  fetch() { apt-get -o APT::Sandbox::User=root download "${packages[@]}" >../log 2>&1 </dev/null; }
  if ! fetch; then
    if [ "$(id -u)" -eq 0 ]; then apt-get update >>../log 2>&1 </dev/null; else sudo -n apt-get update >>../log 2>&1 </dev/null; fi || true
    fetch || { cat ../log >&2; printf 'setup: the servers for the tests could not be fetched\nhint: check the network and /etc/apt/sources.list\n' >&2; exit 1; }
  fi
  for package in *.deb; do dpkg-deb -x "$package" unpacked; done
  gather unpacked
  find unpacked/usr/lib -maxdepth 2 -name 'lib*.so*' -exec cp -P -t "$temp/lib" {} +
else
  gather ""
fi
for file in exim rsyslogd lib/libnss_wrapper.so rsyslog/lmnsd_gtls.so rsyslog/imtcp.so; do
  if [ ! -e "$temp/$file" ]; then
    printf 'setup: no %s for the tests\nhint: install Exim, rsyslog with its gtls driver, and nss_wrapper\n' "$file" >&2
    exit 1
  fi
done
rm -rf "$temp/packages" "$temp/log"
chmod 0755 "$temp/exim" # never with another account's rights
touch "$temp/ready"
rm -rf "$folder"
mv "$temp" "$folder"
