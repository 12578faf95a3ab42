#!/usr/bin/env bash
# pjproject's Python binding, pjsua2, built from source: for machines that the wheel pjsua2-python does not fit.
#
#   bash tools/pjsua2.sh                   from Debian's source package, where apt-get is there; then into .venv
#   bash tools/pjsua2.sh TREE-OR-TARBALL   from pjproject's source that you have
#   bash tools/pjsua2.sh --build           from Debian's, into the cache only; if it cannot be had, says why and goes on
#   bash tools/pjsua2.sh --where           prints where --build puts the wheel
#
# Four minutes or so on two cores. Debian carries pjproject 2.17 inside the source package of Asterisk, without the parts of
# others that pjproject brings along; of those only libsrtp is needed, and Debian's is taken. What is built is a wheel with
# the name of the one it stands in for, so that pip knows it, replaces it and removes it. pjproject is under the GPL: nothing
# of it is part of simcarrier, and nothing of it is kept in this repository.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")/.." && pwd)
python="${PYTHON:-$here/.venv/bin/python}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/simcarrier/pjsua2"
said="${1:-}"
most_calls=64 # at once; pjproject's own default is 4
revision=2    # of how it is built: what was built otherwise is not taken from the cache

abi() {
  "$python" -c 'import sys, sysconfig; v = "cp%d%d" % sys.version_info[:2]
print(f"{v}-{v}-" + sysconfig.get_platform().replace("-", "_").replace(".", "_"))'
}

cannot() {
  echo "pjsua2: $1" >&2
  if [ "$said" = --build ]; then
    mkdir -p "$cache"
    printf '%s\n' "$1" >"$cache/not-had"
    echo "pjsua2: the test of the source build is skipped" >&2
    exit 0
  fi
  exit 1
}

[ -x "$python" ] || cannot "there is no $python: run make, or name one with PYTHON=..."
wheel="$cache/pjsua2_python-2.17+debian.$revision-$(abi).whl"
if [ "$said" = --where ]; then
  printf '%s\n' "$wheel"
  exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
log="$cache/build.log"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi

headers() { # whether the C compiler finds a header
  printf '#include <%s>\n' "$1" | gcc -E -x c - >/dev/null 2>&1
}

install_tools() { # what is missing of compiler, swig, OpenSSL and libsrtp, where apt-get may install it
  local wanted=()
  command -v g++ make >/dev/null || wanted+=(build-essential)
  command -v swig >/dev/null || wanted+=(swig)
  headers openssl/ssl.h || wanted+=(libssl-dev)
  headers srtp2/srtp.h || wanted+=(libsrtp2-dev)
  if [ "${#wanted[@]}" -gt 0 ] && command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "pjsua2: installing ${wanted[*]}"
    "${as_root[@]}" apt-get update -qq >>"$log" 2>&1 || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${wanted[@]}" >>"$log" 2>&1 || true
  fi
  command -v g++ >/dev/null || cannot "it needs g++ and make: on Debian install build-essential"
  command -v swig >/dev/null || cannot "it needs swig"
  headers openssl/ssl.h || cannot "it needs the headers of OpenSSL: on Debian install libssl-dev"
  "$python" -c 'import pathlib, sysconfig, sys; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' ||
    cannot "it needs the headers of this Python: on Debian install python3-dev"
}

