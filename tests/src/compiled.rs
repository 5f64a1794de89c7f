//! The reference clients' TypeScript, compiled with the compiler that `tests/clients/package-lock.json` names. Everything
//! lands in the target folder and is kept there: a run that finds packages of the same lock, and modules of the same sources,
//! does nothing. Processes that come at once wait for each other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the compiler and the package manager read in addition to the sources.
const MANIFESTS: [&str; 4] = [".npmrc", "package.json", "package-lock.json", "tsconfig.json"];

/// A module of the clients, ready for `node`. A type error panics with the compiler's words.
pub fn module(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).join(name).with_extension("js")
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let target = test.ancestors().nth(3).expect("tests run from target/PROFILE/deps");
    let folder = target.join("reference-clients");
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    let lock = File::create(folder.join("lock")).expect("the target folder can be written to");
    lock.lock().expect("nobody else builds the clients now");
    install(&folder);
    let modules = folder.join(digest(&typescript()));
    if !modules.exists() {
        compile(&folder, &modules);
    }
    modules
}

/// The packages of the lock, once for each lock.
fn install(folder: &Path) {
    let (lock, mark) = (sources().join("package-lock.json"), folder.join("installed"));
    let wanted = digest(&[lock]);
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return;
    }
    for name in MANIFESTS {
        fs::copy(sources().join(name), folder.join(name)).expect("the target folder can be written to");
    }
    run_compiler(Command::new("npm").arg("ci").current_dir(folder), "npm");
    fs::write(mark, wanted).expect("the target folder can be written to");
}

/// The sources are copied next to the packages, where the compiler finds both; the modules appear whole or not at all.
fn compile(folder: &Path, modules: &Path) {
    let staging = folder.join("compiling");
    let _absent_before_the_first = fs::remove_dir_all(&staging);
    fs::create_dir(&staging).expect("the target folder can be written to");
    for source in typescript() {
        let name = source.file_name().expect("a source has a name");
        fs::copy(&source, staging.join(name)).expect("the target folder can be written to");
    }
    for name in ["package.json", "tsconfig.json"] {
        fs::copy(sources().join(name), staging.join(name)).expect("the target folder can be written to");
    }
    let compiler = folder.join("node_modules/typescript/bin/tsc");
    run_compiler(Command::new("node").arg(compiler).arg("--project").arg(&staging), "node");
    fs::rename(staging, modules).expect("the target folder can be written to");
}

fn typescript() -> Vec<PathBuf> {
    let entries = fs::read_dir(sources()).expect("the clients are in the repository");
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "ts")).collect();
    found.push(sources().join("tsconfig.json"));
    found.push(sources().join("package-lock.json"));
    found.sort();
    found
}

fn digest(files: &[PathBuf]) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let name = file.file_name().expect("a file has a name");
        let text = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        hasher.update(name.as_encoded_bytes()).update(&text.len().to_le_bytes()).update(&text);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn run_compiler(command: &mut Command, program: &str) {
    let output = command.output();
    let output =
        output.unwrap_or_else(|error| panic!("{program} does not run ({error}): scripts/bootstrap.sh installs it"));
    let words = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{words}", output.status);
}
