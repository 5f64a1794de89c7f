#!/bin/sh
# Installs what this project needs and this machine lacks: a C linker, the Postgres server, node with npm, and a few small tools.
# As root or through sudo; elsewhere it says exactly what to install, and fails.
set -eu

missing=""
need() { # need PACKAGE PROBE...: the package that gives what the probe looks for
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

postgres_server() { ls /usr/lib/postgresql/*/bin/postgres || command -v postgres; }

need build-essential command -v cc
need postgresql postgres_server
need util-linux command -v setpriv
need python3 command -v python3
# The tests of the API install schemathesis into an environment of its own.
need python3-venv python3 -c "import venv, ensurepip"
# Compile and run the reference clients of tests/clients: any node from version 18 on.
need nodejs command -v node
need npm command -v npm
# The crash tests cut the power of an ext4 file system in a loop mount, or replay recorded writes where that is refused.
need e2fsprogs ls /sbin/mkfs.ext4
need mount command -v mount
need strace command -v strace

# As root, or through sudo; nothing else may install packages.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
may_install() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1; }
apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2; }

if [ -n "$missing" ]; then
    if ! may_install; then
        echo "These packages are missing, and neither root nor sudo is at hand. Install them, then run this again:" >&2
        echo "    apt-get install$missing" >&2
        exit 1
    fi
    echo "Installing:$missing" >&2
    # The server's binaries are needed, not a cluster of the distribution's own on the usual port.
    as_root mkdir -p /etc/postgresql-common
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    as_root apt-get update -q >&2
    # shellcheck disable=SC2086 # one word a package
    apt_install $missing
fi

if ! command -v cargo >/dev/null 2>&1; then
    # Debian has rustup since version 13; the toolchain comes from Rust's own servers.
    if may_install && as_root apt-get update -q >&2 && apt_install rustup && rustup default stable >&2; then
        echo "Rust was installed with rustup" >&2
    else
        echo "Rust is missing, and could not be installed here. Install rustup (Debian 13: apt-get install rustup; elsewhere:" >&2
        echo "the installer on Rust's own site), then: rustup toolchain install stable --profile default" >&2
        exit 1
    fi
fi
required=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(cargo --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/')
if [ "$(printf '%s\n%s\n' "$required" "$found" | sort -V | head -n 1)" != "$required" ]; then
    echo "Rust $required or newer is needed, found $found: rustup update stable" >&2
    exit 1
fi
