#!/usr/bin/env bash
# Says where libfaketime is, which tests that set a process's clock preload; installs it with apt-get where it is not.
set -euo pipefail

fail() { echo "faketime: $*" >&2; exit 1; }

find_library() {
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' || compgen -G '/usr/lib*/faketime/libfaketimeMT.so.1' ||
        compgen -G '/usr/local/lib/faketime/libfaketimeMT.so.1'
}

if ! find_library >/dev/null; then
    command -v apt-get >/dev/null || fail "libfaketime is not installed: install your distribution's package, then run this again"
    echo "faketime: installing it with apt-get" >&2
    root=; [ "$(id -u)" = 0 ] || root=sudo
    { $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libfaketime; } >/dev/null ||
        fail "apt-get could not install libfaketime: install it yourself, then run this again"
fi
find_library | head -n 1
