//! `scripts/bootstrap.sh` on machines that lack something: its messages, and that nothing is downloaded or installed before all
//! checks pass. `make fresh` does the same on a real minimal Debian.

mod machine;
mod programs;

use std::net::TcpListener;

use machine::Machine;

#[test]
fn nothing_is_installed_if_nothing_is_missing() {
    let outcome = Machine::new().bootstrap(&["run"]);
    outcome.succeeded();
    assert_eq!(outcome.installations(), Vec::<&str>::new());
}

#[test]
fn running_needs_neither_python_nor_a_browser() {
    let run = Machine::new().user(1000).without("cc").bootstrap(&["run"]);
    run.refused(&["apt-get install --no-install-recommends build-essential\n"]);
    let test = Machine::new().user(1000).without("cc").bootstrap(&["test"]);
    test.refused(&["build-essential git python3 python3-venv chromium e2fsprogs mount strace binutils\n"]);
}

#[test]
fn node_builds_the_screens_unless_they_are_left_out() {
    let machine = || Machine::new().user(1000).without("node").without("npm");
    machine().bootstrap(&["run"]).refused(&["apt-get install --no-install-recommends nodejs npm\n"]);
    machine().variable("SCREENS", "no").bootstrap(&["run"]).succeeded();
    let old = Machine::new().with("node", "echo v16.20.2");
    old.bootstrap(&["build"]).refused(&["Node 18.19 or newer builds the screens", "16.20.2", "make run SCREENS=no"]);
}

#[test]
fn a_missing_rust_is_reported_before_any_package_is_installed() {
    let outcome = Machine::new().without("cargo").without("cc").bootstrap(&["run"]);
    outcome.refused(&[
        "Rust is missing",
        "rust-lang.org",
        "rustup downloads Rust 1.95.0 by itself",
        "Nothing was downloaded or installed",
    ]);
}

#[test]
fn a_debian_with_rustup_gets_it_and_the_pinned_rust_after_an_announcement() {
    let install = "case $* in *install*rustup*) mv \"$HOME/rustup\" \"$HOME/cargo\" \"${0%/*}/\" ;; esac";
    let machine =
        Machine::new().debian(13).with_rustup("echo 1.95.0-x86_64 >\"$HOME/toolchains\"").with("apt-get", install);
    for program in ["rustup", "cargo"] {
        std::fs::rename(machine.path("bin").join(program), machine.path("home").join(program)).unwrap();
    }
    let outcome = machine.bootstrap(&["run"]);
    outcome.succeeded();
    let expected = [
        "apt-get update -q",
        "apt-get install -q -y --no-install-recommends rustup",
        "rustup toolchain install 1.95.0 --profile minimal --component clippy --component rustfmt",
    ];
    assert_eq!(outcome.installations(), expected, "{}", outcome.output);
    let planned = outcome.output.find("To download with rustup: Rust 1.95.0").unwrap();
    assert!(planned < outcome.output.find("Installing").unwrap(), "{}", outcome.output);
    assert!(outcome.output.contains("To remove: apt-get autoremove --purge rustup"), "{}", outcome.output);
}

/// A shell opened before rustup was installed has no PATH to it.
#[test]
fn a_rust_that_is_only_in_the_users_home_is_found() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.path("home/.cargo/bin")).unwrap();
    std::fs::rename(machine.path("bin/cargo"), machine.path("home/.cargo/bin/cargo")).unwrap();
    machine.bootstrap(&["run"]).succeeded();
}

#[test]
fn an_older_rust_is_reported_with_its_path_and_the_remedy() {
    let machine = Machine::new().with("cargo", "echo 'cargo 1.63.0'").without("cc");
    let path = machine.path("bin/cargo").display().to_string();
    machine.bootstrap(&["run"]).refused(&["Rust 1.95 or newer is needed", &format!("{path} is 1.63"), "rust-lang.org"]);
}

/// In the clone, rustup's cargo downloads the pinned toolchain before it answers.
#[test]
fn rustup_installs_the_pinned_toolchain_before_its_cargo_is_run() {
    let outcome = Machine::new().with_rustup("echo 1.95.0-x86_64 >\"$HOME/toolchains\"").bootstrap(&["run"]);
    outcome.succeeded();
    assert!(!outcome.calls.iter().any(|call| call.starts_with("cargo")), "{:?}", outcome.calls);
    assert!(
        outcome.output.contains("Installed Rust 1.95.0. To remove: rustup toolchain uninstall 1.95.0"),
        "{}",
        outcome.output
    );
}

#[test]
fn a_failed_toolchain_download_is_reported_with_the_log() {
    let outcome = Machine::new().with_rustup("echo 'no route'; exit 1").bootstrap(&["run"]);
    assert!(!outcome.succeeded);
    for text in ["no route", "rustup could not download Rust 1.95.0", "target/bootstrap-rustup.log"] {
        assert!(outcome.output.contains(text), "{}", outcome.output);
    }
}

#[test]
fn sudo_before_make_stops_before_anything_is_written() {
    let owned_by_ana = "case $* in '-c %u .') echo 1000 ;; '-c %U .') echo ana ;; *) exit 1 ;; esac";
    let machine = Machine::new().variable("SUDO_USER", "ana").without("cargo").without("cc").with("stat", owned_by_ana);
    machine.bootstrap(&["run"]).refused(&["Do not put sudo before make: this folder belongs to ana"]);
    assert!(!machine.path("clone/target").exists());
}

/// A root shell from `sudo -i`, in a clone that root owns.
#[test]
fn root_through_sudo_in_a_folder_of_roots_is_root() {
    let owned_by_root = "echo 0";
    Machine::new().variable("SUDO_USER", "ana").with("stat", owned_by_root).bootstrap(&["run"]).succeeded();
}

