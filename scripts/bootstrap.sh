#!/bin/sh
# Installs what this machine lacks: bootstrap.sh build | run [arguments of `comptoir up`] | test
#
# build: what compiling needs. run: also what `make run` needs. test: what every check needs. The screens need Node; with SCREENS=no
# in the environment, build and run do without.
# All checks come first. Nothing is downloaded, installed or written before they have passed and the missing packages are printed.
set -eu
cd "$(dirname "$0")/.."

usage() {
    echo "usage: scripts/bootstrap.sh build | run [arguments of comptoir up] | test" >&2
    exit 2
}
purpose=${1:-}
case $purpose in build | run | test) shift ;; *) usage ;; esac

# A shell that was opened before rustup's installer ran does not have this folder in its PATH.
PATH="${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH"
# Before each path outside the clone; only the tests of this script set it.
root=${BOOTSTRAP_ROOT:-}
# The data directory to use if the postgres account cannot reach the clone.
shared_data_dir=$root/var/lib/comptoir
os_release=$root/etc/os-release

is_root() { [ "$(id -u)" = 0 ]; }
as_root() { if is_root; then "$@"; else sudo "$@"; fi; }
has() { command -v "$1" >/dev/null 2>&1; }

problems=""
problem() {
    problems="$problems
$1
"
}

# With sudo, make would not find the user's Rust and would leave a target/ that the user cannot write to.
if is_root && [ -n "${SUDO_USER:-}" ] && [ "$(stat -c %u .)" != 0 ]; then
    echo "Do not put sudo before make: this folder belongs to $(stat -c %U .), and root would leave files in it that $(stat -c %U .) cannot change." >&2
    echo "Run the same command without sudo. It asks for sudo itself where packages are missing." >&2
    exit 1
fi

# ---- packages ----

