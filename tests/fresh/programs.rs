//! Every program that the tests start must be on a minimal Debian or be installed by `scripts/bootstrap.sh`.

use std::fs;
use std::path::{Path, PathBuf};

/// The package of each program that a test or bench starts by name.
const PACKAGES: [(&str, &str); 16] = [
    ("bash", "bash"),
    ("cp", "coreutils"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("nm", "binutils"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("prlimit", "util-linux"),
    ("python3", "python3"),
    ("setpriv", "util-linux"),
    ("setsid", "util-linux"),
    ("sleep", "coreutils"),
    ("strace", "strace"),
    ("timeout", "coreutils"),
    ("truncate", "coreutils"),
    ("umount", "mount"),
];
/// Programs of every Debian.
const ESSENTIAL: [&str; 2] = ["bash", "coreutils"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Regression: `kill` and `uptime` were started, and a minimal Debian has neither.
#[test]
fn every_program_that_is_started_is_essential_or_installed() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bootstrap = fs::read_to_string(repository.join("scripts/bootstrap.sh")).unwrap();
    let mut files = Vec::new();
    sources(&repository, &mut files);
    let mut programs = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for rest in text.split("Command::new(\"").skip(1) {
            let program = rest.split('"').next().unwrap();
            // A path names one of the project's own binaries.
            if program.contains('/') {
                continue;
            }
            let package = PACKAGES.iter().find(|(name, _)| *name == program);
            let (_, package) = package.unwrap_or_else(|| panic!("{}: which package has {program:?}?", file.display()));
            let installed = ESSENTIAL.contains(package) || bootstrap.contains(&format!("need {package} "));
            assert!(installed, "{}: scripts/bootstrap.sh does not install {package} for {program}", file.display());
            programs += 1;
        }
    }
    assert!(programs > 10, "the search finds only {programs} programs");
}

#[test]
fn the_pinned_toolchain_is_the_oldest_that_the_workspace_allows() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let quoted = |file: &str, key: &str| {
        let text = fs::read_to_string(repository.join(file)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap().to_owned();
        line.trim_matches(|letter| " =\"".contains(letter)).to_owned()
    };
    let (pinned, oldest) = (quoted("rust-toolchain.toml", "channel"), quoted("Cargo.toml", "rust-version"));
    assert!(pinned.starts_with(&format!("{oldest}.")), "{pinned} is pinned, {oldest} is required");
}