#[test]
fn a_user_without_sudo_sees_what_root_must_run() {
    let machine = Machine::new().user(1000).without("cc");
    std::fs::remove_file(machine.path("root/usr/lib/postgresql/15/bin/postgres")).unwrap();
    machine.bootstrap(&["run"]).refused(&[
        "you are not root, and there is no sudo",
        "echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf",
        "apt-get install --no-install-recommends build-essential postgresql\n",
    ]);
}

#[test]
fn a_user_whom_sudo_refuses_sees_the_same() {
    let machine =
        Machine::new().user(1000).without("cc").with("sudo", "echo 'ana is not in the sudoers file' >&2; exit 1");
    let outcome = machine.bootstrap(&["run"]);
    outcome.refused(&["sudo refused", "apt-get install --no-install-recommends build-essential\n"]);
}

#[test]
fn a_user_with_sudo_installs_through_it() {
    let machine =
        Machine::new().user(1000).without("cc").with("sudo", "[ \"$1\" != -n ] || shift\nexec \"$@\"").with("true", "");
    let outcome = machine.bootstrap(&["run"]);
    outcome.succeeded();
    let through_sudo: Vec<&str> = outcome.installations().into_iter().filter(|call| call.starts_with("sudo")).collect();
    assert_eq!(through_sudo, ["sudo apt-get update -q"]);
    assert_eq!(outcome.calls.last().unwrap(), "apt-get install -q -y --no-install-recommends build-essential");
    assert!(outcome.output.contains("To remove: apt-get autoremove --purge build-essential"), "{}", outcome.output);
}

#[test]
fn debian_s_own_cluster_is_prevented_and_no_file_is_left() {
    let conf = "\"${PRINTED%/*}/root/etc/postgresql-common/createcluster.conf\"";
    let machine = Machine::new().with("apt-get", &format!("cat {conf} >>\"$CALLS\""));
    std::fs::remove_file(machine.path("root/usr/lib/postgresql/15/bin/postgres")).unwrap();
    let outcome = machine.bootstrap(&["run"]);
    outcome.succeeded();
    assert!(outcome.calls.contains(&"create_main_cluster = false".to_owned()), "{:?}", outcome.calls);
    assert!(!machine.path("root/etc/postgresql-common").exists());
}

#[test]
fn a_failure_of_apt_shows_its_end_and_its_log() {
    let machine = Machine::new().without("cc").with("apt-get", "echo 'Unable to locate package'; exit 100");
    let outcome = machine.bootstrap(&["run"]);
    assert!(!outcome.succeeded);
    for text in ["Unable to locate package", "target/bootstrap-apt.log"] {
        assert!(outcome.output.contains(text), "{}", outcome.output);
    }
}

/// A Postgres that root starts runs as another user, who cannot enter root's home on a fresh Debian.
#[test]
fn a_clone_in_a_closed_home_reports_that_its_data_goes_elsewhere() {
    let machine = Machine::new().with("setpriv", "exit 1");
    let (shared, link) = (machine.path("root/var/lib/comptoir"), machine.path("clone/comptoir-data"));
    let outcome = machine.bootstrap(&["run", "--data-dir", "./comptoir-data"]);
    outcome.succeeded();
    assert!(outcome.output.contains(&format!("Data goes to {}", shared.display())), "{}", outcome.output);
    assert_eq!(std::fs::read_link(link).unwrap(), shared);
    assert!(shared.is_dir());
}

#[test]
fn a_data_directory_that_postgres_cannot_enter_is_refused_before_the_build() {
    let closed = || Machine::new().with("setpriv", "exit 1").without("cc");
    let chosen = closed();
    let outcome = chosen.bootstrap(&["run", "--data-dir", "/root/data"]);
    outcome.refused(&["Postgres cannot enter /root/data", "make run DATA_DIR="]);
    let taken = closed();
    std::fs::create_dir_all(taken.path("root/var/lib/comptoir/pg")).unwrap();
    taken.bootstrap(&["run"]).refused(&["has other data. Choose a new folder: make run DATA_DIR="]);
    let begun = closed();
    std::fs::create_dir(begun.path("clone/comptoir-data")).unwrap();
    begun.bootstrap(&["run"]).refused(&["Postgres cannot enter ./comptoir-data"]);
}

#[test]
fn a_busy_port_is_reported_with_its_holder_and_a_command_for_another_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let busy = Machine::new().without("cc");
    for option in ["--central-addr", "--local-addr"] {
        let outcome = busy.bootstrap(&["run", option, &address]);
        let holder = format!("(process {})", std::process::id());
        outcome.refused(&[&format!("{address} is in use by "), &holder, "make run ARGS=\"--central-addr"]);
    }
    drop(listener);
    Machine::new().bootstrap(&["run", "--central-addr", &address, "--local-addr=127.0.0.1:0"]).succeeded();
}

#[test]
fn a_full_disk_is_reported_before_the_build() {
    let full = "printf 'header\\n/dev/vda 100 50 51200 50%% /\\n'";
    let outcome = Machine::new().without("cc").with("df", full).bootstrap(&["run"]);
    outcome.refused(&["The disk is too full: / has 50 MiB free, and about 3000 MiB are needed."]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let machine = Machine::new().without("cargo").without("cc").with("setpriv", "exit 1").user(0);
    let outcome = machine.bootstrap(&["run", "--data-dir", "/root/data"]);
    outcome.refused(&["Rust is missing", "Postgres cannot enter /root/data"]);
}

#[test]
fn an_unknown_purpose_prints_the_usage() {
    Machine::new().bootstrap(&["everything"]).refused(&["usage: scripts/bootstrap.sh build | run"]);
}
