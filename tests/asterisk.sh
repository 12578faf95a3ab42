#!/usr/bin/env bash
# Asterisk, the real dialler of the interoperability tests. Debian has it in sid only, so it gets a root of its own there:
# debootstrap makes it, from the mirror that this machine's apt is set up with, into a cache that later runs find.
#
#   bash tests/asterisk.sh           makes the root, if it is not there; a minute or two, 330 MB
#   bash tests/asterisk.sh --where   prints where it is or would be
#
# Python is in it too, so that tests can build the image of examples/recipes on it where no images can be pulled.
#
# Nothing of it is started here or enters this machine's own system. Where it cannot be had (no root, no mirror of sid) this
# says why, in a file as well, and goes on: the tests that need it are skipped with these words. With CI set they fail if this
# was never tried, or if Asterisk is there and does not work.
set -euo pipefail

PATH="$PATH:/usr/sbin:/sbin"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/simcarrier"
root="$cache/asterisk-sid"
suite=sid

if [ "${1:-}" = --where ]; then
  printf '%s\n' "$root"
  exit 0
fi

cannot() {
  echo "asterisk: $1 - the tests that need Asterisk are skipped" >&2
  mkdir -p "$cache"
  printf '%s\n' "$1" >"$root.not-had"
  exit 0
}

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi

# The first Debian mirror that apt has lists of. The one of the security updates has no sid.
mirror() {
  apt-get indextargets --format '$(SITE) $(ORIGIN)' 'Created-By: Packages' |
    awk '$2 == "Debian" && $1 ~ /^https?:/ && $1 !~ /-security/ && !found { print $1; found = 1 }'
}

there() {
  [ -x "$root/usr/sbin/asterisk" ]
}

make_root() {
  local part="$root.part" log="$cache/asterisk.log" inside=()
  # debootstrap mounts proc in the new root; in a namespace of its own that ends with it, whatever happens.
  if "${as_root[@]}" unshare --mount true 2>/dev/null; then
    inside=(unshare --mount)
  fi
  "${as_root[@]}" rm -rf --one-file-system "$part"
  if ! "${as_root[@]}" "${inside[@]}" debootstrap --variant=minbase --include=asterisk,python3-venv "$suite" "$part" "$1" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    cannot "debootstrap failed, see $log"
  fi
  "${as_root[@]}" chroot "$part" asterisk -V >>"$log" 2>&1 || cannot "Asterisk does not start in its root, see $log"
  # What only people read, or only apt.
  "${as_root[@]}" rm -rf "$part"/usr/share/{doc,info,locale,man} "$part"/var/cache/apt/archives "$part"/var/lib/apt/lists
  rm -f "$root.not-had"
  "${as_root[@]}" mv "$part" "$root" # only a root that is complete has its name
}

if there; then
  exit 0
fi
command -v apt-get >/dev/null || cannot "no apt-get here"
if [ "${#as_root[@]}" -gt 0 ] && ! "${as_root[@]}" true 2>/dev/null; then
  cannot "neither root nor sudo without a password"
fi

mkdir -p "$cache"
exec 9>"$cache/asterisk.lock"
flock 9 # another run may be making it just now
if there; then
  exit 0
fi

echo "asterisk: making a root of Debian $suite for it"
if ! command -v debootstrap >/dev/null || [ -z "$(mirror)" ]; then
  "${as_root[@]}" apt-get update -qq || echo "asterisk: apt-get update failed; trying with what is known" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends debootstrap >/dev/null || cannot "debootstrap could not be installed"
fi
from=$(mirror)
if [ -z "$from" ]; then
  cannot "apt is set up with no mirror of Debian, so there is none to take it from"
fi
make_root "$from"
