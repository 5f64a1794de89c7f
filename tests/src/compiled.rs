//! The package `clients/typescript`, compiled with the compiler that its `package-lock.json` names. Everything lands in the
//! target folder and is kept there: a run that finds packages of the same lock, and modules of the same sources, does nothing.
//! Processes that come at once wait for each other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the package manager reads.
const MANIFESTS: [&str; 3] = [".npmrc", "package.json", "package-lock.json"];
/// What is part of the compiled package, in addition to the sources.
const PACKED: [&str; 3] = ["package.json", "tsconfig.json", "README.md"];
/// The folders of the sources.
const SOURCES: [&str; 2] = ["src", "test"];

/// A module of the package's tests, ready for `node`. A type error panics with the compiler's words.
pub fn test_module(name: &str) -> PathBuf {
    package().join("dist/test").join(name).with_extension("js")
}

/// The compiled package, ready for `npm pack`.
pub fn package() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build)
}

/// The folder with the compiler and Node's types in `node_modules`.
pub fn tools() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let target = test.ancestors().nth(3).expect("tests run from target/PROFILE/deps");
    target.join("reference-clients")
}

/// The package in the repository.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/typescript")
}

fn build() -> PathBuf {
    let folder = tools();
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    let lock = File::create(folder.join("lock")).expect("the target folder can be written to");
    lock.lock().expect("nobody else builds the clients now");
    install(&folder);
    let compiled = folder.join(digest(&sources()));
    if !compiled.exists() {
        compile(&folder, &compiled);
    }
    compiled
}

/// The packages of the lock, once for each lock.
fn install(folder: &Path) {
    let (lock, mark) = (source().join("package-lock.json"), folder.join("installed"));
    let wanted = digest(&[("package-lock.json".to_owned(), lock)]);
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return;
    }
    for name in MANIFESTS {
        fs::copy(source().join(name), folder.join(name)).expect("the target folder can be written to");
    }
    run_command(Command::new("npm").arg("ci").current_dir(folder), "npm");
    fs::write(mark, wanted).expect("the target folder can be written to");
}

/// The package is copied next to its packages, where the compiler finds both; the result appears whole or not at all.
fn compile(folder: &Path, compiled: &Path) {
    let staging = folder.join("compiling");
    let _absent_before_the_first = fs::remove_dir_all(&staging);
    for part in SOURCES {
        fs::create_dir_all(staging.join(part)).expect("the target folder can be written to");
    }
    for (name, path) in sources() {
        fs::copy(path, staging.join(name)).expect("the target folder can be written to");
    }
    let compiler = folder.join("node_modules/typescript/bin/tsc");
    run_command(Command::new("node").arg(compiler).arg("--project").arg(&staging), "node");
    fs::rename(staging, compiled).expect("the target folder can be written to");
}

/// What is compiled or packed, by its name in the package.
fn sources() -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = [&PACKED[..], &["package-lock.json"]]
        .concat()
        .iter()
        .map(|name| ((*name).to_owned(), source().join(name)))
        .collect();
    for part in SOURCES {
        for entry in fs::read_dir(source().join(part)).expect("the clients are in the repository") {
            let path = entry.expect("a folder can be read").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy();
            found.push((format!("{part}/{name}"), path.clone()));
        }
    }
    found.sort();
    found
}

fn digest(files: &[(String, PathBuf)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, path) in files {
        let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        hasher.update(name.as_bytes()).update(&text.len().to_le_bytes()).update(&text);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Runs `npm` or `node` to its end. Returns its standard output; a failure panics with all that it printed.
pub fn run_command(command: &mut Command, program: &str) -> String {
    let output = command.output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} does not run ({error}): scripts/bootstrap.sh installs it"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{printed}{errors}", output.status);
    printed
}
