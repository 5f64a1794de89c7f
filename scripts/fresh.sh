#!/bin/sh
# Runs the README as written in a minimal Debian made for it: fresh.sh [SUITE...], bookworm and trixie if none is named. Needs root.
#
# For each suite: a tree by debootstrap, the committed state of this repository behind the README's clone line, the cases that must be refused
# (no Rust, no sudo, sudo refused, sudo before make), then the README's blocks in their order as root in a closed home, and as a user with sudo.
# Prints name, seconds and result of each step; the output of the steps is kept under target/fresh.
#
# FRESH_DIR=folder         scratch, kept afterwards, whose trees are used again; without it a new one under /var/tmp, removed at the end
# FRESH_CASES="refused root sudo"   which cases
# FRESH_TEST=no            leaves out `make test`, and says so
# FRESH_TARGET_DIR=folder  a built target/ to begin with; it is only read, through an overlay
# FRESH_CARGO_CONFIG=file  a cargo configuration for the trees; the host's where there is one
# FRESH_MIRROR=url         Debian's mirror; the host's when absent
set -eu
cd "$(dirname "$0")/.."
repository=$(pwd -P)
suites=${*:-bookworm trixie}
cases=${FRESH_CASES:-refused root sudo}
logs=$repository/target/fresh

repository_git() { git -c safe.directory='*' -C "$repository" "$@"; } # the clone may be another user's
fail() {
    echo "make fresh: $1" >&2
    exit 1
}

