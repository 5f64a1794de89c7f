//! A simulated machine for `scripts/bootstrap.sh`: a clone, a PATH with only chosen programs, and programs that record their
//! calls.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The programs that the script uses itself; every Debian has them.
const ESSENTIAL: [&str; 24] = [
    "awk", "cat", "date", "df", "dirname", "env", "find", "grep", "head", "ln", "ls", "mkdir", "mv", "printf",
    "readlink", "rm", "rmdir", "sed", "sh", "sort", "stat", "tail", "tee", "tr",
];

pub(crate) struct Machine {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

pub(crate) struct Outcome {
    pub(crate) succeeded: bool,
    /// The script's whole output.
    pub(crate) output: String,
    /// Calls of the recorded programs, one per line, in order.
    pub(crate) calls: Vec<String>,
}

impl Machine {
    /// Debian 12 as root, with everything that `run` needs and the pinned Rust, installed without rustup.
    pub(crate) fn new() -> Machine {
        let mut machine = Machine { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        for folder in
            ["bin", "home", "clone/scripts", "root/usr/lib/postgresql/15/bin", "root/etc/ssl/certs", "root/var/lib"]
        {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for file in ["scripts/bootstrap.sh", "Cargo.toml", "rust-toolchain.toml"] {
            fs::copy(repository.join(file), machine.path("clone").join(file)).unwrap();
        }
        for program in ESSENTIAL {
            symlink(installed(program), machine.path("bin").join(program)).unwrap();
        }
        fs::write(machine.path("root/usr/lib/postgresql/15/bin/postgres"), "").unwrap();
        fs::write(machine.path("root/etc/ssl/certs/ca-certificates.crt"), "").unwrap();
        fs::write(machine.path("root/etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").unwrap();
        for (name, body) in [
            ("cc", ""),
            ("curl", ""),
            ("node", "echo v18.20.4"),
            ("npm", ""),
            ("setpriv", ""),
            ("apt-get", ""),
            ("apt-cache", ""),
            ("cargo", "echo 'cargo 1.95.0 (f2d3ce0bd 2026-03-21)'"),
        ] {
            machine = machine.program(name, body);
        }
        machine.user(0)
    }

    /// Runs as this user. Every other account is `nobody`.
    pub(crate) fn user(self, uid: u32) -> Machine {
        self.program("id", &format!("case $* in -u) echo {uid} ;; *) echo 65534 ;; esac"))
    }

    /// Another version of Debian, with empty package lists.
    pub(crate) fn debian(self, version: u32) -> Machine {
        fs::write(self.path("root/etc/os-release"), format!("ID=debian\nVERSION_ID=\"{version}\"\n")).unwrap();
        self
    }

    pub(crate) fn with(self, name: &str, body: &str) -> Machine {
        self.program(name, body)
    }

    pub(crate) fn without(self, program: &str) -> Machine {
        fs::remove_file(self.path("bin").join(program)).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &str) -> Machine {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// rustup and its cargo, which works once the pinned toolchain is installed; `install` is the shell command of that
    /// installation.
    pub(crate) fn with_rustup(self, install: &str) -> Machine {
        let body = format!(
            "case \"${{0##*/}} $*\" in\n\
             'rustup toolchain list') cat \"$HOME/toolchains\" 2>/dev/null ;;\n\
             'rustup toolchain install '*) {install} ;;\n\
             cargo*) echo 'cargo 1.95.0 (f2d3ce0bd 2026-03-21)' ;;\n\
             esac"
        );
        let machine = self.program("rustup", &body).without("cargo");
        symlink("rustup", machine.path("bin/cargo")).unwrap();
        machine
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs the script. Each recorded call includes the output so far.
    pub(crate) fn bootstrap(&self, arguments: &[&str]) -> Outcome {
        let printed = self.path("printed");
        let file = fs::File::create(&printed).unwrap();
        let mut command = Command::new(self.path("bin/sh"));
        command.arg(self.path("clone/scripts/bootstrap.sh")).args(arguments).env_clear();
        command.env("PATH", self.path("bin")).env("HOME", self.path("home")).env("BOOTSTRAP_ROOT", self.path("root"));
        command.env("CALLS", self.path("calls")).env("PRINTED", &printed).envs(self.variables.iter().cloned());
        command.stdin(std::process::Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let succeeded = command.status().unwrap().success();
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let output = fs::read_to_string(printed).unwrap();
        Outcome { succeeded, output, calls: calls.lines().map(str::to_owned).collect() }
    }

    fn program(self, name: &str, body: &str) -> Machine {
        let path = self.path("bin").join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh\necho \"${{0##*/}} $*\" >>\"$CALLS\"\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }
}

impl Outcome {
    /// The calls that download, install or change something, in order.
    pub(crate) fn installations(&self) -> Vec<&str> {
        let changing = |call: &&str| {
            call.starts_with("apt-get ")
                || call.starts_with("rustup toolchain install")
                || call.starts_with("sudo apt-get")
        };
        self.calls.iter().map(String::as_str).filter(changing).collect()
    }

    /// Asserts a failure whose output contains all of `texts`, with nothing installed.
    #[track_caller]
    pub(crate) fn refused(&self, texts: &[&str]) {
        assert!(!self.succeeded, "{}", self.output);
        for text in texts {
            assert!(self.output.contains(text), "{text:?} is missing in the output:\n{}", self.output);
        }
        assert_eq!(self.installations(), Vec::<&str>::new(), "{}", self.output);
    }

    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert!(self.succeeded, "{}\n{:?}", self.output, self.calls);
    }
}

fn installed(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found =
        std::env::split_paths(&path).chain(["/usr/bin".into(), "/bin".into()]).map(|folder| folder.join(program));
    found.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{program} is missing"))
}
