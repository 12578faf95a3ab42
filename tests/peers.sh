#!/usr/bin/env bash
# The real peers that the interoperability tests call: SIPp, sipsak and Kamailio; tshark and sngrep, which read our
# captures; Node.js, in which an example of a dialler is written; PostgreSQL, of which the tests of records start a
# server; Chromium, in which the pages are tried; npm, which fetches what judges whether everybody can use them, and the
# library of their charts; sox, which reads G.711 and makes music, and espeak-ng, which speaks.
#
# Installs what is missing where apt-get exists, without questions and without starting a service. Where it cannot, it
# says what is missing and goes on, because those tests are then skipped; with CI set that is a failure.
set -euo pipefail

PATH="$PATH:/usr/sbin:/sbin"
declare -A package=([sipp]=sip-tester [sipsak]=sipsak [kamailio]=kamailio [tshark]=tshark [sngrep]=sngrep [unzip]=unzip
  [node]=nodejs [npm]=npm [postgres]=postgresql [chromium]=chromium [sox]=sox [espeak-ng]=espeak-ng)

found() {
  command -v "$1" >/dev/null && return
  # Debian keeps the programs of PostgreSQL out of the way, a folder for each version.
  [ "$1" = postgres ] && compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null
}

missing() {
  local program
  for program in "${!package[@]}"; do
    found "$program" || printf '%s\n' "$program"
  done | sort
}

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi

# Debian asks this program whether a service may be started after its installation; 101 means no.
policy=/usr/sbin/policy-rc.d
policy_is_ours=no

forbid_services() {
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    policy_is_ours=yes
    "${as_root[@]}" chmod 755 "$policy"
  fi
}

allow_services() {
  if [ "$policy_is_ours" = yes ]; then
    "${as_root[@]}" rm -f "$policy"
  fi
}

install_missing() {
  local program
  trap allow_services EXIT
  forbid_services
  "${as_root[@]}" apt-get update -qq || echo "peers: apt-get update failed; trying with what is known" >&2
  for program in $1; do
    # One at a time, so that a package unknown here does not cost the others.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${package[$program]}" >/dev/null ||
      echo "peers: ${package[$program]} could not be installed" >&2
    if [[ "$program" = kamailio || "$program" = postgres ]] && command -v systemctl >/dev/null; then
      # Nor shall it start with the machine: only the tests start it, on ports of their own.
      "${as_root[@]}" systemctl disable --quiet "${package[$program]}" 2>/dev/null || true
    fi
  done
}

wanted=$(missing)
if [ -z "$wanted" ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "peers: no apt-get here" >&2
elif [ "${#as_root[@]}" -gt 0 ] && ! "${as_root[@]}" true 2>/dev/null; then
  echo "peers: neither root nor sudo without a password" >&2
else
  echo "peers: installing" $wanted
  install_missing "$wanted"
fi

still=$(missing)
if [ -n "$still" ]; then
  echo "peers: missing:" $still "- the tests that need them are skipped" >&2
  if [ -n "${CI:-}" ]; then
    echo "peers: CI is set, so that is a failure" >&2
    exit 1
  fi
fi