from_debian() { # the tarball of pjproject in the source package of Asterisk; only sid has that
  local mirror line keyring=/usr/share/keyrings/debian-archive-keyring.gpg apt=()
  command -v apt-get >/dev/null || cannot "no apt-get here: name pjproject's source, make pjsua2 PJPROJECT=path/to/it"
  # The first Debian mirror that apt has lists of. The one of the security updates has no sid.
  mirror=$(apt-get indextargets --format '$(SITE) $(ORIGIN)' 'Created-By: Packages' |
    awk '$2 == "Debian" && $1 ~ /^https?:/ && $1 !~ /-security/ && !found { print $1; found = 1 }')
  [ -n "$mirror" ] || cannot "apt is set up with no mirror of Debian: name pjproject's source with PJPROJECT="
  mkdir -p "$work/lists/partial"
  printf 'deb-src [signed-by=%s] %s sid main\n' "$keyring" "$mirror" >"$work/sid.list"
  # Lists of its own: what this machine's apt knows stays as it is.
  apt=(-o "Dir::Etc::sourcelist=$work/sid.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
    -o Acquire::Languages=none -o "Dir::Cache::srcpkgcache=" -o "Dir::Cache::pkgcache=" -o APT::Sandbox::User="$(id -un)")
  apt-get "${apt[@]}" update -qq >>"$log" 2>&1 || cannot "the list of Debian's sources could not be had, see $log"
  line=$(apt-get "${apt[@]}" source --print-uris asterisk 2>>"$log" | grep -F '.orig-Xpjproject.tar') ||
    cannot "Debian's source package of Asterisk has no pjproject any more: name its source with PJPROJECT="
  local uri sum
  uri=$(cut -d"'" -f2 <<<"$line")
  sum=$(awk '{ print $NF }' <<<"$line")
  /usr/lib/apt/apt-helper "${apt[@]}" download-file "$uri" "$work/pjproject.tar.xz" "$sum" >>"$log" 2>&1 ||
    cannot "pjproject could not be fetched, see $log"
  source_at="$work/pjproject.tar.xz"
}

unpack() {
  mkdir "$work/tree"
  if [ -d "$1" ]; then
    cp -R "$1/." "$work/tree" # what is yours is not written to
  elif [ -f "$1" ]; then
    tar -xf "$1" -C "$work/tree" --strip-components=1 || cannot "$1 can't be unpacked"
  else
    cannot "there is no $1"
  fi
  [ -f "$work/tree/pjsip-apps/src/swig/pjsua2.i" ] || cannot "$1 is not the source of pjproject"
}

quietly() {
  nice -n 10 "$@" >>"$log" 2>&1 || { tail -n 5 "$log" >&2; cannot "the build failed at: $*; see $log"; }
}

build() { # the libraries, without sound card, video and all codecs but G.711; then the binding
  cd "$work/tree"
  local flags=(--disable-video --disable-sound --disable-libwebrtc --disable-libwebrtc-aec3 --disable-libyuv --disable-bcg729
    --disable-sdl --disable-ffmpeg --disable-v4l2 --disable-openh264 --disable-vpx --disable-opus --disable-lyra
    --disable-silk --disable-opencore-amr --disable-ilbc-codec --disable-g7221-codec --disable-gsm-codec
    --disable-speex-codec --disable-speex-aec --disable-resample --disable-upnp --disable-libuuid --enable-epoll)
  if [ ! -d third_party/srtp ]; then
    headers srtp2/srtp.h || cannot "this source comes without libsrtp: on Debian install libsrtp2-dev"
    flags+=(--with-external-srtp)
    [ -e pjmedia/src/pjmedia-audiodev/bdimad_dev.c ] || : >pjmedia/src/pjmedia-audiodev/bdimad_dev.c
    sed -i 's/^DIRS *[:+]*=.*/DIRS =/' third_party/build/Makefile
  fi
  # The most calls and accounts are set when it is compiled; the binding tells them, so that nobody asks for more.
  printf '#define PJSUA_MAX_CALLS %d\n#define PJSUA_MAX_ACC 64\n#define PJ_IOQUEUE_MAX_HANDLES 1024\n' "$most_calls" \
    >pjlib/include/pj/config_site.h
  # A 608 may carry a card: messages, and their entries in the log, are longer than the 4,000 bytes of the default.
  printf '#define PJSIP_MAX_PKT_LEN 64000\n#define PJ_LOG_MAX_SIZE 65000\n' >>pjlib/include/pj/config_site.h
  printf '%%pythoncode %%{\nPJSUA_MAX_CALLS, PJSUA_MAX_ACC = %d, 64\n%%}\n' "$most_calls" >>pjsip-apps/src/swig/pjsua2.i
  # Assertions would end the process where an error can be returned.
  export CFLAGS="-O2 -fPIC -DNDEBUG" CXXFLAGS="-O2 -fPIC -DNDEBUG"
  quietly sh ./configure "${flags[@]}"
  quietly make dep
  local part
  for part in pjlib pjlib-util pjnath third_party pjmedia pjsip; do
    quietly make -C "$part/build" -j "$(nproc)"
  done
  cd pjsip-apps/src/swig/python
  quietly make pjsua2_wrap.cpp USE_PYTHON3=1
  local asked=() part_flags
  for part_flags in cflags ldflags; do
    mapfile -t -O "${#asked[@]}" asked < <(make --no-print-directory -f helper.mak "$part_flags")
  done
  local libraries=()
  mapfile -t libraries < <(make --no-print-directory -f helper.mak libs | sed 's/^/-l/')
  quietly g++ -shared -fPIC "-I$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
    pjsua2_wrap.cpp -o _pjsua2.so "${asked[@]}" "${libraries[@]}" -O1 # last: -O2 takes minutes more
}

