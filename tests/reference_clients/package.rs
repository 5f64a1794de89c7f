//! The package as another project gets it: packed, installed, and used as its README shows.

use std::process::Command;

use comptoir_test_support::temp_folder;
use comptoir_tests::compiled::{self, run_command};

use crate::against::{setting, shared};

/// The only package of the lock besides the clients is the compiler with its types, so that npm needs no network here.
#[test]
fn another_project_installs_the_package_and_runs_the_sample_of_its_readme() {
    let page = std::fs::read_to_string(compiled::source().join("README.md")).expect("the package has a README");
    let sample = page.split("```ts\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a sample");
    let company = shared();
    let setting = setting(&company);
    let up = serde_json::json!({
        "central_url": setting["url"], "node_api_key": setting["key"], "tenant_id": setting["tenant"] });

    let project = temp_folder();
    let write = |name: &str, text: &str| std::fs::write(project.path().join(name), text).expect("the folder is ours");
    write("package.json", r#"{ "type": "module" }"#);
    write("sample.ts", sample);
    std::fs::create_dir(project.path().join("comptoir-data")).expect("the folder is ours");
    write("comptoir-data/up.json", &up.to_string());

    let npm = |arguments: &[&str]| run_command(Command::new("npm").args(arguments).current_dir(project.path()), "npm");
    let package = compiled::package().display().to_string();
    npm(&["pack", "--ignore-scripts", &package]);
    npm(&["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "./comptoir-clients-0.1.0.tgz"]);
    let installed = project.path().join("node_modules/@comptoir/clients");
    assert!(installed.join("dist/src/index.d.ts").exists() && !installed.join("dist/test").exists());

    let node_modules = compiled::tools().join("node_modules");
    let mut tsc = Command::new("node");
    tsc.arg(node_modules.join("typescript/bin/tsc")).args(["--strict", "--noUncheckedIndexedAccess"]);
    tsc.args(["--module", "nodenext", "--target", "es2022", "--types", "node", "--typeRoots"]);
    tsc.arg(node_modules.join("@types")).arg("sample.ts").current_dir(project.path());
    run_command(&mut tsc, "node");
    let printed = run_command(Command::new("node").arg("sample.js").current_dir(project.path()), "node");
    let [reference, counts] = printed.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {printed}") };
    assert!(reference.ends_with("-LYO-000001"), "central numbered the invoice in the shop's series: {printed}");
    assert_eq!(counts, "1 0 0", "the desktop's event was acknowledged");
}

#[test]
fn the_package_has_the_version_of_the_workspace() {
    let text = std::fs::read_to_string(compiled::source().join("package.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["private"], true, "npm refuses to publish it");
}