missing=""
need() { # need PACKAGE PROBE...: the probe fails where the package is missing
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
postgres_server() { ls "$root"/usr/lib/postgresql/*/bin/postgres || has postgres; }

need build-essential has cc
need ca-certificates ls "$root/etc/ssl/certs/ca-certificates.crt"
if [ "$purpose" = test ] || [ "${SCREENS:-yes}" != no ]; then
    # Node builds the screens; the tests also compile and run the reference clients of clients/typescript with it.
    need nodejs has node
    need npm has npm
fi
if [ "$purpose" != build ]; then
    need postgresql postgres_server
    need util-linux has setpriv
    need curl has curl # the README's examples
fi
if [ "$purpose" = test ]; then
    need git has git
    need python3 has python3
    # The tests of the API install schemathesis into an environment of its own.
    need python3-venv python3 -c "import venv, ensurepip"
    # Shows the screens to their tests.
    need chromium has chromium
    # The crash tests cut the power of an ext4 file system in a loop mount, or replay recorded writes where that is refused.
    need e2fsprogs ls "$root/sbin/mkfs.ext4"
    need mount has mount
    need strace has strace
    need binutils has nm
fi

# ---- Rust ----

channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
required=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
fetch_toolchain=no

rustup_is_packaged() {
    has apt-get || return 1
    # The lists of apt may be empty, as in a container: then Debian's version tells. 13 is the first with the package.
    apt-cache policy rustup 2>/dev/null | grep -q 'Candidate: [0-9]' && return 0
    grep -q '^ID=debian' "$os_release" 2>/dev/null || return 1
    version=$(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' "$os_release")
    [ "${version:-0}" -ge 13 ]
}
cargo_is_rustups() { # a link or a copy by hard link
    has rustup && [ "$(stat -Lc %d:%i "$(command -v cargo)")" = "$(stat -Lc %d:%i "$(command -v rustup)")" ]
}
toolchain_is_installed() { rustup toolchain list 2>/dev/null | grep -q "^${RUSTUP_TOOLCHAIN:-$channel}\([- ]\|$\)"; }
# In the clone, rustup's cargo downloads a missing toolchain before it answers; so this is asked only of an installed one.
cargo_version() { cargo --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/'; }
is_old() { [ "$(printf '%s\n%s\n' "$required" "$1" | sort -V | head -n 1)" != "$required" ]; }
install_rustup="Install rustup as https://www.rust-lang.org/tools/install says (as the user who builds; needs curl and ca-certificates), then run this
again. rustup downloads Rust $channel by itself."

if ! has cargo; then
    if rustup_is_packaged; then
        missing="$missing rustup"
        fetch_toolchain=yes
    else
        problem "Rust is missing, and this system has no package of rustup (Debian has one since version 13).
$install_rustup"
    fi
elif cargo_is_rustups; then
    if ! toolchain_is_installed; then fetch_toolchain=yes; fi
elif found=$(cargo_version) && is_old "$found"; then
    problem "Rust $required or newer is needed, and $(command -v cargo) is $found.
$install_rustup"
fi
if [ "$fetch_toolchain" = no ] && has cargo && cargo_is_rustups && found=$(cargo_version) && is_old "$found"; then
    problem "Rust $required or newer is needed, and ${RUSTUP_TOOLCHAIN:-$channel} is $found: unset RUSTUP_TOOLCHAIN."
fi

# ---- Node ----

node_required=18.19
if has node && { [ "$purpose" = test ] || [ "${SCREENS:-yes}" != no ]; }; then
    node_found=$(node --version | sed 's/^v//')
    if [ "$(printf '%s\n%s\n' "$node_required" "$node_found" | sort -V | head -n 1)" != "$node_required" ]; then
        problem "Node $node_required or newer builds the screens, and $(command -v node) is $node_found.
Install a newer one, or build without the screens: make run SCREENS=no"
    fi
fi

# ---- who may install ----

apt_lines() {
    echo "As root, run:"
    case $missing in *" postgresql"*)
        echo "    mkdir -p /etc/postgresql-common"
        echo "    echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf"
        ;;
    esac
    echo "    apt-get update"
    echo "    apt-get install --no-install-recommends$missing"
    case $missing in *" postgresql"*)
        echo "(The first two lines keep Debian from starting a Postgres of its own on port 5432. Remove them from the file afterwards.)" ;;
    esac
    echo "Then run this again."
}
# Asks for the password at most once, and only if it is needed. Without a terminal nobody could type it.
sudo_works() {
    sudo -n true 2>/dev/null && return 0
    [ -t 0 ] || return 1
    echo "To install with apt-get, through sudo:$missing" >&2
    sudo -v
}

if [ -n "$missing" ]; then
    if ! has apt-get; then
        problem "Packages are missing, and there is no apt-get here. Install what Debian calls:$missing"
    elif ! is_root && ! has sudo; then
        problem "Packages are missing:$missing
They cannot be installed from here: you are not root, and there is no sudo. $(apt_lines)"
    elif ! is_root && [ -z "$problems" ] && ! sudo_works; then
        problem "Packages are missing:$missing
They cannot be installed from here: sudo refused, or has no terminal to ask for a password. $(apt_lines)"
    fi
fi

# ---- room on the disk, in MiB ----

rooms=""
room() { # room MIB FOLDER: adds to what the folder's file system must have free
    rooms="$rooms$(df -Pk "$2" | awk -v need="$1" 'NR == 2 { print $6, need, int($4 / 1024) }')
"
}
if [ "$purpose" = test ]; then
    [ -e target/debug/comptoir ] || room 6000 .
    [ -z "$missing" ] || room 2000 /usr
else
    [ -e target/release/comptoir ] || room 2000 .
    [ -z "$missing" ] || room 1000 /usr
fi
[ "$fetch_toolchain" = no ] || room 1000 "${RUSTUP_HOME:-${HOME:-/root}}"
short=$(printf %s "$rooms" | awk '
    { need[$1] += $2; free[$1] = $3 }
    END { for (at in need) if (free[at] < need[at]) printf "%s has %d MiB free, and about %d MiB are needed.\n", at, free[at], need[at] }')
[ -z "$short" ] || problem "The disk is too full: $short"

# ---- ports and the data directory, for `comptoir up` ----

data_dir=./comptoir-data
central=127.0.0.1:7400
local=127.0.0.1:7401
while [ $# -gt 0 ]; do
    case $1 in
        --data-dir=*) data_dir=${1#*=} ;;
        --central-addr=*) central=${1#*=} ;;
        --local-addr=*) local=${1#*=} ;;
        --data-dir | --central-addr | --local-addr)
            [ $# -gt 1 ] || usage
            case $1 in
                --data-dir) data_dir=$2 ;;
                --central-addr) central=$2 ;;
                --local-addr) local=$2 ;;
            esac
            shift
            ;;
    esac
    shift
done

# The kernel's table, since a minimal system has no program that lists sockets. State 0A is LISTEN; field 10 is the socket's inode.
listener_on() { # listener_on PORT: on 127.0.0.1 or on all addresses
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf '%04X' "$1")" '
        { split($2, at, ":") }
        $4 == "0A" && at[2] == port && (at[1] ~ /^0+$/ || at[1] ~ /0100007F$/) { print $10; exit }'
}
holder_of() { # holder_of INODE: who has the socket open, where that may be seen
    descriptor=$(find /proc/[0-9]*/fd -lname "socket:\[$1\]" 2>/dev/null | head -n 1)
    pid=${descriptor#/proc/}
    pid=${pid%%/*}
    [ -z "$pid" ] || echo " by $(cat "/proc/$pid/comm" 2>/dev/null) (process $pid)"
}
check_port() { # check_port ADDRESS
    port=${1##*:}
    case $1 in 127.0.0.1:* | localhost:* | 0.0.0.0:*) ;; *) return 0 ;; esac
    case $port in 0 | '' | *[!0-9]*) return 0 ;; esac
    inode=$(listener_on "$port")
    [ -z "$inode" ] || problem "$1 is in use$(holder_of "$inode"). Stop that program, or choose other ports:
    make run ARGS=\"--central-addr 127.0.0.1:7490 --local-addr 127.0.0.1:7491\""
}

# Postgres refuses to run as root. Started by root it runs as postgres, which must be able to enter the data directory.
reachable() { # reachable FOLDER: by the account that Postgres will have. Its own mode does not matter, since `up` sets it.
    account=postgres
    id -u "$account" >/dev/null 2>&1 || account=nobody
    folder=$1
    if [ -d "$folder" ]; then folder=$(cd "$folder" && pwd -P)/..; fi
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    folder=$(cd "$folder" && pwd -P)
    setpriv --reuid "$(id -u "$account")" --regid "$(id -g "$account")" --clear-groups -- test -x "$folder"
}
link_data_dir=no
check_data_dir() {
    reachable "$data_dir" && return 0
    if [ "$data_dir" != ./comptoir-data ] || [ -e comptoir-data ]; then
        problem "Postgres cannot enter $data_dir: started by root it runs as the user postgres, and a folder on the way is closed to others.
Choose another: make run DATA_DIR=$shared_data_dir"
    elif [ -e "$shared_data_dir" ] && [ ! -e "$shared_data_dir/up.json" ] && [ -n "$(ls -A "$shared_data_dir")" ]; then
        problem "Postgres cannot enter this folder: started by root it runs as the user postgres, and a folder on the way is closed to others.
$shared_data_dir has other data. Choose a new folder: make run DATA_DIR=$shared_data_dir-2"
    else
        link_data_dir=yes
    fi
}

if [ "$purpose" = run ]; then
    check_port "$central"
    check_port "$local"
    if is_root; then check_data_dir; fi
fi

# ---- report ----

if [ -n "$problems" ]; then
    echo "make $purpose cannot start. Nothing was downloaded or installed.$problems" | sed '$d' >&2
    exit 1
fi
[ -z "$missing" ] || echo "To install with apt-get:$missing" >&2
[ "$fetch_toolchain" = no ] || echo "To download with rustup: Rust $channel" >&2
if [ "$link_data_dir" = yes ]; then
    echo "Data goes to $shared_data_dir, and ./comptoir-data is a link to it: Postgres runs as the user postgres, who cannot enter this folder." >&2
    echo "To remove it later: rm -r $shared_data_dir comptoir-data" >&2
fi
if [ "$purpose" != test ] && [ ! -e target/release/comptoir ]; then
    echo "The first build takes about 13 minutes of processor time (7 minutes on two free cores) and 1.5 GB in ./target." >&2
fi

# ---- install ----

mkdir -p target
apt_log=target/bootstrap-apt.log
rustup_log=target/bootstrap-rustup.log

if [ -n "$missing" ]; then
    # Only the server's programs are needed. Without this file Debian would start its own Postgres on the usual port.
    cluster_conf=$root/etc/postgresql-common/createcluster.conf
    remove_cluster_conf() { :; }
    case $missing in *" postgresql"*)
        if [ ! -e "$cluster_conf" ]; then
            # Before Postgres is installed, this script created the folder too.
            remove_cluster_conf() {
                as_root rm -f "$cluster_conf"
                as_root rmdir --ignore-fail-on-non-empty "${cluster_conf%/*}"
            }
            trap remove_cluster_conf EXIT
            trap 'exit 130' INT TERM
            as_root mkdir -p "${cluster_conf%/*}"
            echo "create_main_cluster = false" | as_root tee "$cluster_conf" >/dev/null
        fi
        ;;
    esac
    echo "Installing, log in $apt_log ..." >&2
    # shellcheck disable=SC2086 # one word a package
    if ! { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >"$apt_log" 2>&1 </dev/null; then
        tail -n 20 "$apt_log" >&2
        echo "apt-get failed; all it said is in $apt_log. $(apt_lines)" >&2
        exit 1
    fi
    remove_cluster_conf
    trap - EXIT INT TERM
    echo "Installed$missing, and what these need; /var/log/apt/history.log lists all. To remove: apt-get autoremove --purge$missing" >&2
fi

if [ "$fetch_toolchain" = yes ]; then
    echo "Downloading Rust $channel, log in $rustup_log ..." >&2
    if ! rustup toolchain install "$channel" --profile minimal --component clippy --component rustfmt >"$rustup_log" 2>&1 </dev/null; then
        tail -n 5 "$rustup_log" >&2
        echo "rustup could not download Rust $channel; all it said is in $rustup_log. Run this again when its servers can be reached." >&2
        exit 1
    fi
    echo "Installed Rust $channel. To remove: rustup toolchain uninstall $channel" >&2
fi

if [ "$link_data_dir" = yes ]; then
    mkdir -p "$shared_data_dir"
    ln -sfn "$shared_data_dir" comptoir-data
fi