pack() { # a wheel: two files and what pip wants to know of them
  "$python" - "$1" "$work/tree" <<'PY' || cannot "the wheel could not be made"
import base64, hashlib, pathlib, re, sys, sysconfig, zipfile

wheel, tree = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
built = tree / "pjsip-apps/src/swig/python"
_, version, tag = wheel.stem.split("-", 2)
info = f"pjsua2_python-{version}.dist-info"
files = {
    "pjsua2/__init__.py": b"from .pjsua2 import *\n",
    "pjsua2/pjsua2.py": (built / "pjsua2.py").read_bytes(),
    "pjsua2/_pjsua2" + sysconfig.get_config_var("EXT_SUFFIX"): (built / "_pjsua2.so").read_bytes(),
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: pjsua2-python\nVersion: {version}\nLicense: GPL-2.0-or-later\n".encode(),
    f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tools/pjsua2.sh\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
}
lines = []
for name, data in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    lines.append(f"{name},sha256={digest},{len(data)}\n")
files[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"]).encode()
with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, data in files.items():
        archive.writestr(name, data)
PY
}

try() { # whether it can be loaded and started
  "$python" - "$1" "$work/tried" <<'PY' >>"$log" 2>&1 || cannot "what was built can't be loaded, see $log"
import sys, zipfile

zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])
sys.path.insert(0, sys.argv[2])
import pjsua2

endpoint = pjsua2.Endpoint()
endpoint.libCreate()
print(endpoint.libVersion().full, pjsua2.PJSUA_MAX_CALLS)
endpoint.libDestroy()
PY
}

case "$said" in
"" | --build)
  exec 9>"$cache/lock"
  flock 9 # another run may be building it just now
  if [ ! -f "$wheel" ]; then
    : >"$log"
    install_tools
    from_debian
    echo "pjsua2: building it from Debian's source; this takes some minutes, and is done once"
    unpack "$source_at"
    build
    made="$work/$(basename "$wheel")"
    pack "$made"
    try "$made"
    mv "$made" "$wheel" # only a wheel that works has its name there
  fi
  rm -f "$cache/not-had"
  ;;
*)
  log="$cache/build-own.log"
  : >"$log"
  unpack "$said"
  install_tools
  version=$(sed -n 's/^export PJ_VERSION_M[AI][JN]OR *:= *//p' "$work/tree/version.mak" | paste -sd.)
  wheel="$work/pjsua2_python-$version+built-$(abi).whl"
  echo "pjsua2: building it from $said; this takes some minutes"
  build
  pack "$wheel"
  try "$wheel"
  ;;
esac

if [ "$said" != --build ]; then
  "$python" -m pip --disable-pip-version-check --quiet install --no-index --no-deps --force-reinstall "$wheel"
  echo "pjsua2: installed $(basename "$wheel")"
fi