# Everything is mounted in a namespace of its own, with processes of its own: the kernel removes both, however this ends.
if [ -z "${FRESH_INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || fail "needs root, for debootstrap and mounts"
    for program in debootstrap:debootstrap unshare:util-linux setpriv:util-linux git:git; do
        command -v "${program%%:*}" >/dev/null || fail "${program%%:*} is missing: apt-get install --no-install-recommends ${program##*:}"
    done
    unshare --mount --pid --fork --kill-child --mount-proc true || fail "this machine does not allow namespaces of mounts and processes"
    # 7400 and 7401 are 1CE8 and 1CE9, state 0A is LISTEN.
    if awk '$4 == "0A" && $2 ~ /:(1CE8|1CE9)$/ { found = 1 } END { exit !found }' /proc/net/tcp; then
        fail "port 7400 or 7401 is in use, and the README uses them as they are"
    fi
    [ -z "${FRESH_DIR:-}" ] || mkdir -p "$FRESH_DIR"
    free=$(df -Pk "${FRESH_DIR:-/var/tmp}" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge 12000 ] || fail "${FRESH_DIR:-/var/tmp} has $free MiB free, and about 12000 are needed"
    scratch=${FRESH_DIR:-$(mktemp -d /var/tmp/comptoir-fresh.XXXXXX)}
    mkdir -p "$logs"
    exec 9>"$scratch/lock"
    flock -n 9 || fail "another run uses $scratch"
    [ -z "$(repository_git status --porcelain)" ] || echo "Changes that are not committed are not in the trees."
    # The parent of a namespace ignores the usual signals; its end kills what is inside.
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc env FRESH_INSIDE="$scratch" "$0" "$@" &
    inside=$!
    # shellcheck disable=SC2317 # a trap
    clean() {
        kill -KILL "$inside" 2>/dev/null || :
        wait "$inside" 2>/dev/null || :
        if [ -n "${FRESH_DIR:-}" ]; then
            rm -rf --one-file-system "$scratch/cases" "$scratch/blocks"
        else
            rm -rf --one-file-system "$scratch"
        fi
    }
    trap clean EXIT
    trap 'exit 130' INT TERM HUP
    result=0
    wait "$inside" || result=$?
    echo "Logs: $logs"
    exit $result
fi
scratch=$FRESH_INSIDE

# ---- steps ----

failed=0
left_out=""
say() { printf '%-9s %-7s %-58s %6s  %s\n' "$suite" "$case" "$1" "$2" "$3"; }
step() { # step NAME LOG COMMAND...: runs it with its output in a log
    name=$1 log=$logs/$suite-$case-$2.log
    shift 2
    began=$(date +%s)
    result=0
    "$@" >"$log" 2>&1 </dev/null || result=$?
    verdict "$result"
}
attempt() { # as step, where a failure is allowed
    failed_before=$failed
    step "$@" || {
        failed=$failed_before
        return 1
    }
}
verdict() {
    seconds=$(($(date +%s) - began))
    if [ "$1" = 0 ]; then
        say "$name" "${seconds} s" ok
    else
        say "$name" "${seconds} s" "FAILED ($1): $log"
        tail -n 12 "$log" | sed 's/^/    | /'
        failed=1
    fi
    return "$1"
}

# ---- trees ----

mirror() {
    if [ -n "${FRESH_MIRROR:-}" ]; then
        echo "$FRESH_MIRROR"
    else # the host's, for its own release and not for its updates
        # shellcheck disable=SC2016 # apt's own variables
        apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Identifier: Packages' | awk '$2 !~ /-/ { print $1; exit }'
    fi
}

make_base() {
    base=$scratch/base-$suite
    if [ -e "$base.complete" ]; then
        say "minimal tree, made earlier" "" "ok ($(du -sm "$base" | cut -f 1) MB)"
        return 0
    fi
    rm -rf --one-file-system "$base"
    from=$(mirror)
    [ -n "$from" ] || fail "the host's apt names no mirror: FRESH_MIRROR=url"
    step "minimal tree by debootstrap" debootstrap timeout 1800 debootstrap --variant=minbase "$suite" "$base" "$from" || return 1
    echo 'APT::Get::Assume-Yes "true";' >"$base/etc/apt/apt.conf.d/90fresh" # nobody answers here
    echo force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/fresh"            # a tree to be thrown away need not survive a power cut
    for file in /etc/apt/apt.conf.d/*; do # how the host reaches its mirror
        if grep -q -i -E '^Acquire::(https?|check|retries|forceipv)' "$file"; then cp "$file" "$base/etc/apt/apt.conf.d/"; fi
    done
    mkdir -p "$base/usr/local/share/ca-certificates"
    cp -r /usr/local/share/ca-certificates/. "$base/usr/local/share/ca-certificates/" 2>/dev/null || :
    touch "$base.complete"
}

# The repository in the README's clone line is served from the tree itself, at the committed state.
clone_url() { sed -n 's/^ *git clone \([^ ]*:[^ ]*\).*/\1/p' "$scratch/README.md" | head -n 1; }
serve_repository() {
    rm -rf "$tree/srv/comptoir.git"
    repository_git clone -q --bare --no-hardlinks --single-branch "$repository" "$tree/srv/comptoir.git"
    {
        printf '[safe]\n\tdirectory = *\n'
        url=$(clone_url)
        [ -z "$url" ] || printf '[url "/srv/comptoir.git"]\n\tinsteadOf = %s\n' "$url"
    } >"$tree/etc/gitconfig"
}

# Each case works in an overlay, so that the next one finds a minimal tree again.
open_tree() {
    place=$scratch/cases/$suite-$case
    rm -rf --one-file-system "$place"
    mkdir -p "$place/upper" "$place/work" "$place/tree"
    tree=$place/tree
    mount -t overlay overlay -o "lowerdir=$base,upperdir=$place/upper,workdir=$place/work" "$tree"
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --rbind /sys "$tree/sys"
    echo "127.0.0.1 localhost $(hostname)" >"$tree/etc/hosts" # sudo looks itself up
    touch "$tree/etc/resolv.conf"
    mount --bind -o ro "$(readlink -f /etc/resolv.conf)" "$tree/etc/resolv.conf"
    for file in /etc/pip.conf "$HOME/.npmrc"; do # how the host reaches the registries that the tests use
        if [ -e "$file" ]; then touch "$tree$file" && mount --bind -o ro "$file" "$tree$file"; fi
    done
    serve_repository
}
close_tree() { umount -R -l "$tree"; }

home_of() { chroot "$tree" getent passwd "$1" | cut -d : -f 6; }
host_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
rust_bin=""
in_tree() { # in_tree USER SECONDS SCRIPT: as at a login of that user
    # shellcheck disable=SC2046 # one variable a word; none of these has spaces
    timeout -k 10 "$2" chroot "$tree" setpriv --reuid "$1" --regid "$(chroot "$tree" id -g "$1")" --init-groups \
        env -i HOME="$(home_of "$1")" USER="$1" LOGNAME="$1" LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive PATH="$rust_bin$host_path" \
        $(env | grep -i -E '^(https?|no|all)_proxy=[^ ]*$' || :) bash -c "cd; $3"
}

# ---- Rust ----

# Rust is installed as the README says if that works here; otherwise the host's toolchain is used, read-only.
give_hosts_rust() { # give_hosts_rust REASON
    toolchain=$(readlink -f "$(cd "$repository" && rustc --print sysroot)")
    [ -n "$toolchain" ] || fail "the host has no Rust either"
    mkdir -p "$tree/opt/rust"
    mount --bind -o ro "$toolchain" "$tree/opt/rust"
    rust_bin=/opt/rust/bin:
    say "Rust: the host's toolchain, read-only, since $1" "" "$("$toolchain/bin/rustc" --version | cut -d ' ' -f 1-2)"
}
give_cargo_config() { # give_cargo_config USER
    config=${FRESH_CARGO_CONFIG:-}
    for file in "${CARGO_HOME:-/root/.cargo}/config.toml" "${CARGO_HOME:-/root/.cargo}/config"; do
        if [ -z "$config" ] && [ -e "$file" ]; then config=$file; fi
    done
    [ -n "$config" ] || return 0
    in_tree "$1" 60 'mkdir -p .cargo'
    cp "$config" "$tree$(home_of "$1")/.cargo/config.toml"
    say "cargo's configuration: $config" "" used
}

# ---- cases that must be refused, with nothing changed ----

state() { # what a refusal must leave as it was
    chroot "$tree" dpkg-query -W
    find "$tree/var/lib/apt/lists" "$tree/var/cache/apt" "$tree/etc/postgresql-common" "$tree/root" "$tree/home" -name .git -prune -o -print 2>/dev/null |
        sort
}
refused() { # refused WHAT USER COMMAND TEXT...: the command fails, says these, and leaves the machine as it was
    name=$1 user=$2 command=$3 log=$logs/$suite-$case-$2-$(echo "$1" | tr -c 'a-z\n' -).log
    shift 3
    state >"$place/before"
    began=$(date +%s)
    result=0
    in_tree "$user" 120 "cd comptoir || exit 9; $command" >"$log" 2>&1 </dev/null && result=1
    for text in "$@"; do
        if ! grep -qF -e "$text" "$log"; then
            echo "fresh: it does not say: $text" >>"$log"
            result=1
        fi
    done
    state >"$place/after"
    if ! diff "$place/before" "$place/after" >>"$log"; then
        echo "fresh: it changed the machine, see above" >>"$log"
        result=1
    fi
    verdict "$result" || :
}

run_refused() {
    open_tree
    tools="apt-get update -q && apt-get install -q --no-install-recommends git make ca-certificates"
    step "git and make, as the README asks" tools in_tree root 600 "$tools" || return 1
    step "a user without sudo" user in_tree root 60 \
        'useradd -m -s /bin/bash bob && runuser -u bob -- git clone -q /srv/comptoir.git /home/bob/comptoir'
    step "root in a home of mode 700" clone in_tree root 60 'chmod 700 . && git clone -q /srv/comptoir.git comptoir'
    if [ "$suite" = bookworm ]; then
        refused "no Rust, and no package of it" root "make run" "Rust is missing" "rust-lang.org"
        refused "no Rust, make test" root "make test" "Rust is missing"
    fi
    refused "no sudo" bob "make run" "you are not root, and there is no sudo" "apt-get install --no-install-recommends" \
        "create_main_cluster = false"
    give_hosts_rust "the cases after it are not about Rust"
    refused "root, a data directory that Postgres cannot enter" root "make run DATA_DIR=/root/data" "make run DATA_DIR=/var/lib/comptoir"
    refused "a full disk" root "mkdir -p /mnt && mount -t tmpfs -o size=100m tmpfs /mnt && git clone -q . /mnt/c && cd /mnt/c && make run" \
        "The disk is too full"
    step "sudo" sudo in_tree root 300 'apt-get install -q --no-install-recommends sudo' || return 1
    refused "sudo, but not in sudoers" bob "make run" "sudo refused" "apt-get install --no-install-recommends"
    step "bob in sudoers" sudoers in_tree root 60 'echo "bob ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/bob'
    refused "sudo before make" bob "sudo make run" "Do not put sudo before make"
    # shellcheck disable=SC2016 # perl's variable
    busy='perl -MIO::Socket::INET -e "\$s = IO::Socket::INET->new(LocalAddr => q(127.0.0.1:7400), Listen => 1) or die; sleep 60" & sleep 1;'
    refused "a busy port" root "$busy make run; status=\$?; kill %1; exit \$status" "127.0.0.1:7400 is in use" "--central-addr"
    close_tree
}

# ---- the README as written ----

# Each block of commands to a file of its own, in order: fenced, or indented by four. Pictures and output begin with no command.
read_blocks() {
    blocks=$scratch/blocks
    rm -rf "$blocks" && mkdir "$blocks"
    awk -v folder="$blocks" '
        function end_block() { if (text != "") { file = sprintf("%s/%02d", folder, ++count); printf "%s", text >file; close(file) } text = "" }
        function add(line) {
            if (text == "" && line !~ /^(sudo |apt-get |apt |git |cd |make |curl |comptoir |target\/|\.\/|export |PATH=|[A-Z_]+=|rm |cat |sleep )/) { skip = 1 }
            if (!skip) text = text line "\n"
        }
        /^```/ { if (fenced) end_block(); fenced = !fenced; skip = 0; next }
        fenced { add($0); next }
        /^    / { add(substr($0, 5)); next }
        { end_block(); skip = 0 }
        END { end_block() }' "$scratch/README.md"
}
# Blocks before the one with `make run`, the ones after it, and those that remove everything.
sort_blocks() {
    : >"$blocks/before.sh"
    : >"$blocks/after.sh"
    : >"$blocks/removal.sh"
    stage=before
    for block in "$blocks"/[0-9]*; do
        to=$stage
        if grep -q '^make run' "$block"; then stage=after; fi
        if grep -q -E '^(sudo )?rm -r' "$block"; then to=removal; fi
        if grep -q -E 'rustup|rust-lang' "$block"; then
            cp "$block" "$blocks/rust.sh"
            continue
        fi
        echo "echo '--- block ${block##*/}'" >>"$blocks/$to.sh"
        # The README's commands that stay in the foreground, or take long, are steps of their own.
        grep -v -E '^make ' "$block" >>"$blocks/$to.sh" || :
    done
    if ! grep -q 'apt-get install' "$blocks/before.sh"; then
        left_out="$left_out
$suite, $case: no block of the README installs git, make and ca-certificates; they were installed"
        echo 'apt-get update -q; apt-get install -q --no-install-recommends git make ca-certificates' >"$blocks/needs.sh"
        if [ "$case" = sudo ]; then sed -i 's/apt-get/sudo apt-get/g' "$blocks/needs.sh"; fi
        cat "$blocks/before.sh" >>"$blocks/needs.sh"
        mv "$blocks/needs.sh" "$blocks/before.sh"
    fi
    if ! grep -q 'git clone' "$blocks/before.sh"; then
        left_out="$left_out
$suite, $case: no block of the README clones it; it was cloned from here"
        echo 'git clone -q /srv/comptoir.git comptoir; cd comptoir' >>"$blocks/before.sh"
    fi
    # shellcheck disable=SC2016 # for the shell in the tree
    echo 'pwd >"$HOME/.fresh-clone"' >>"$blocks/before.sh"
}

# An overlay on a built target/: what the clone builds is written above it.
give_target() { # give_target USER CLONE LOWER
    at=$2/target lower=$3
    if [ "$1" != root ]; then # who must own it, so only what `make run` builds
        at=$at/release lower=$lower/release
    fi
    if [ ! -d "$lower" ]; then return 0; fi
    in_tree "$1" 60 "mkdir -p $at"
    mkdir -p "$place/target-upper" "$place/target-work"
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/target-upper,workdir=$place/target-work" "$tree$at"
    [ "$1" = root ] || chroot "$tree" chown -R "$1:" "$at"
    say "begins with what is built in $lower" "" used
}

# The README's `make run`, until it has printed what to try; it stays running in a session of its own, as in a terminal.
start_make_run() { # start_make_run USER CLONE LOG NAME: sets server
    name=$4 log=$logs/$suite-$case-$3.log
    began=$(date +%s)
    line=$(grep -h -E '^make run' "$blocks"/[0-9]* | head -n 1)
    [ -n "$line" ] || line="make run"
    # A background job of a script ignores Ctrl-C, unlike one of a terminal.
    in_tree "$1" 100000 "cd $2 && exec setsid env --default-signal=INT,QUIT sh -c 'echo \$\$ >\$HOME/.fresh-make; exec ${line%%#*}'" \
        >"$log" 2>&1 </dev/null &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
        if grep -q 'http://127.0.0.1:7401' "$log" && grep -q 'up.json' "$log"; then
            verdict 0
            return 0
        fi
        if [ $(($(date +%s) - began)) -gt "${FRESH_BUILD_SECONDS:-7200}" ]; then
            interrupt "$1" || :
            break
        fi
        sleep 1
    done
    return 1
}
interrupt() { # Ctrl-C reaches every process of the terminal's group
    kill -s INT -- "-$(cat "$tree$(home_of "$1")/.fresh-make")"
    for _ in $(seq 30); do
        if ! kill -0 "$server" 2>/dev/null; then break; fi
        sleep 1
    done
    if kill -0 "$server" 2>/dev/null; then
        echo "it still runs after 30 seconds"
        return 1
    fi
    wait "$server" || :
    # Processes still running in this namespace, without zombies.
    running=$(awk '/^Name:/ { name = $2 } /^State:/ { if ($2 != "Z" && name ~ /^(comptoir|postgres)$/) print name, FILENAME }' /proc/[0-9]*/status 2>/dev/null)
    echo "$running"
    [ -z "$running" ]
}
# Outside the clone, apart from what apt and rustup install.
# shellcheck disable=SC2317 # a step
nothing_left() {
    if [ -e "$tree/etc/postgresql-common/createcluster.conf" ] || [ -n "$(ls -A "$tree/etc/postgresql" 2>/dev/null)" ]; then
        echo "createcluster.conf, or a cluster of Debian's own, is there"
        return 1
    fi
    if [ -e "$tree/var/lib/comptoir" ]; then grep 'Data goes to /var/lib/comptoir' "$logs/$suite-$case-make-run.log"; fi
}

readme_as() { # readme_as USER
    user=$1
    read_blocks
    sort_blocks
    step "the README's blocks before make run" before in_tree "$user" 900 "set -e; $(cat "$blocks/before.sh")" || return 1
    clone=$(cat "$tree$(home_of "$user")/.fresh-clone")
    give_cargo_config "$user"
    if [ -e "$blocks/rust.sh" ] && [ "$suite" = bookworm ]; then
        if ! attempt "the README's way to Rust" rust in_tree "$user" 900 "set -e; $(cat "$blocks/rust.sh")"; then
            give_hosts_rust "rustup's servers cannot be reached"
        fi
    elif [ "$suite" = bookworm ]; then
        give_hosts_rust "this Debian has no package of rustup"
    fi
    if [ -n "$built" ]; then give_target "$user" "$clone" "$built"; fi
    first="make run, until its figures"
    if ! start_make_run "$user" "$clone" make-run "$first"; then
        if ! grep -q 'rustup could not download' "$log"; then
            verdict 1 || return 1
        fi
        say "make run: rustup could not download Rust, and it said so" "" ok
        give_hosts_rust "rustup's servers cannot be reached"
        start_make_run "$user" "$clone" make-run "$first" || verdict 1 || return 1
    fi
    step "the README's blocks after make run" after in_tree "$user" 900 "cd $clone; set -e; $(cat "$blocks/after.sh")" || :
    step "Ctrl-C ends it, and nothing keeps running" stop interrupt "$user" || :
    if start_make_run "$user" "$clone" again "make run again, until its figures" || verdict 1; then
        step "Ctrl-C again" stop-again interrupt "$user" || :
    fi
    if [ "$user" != root ]; then
        :
    elif [ "${FRESH_TEST:-yes}" = no ]; then
        left_out="$left_out
$suite, $case: make test (FRESH_TEST=no)"
    else
        step "make test" make-test in_tree "$user" 14400 "cd $clone; make test" || :
    fi
    step "nothing is left that was not said" left nothing_left || :
    if [ -s "$blocks/removal.sh" ]; then
        # A mount point cannot be removed.
        umount -l "$tree$clone/target" 2>/dev/null || umount -l "$tree$clone/target/release" 2>/dev/null || :
        step "the README's removal" removal in_tree "$user" 300 "cd $clone; set -e; $(cat "$blocks/removal.sh")" || :
    fi
}
run_root() {
    open_tree
    chmod 700 "$tree/root"
    built=${FRESH_TARGET_DIR:-}
    root_built=""
    if readme_as root; then root_built=$tree$clone/target; else failed=1; fi
}
run_sudo() {
    open_tree
    step "a user with sudo" user in_tree root 600 'apt-get update -q && apt-get install -q --no-install-recommends sudo &&
        useradd -m -s /bin/bash ana && echo "ana ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/ana' || return 1
    # Reuses what root built, if it exists: this case is about sudo.
    built=${root_built:-${FRESH_TARGET_DIR:-}}
    readme_as ana || failed=1
}

# ---- main ----

repository_git show HEAD:README.md >"$scratch/README.md"
for suite in $suites; do
    case="" root_built=""
    make_base || continue
    for case in $cases; do
        rust_bin=""
        case $case in
            refused) run_refused || failed=1 ;;
            root) run_root || failed=1 ;;
            sudo) run_sudo || failed=1 ;;
            *) fail "$case is no case: refused root sudo" ;;
        esac
    done
    for case in $cases; do
        tree=$scratch/cases/$suite-$case/tree
        umount -R -l "$tree" 2>/dev/null || :
        rm -rf --one-file-system "$scratch/cases/$suite-$case"
    done
done
[ -z "$left_out" ] || echo "Left out, or done in another way:$left_out"
if [ "$failed" = 0 ]; then echo "make fresh: all steps passed"; else echo "make fresh: FAILED"; fi
exit "$failed"
