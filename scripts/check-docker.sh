#!/usr/bin/env bash
# Checks of the Docker set-up that need no Docker engine, one line each; the first that does not hold ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ok() { echo "check-docker: ok: $*"; }
fail() { echo "check-docker: $*" >&2; exit 1; }

# Prints docker-compose.yml with its variables filled in.
compose() {
    if docker compose version >/dev/null 2>&1; then
        docker compose config
    elif python3 -c 'import yaml' 2>/dev/null; then
        python3 -c '
import os, re, yaml
text = re.sub(r"\$\{(\w+):-([^{}]*)\}", lambda m: os.environ.get(m[1]) or m[2], open("docker-compose.yml").read())
assert "$" not in re.sub(r"(?m)^\s*#.*", "", text), "a variable without a default"
print(yaml.safe_dump(yaml.safe_load(text)))'
    else
        return 77
    fi
}
if compose >"$tmp/compose"; then
    SYNC_INTERVAL_SECONDS=7171 compose >"$tmp/compose"
    grep -q 'SYNC_INTERVAL_SECONDS: .*7171' "$tmp/compose" || fail "docker-compose.yml ignores SYNC_INTERVAL_SECONDS"
    ok "docker-compose.yml parses and interpolates"
elif [ $? = 77 ]; then
    echo "check-docker: skipped: parsing docker-compose.yml needs docker compose, or python3 with yaml"
else
    fail "docker-compose.yml does not parse: see above"
fi

mounted=$(sed -n 's/^ *- \(\.\/[^:]*\):.*/\1/p' docker-compose.yml)
for path in $mounted; do
    [ -d "$path" ] || fail "docker-compose.yml mounts $path, which does not exist"
    ok "mounted: $path"
done

copied=$(sed -n 's/^COPY \([^-].*\) [^ ]*$/\1/p' Dockerfile)
for path in $copied; do
    [ -e "$path" ] || fail "the Dockerfile copies $path, which does not exist"
    grep -qxF "!${path%%/*}" .dockerignore || fail "the Dockerfile copies $path, which .dockerignore leaves out"
    ok "copied: $path"
done

# The layer of the dependencies sees these files and an empty program: cargo must accept that.
if command -v cargo >/dev/null; then
    cp -R Cargo.toml Cargo.lock build.rs .cargo "$tmp"
    mkdir "$tmp/src"
    touch "$tmp/src/main.rs" "$tmp/src/lib.rs"
    (cd "$tmp" && cargo metadata --no-deps --format-version 1 --offline >/dev/null) ||
        fail "Cargo.toml does not load in the Dockerfile's layer of dependencies: see above"
    ok "Cargo.toml loads in the layer of dependencies"
fi

for script in scripts/*.sh .ci/run; do
    [ -x "$script" ] || fail "$script is not executable"
    "$(sed -n '1s/.*[ /]//p' "$script")" -n "$script" || fail "$script has a syntax error"
done
ok "scripts are executable and parse"

# The entrypoint, with a program in pg2duck's place, as a user who is not root.
entrypoint() { (cd "$tmp/app" && env -i PATH="$tmp:$PATH" "$@" sh "$tmp/entrypoint" run --now 2>&1); }
as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
mkdir -p "$tmp/app/lake" "$tmp/app/parquet" "$tmp/app/state"
printf '#!/bin/sh\necho "pg2duck was given: $*"\n' >"$tmp/pg2duck"
cp scripts/docker-entrypoint.sh "$tmp/entrypoint"
chmod -R a+rwX "$tmp" && chmod a+x "$tmp/pg2duck"
got=$(entrypoint "${as_nobody[@]}") || true
[ "$got" = "pg2duck was given: run --now" ] || fail "the entrypoint did not start pg2duck: $got"
chmod a-w "$tmp/app/parquet"
got=$(entrypoint "${as_nobody[@]}") && fail "the entrypoint accepted a folder that it cannot write"
[[ $got == *"cannot write to parquet as uid"*chown* ]] || fail "the entrypoint does not say what to do: $got"
ok "the entrypoint starts pg2duck, and refuses a folder that it cannot write"

binary=${CARGO_TARGET_DIR:-target}/debug/pg2duck
if [ -x "$binary" ] && command -v readelf >/dev/null; then
    # shellcheck disable=SC2016
    grep -q '\$ORIGIN/../lib' <<<"$(readelf -d "$binary")" ||
        fail "pg2duck would not find /usr/local/lib/libduckdb.so: no \$ORIGIN/../lib in its rpath"
    ok "pg2duck finds a libduckdb.so in ../lib"
fi
