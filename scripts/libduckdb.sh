#!/usr/bin/env bash
# Fetches the prebuilt libduckdb into .duckdb/, where .cargo/config.toml looks for it. The only place that names its
# version and checksums: to move to another DuckDB change them here and the `duckdb` crate in Cargo.toml.
# A second call does nothing; the library appears whole or not at all. An exported DUCKDB_LIB_DIR wins.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.5.5-r.5
sha512_x64=kCyq6BXhn6QXfwF8yVdVKriSSHP+rfVWcJ56cG8qZzlOZpxyvT5WGm6jMshxg4ditLlOsHsIN/D47RYrcjXuHQ==
sha512_arm64=CafH2AIvXtpwDynG3KB/4uEOHRGlFoB7auCRMIwH3BKNIobsANV5LSpDJ3tfyRCFIsK6e8AT1eseWVnu2Dv3cw==

fail() { echo "libduckdb: $*" >&2; exit 1; }

if [ -n "${DUCKDB_LIB_DIR:-}" ]; then
    [ -e "$DUCKDB_LIB_DIR/libduckdb.so" ] && exit 0
    fail "DUCKDB_LIB_DIR=$DUCKDB_LIB_DIR holds no libduckdb.so: correct it, or unset it to use the prebuilt one"
fi

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) arch=x64 sha512=$sha512_x64 ;;
    Linux-aarch64) arch=arm64 sha512=$sha512_arm64 ;;
    *) fail "no prebuilt library for $(uname -s) $(uname -m): compile DuckDB in with \`cargo build --features bundled\`," \
        "or point DUCKDB_LIB_DIR at a folder with your own libduckdb" ;;
esac
case "$(ldd --version 2>&1)" in
    *musl*) fail "the prebuilt library needs glibc and this system has musl: use \`cargo build --features bundled\`" ;;
esac

stamp=".duckdb/$version-$arch"
[ -e "$stamp" ] && [ -e .duckdb/libduckdb.so ] && exit 0

if ! command -v npm >/dev/null; then
    command -v apt-get >/dev/null || fail "npm is not installed: install Node.js with npm, then run this again"
    echo "libduckdb: installing npm with apt-get" >&2
    root=; [ "$(id -u)" = 0 ] || root=sudo
    { $root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends npm; } >/dev/null ||
        fail "npm is not installed and apt-get could not install it: install it yourself, then run this again"
fi

mkdir -p .duckdb
new=$(mktemp -d .duckdb/new.XXXXXX)
trap 'rm -rf "$new"' EXIT
package="@duckdb/node-bindings-linux-$arch@$version"
echo "libduckdb: fetching $package" >&2
npm pack --loglevel=error --pack-destination "$new" "$package" >/dev/null || fail "\`npm pack $package\` failed: see above"

got=$(cat "$new"/*.tgz | sha512sum | cut -d ' ' -f 1)
want=$(base64 -d <<<"$sha512" | od -An -v -tx1 | tr -d ' \n')
[ "$got" = "$want" ] || fail "$package has sha512 $got, expected $want: the download is damaged or was replaced, try again"

tar -xmzf "$new"/*.tgz -C "$new" --strip-components=1 package/libduckdb.so
rm -f .duckdb/*-x64 .duckdb/*-arm64
mv -f "$new/libduckdb.so" .duckdb/libduckdb.so
touch "$stamp"
