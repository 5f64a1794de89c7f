//! The program as a script sees it: what it prints where, and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

use comptoir::exit;

fn comptoir(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).output().unwrap()
}

fn code(output: &Output) -> u8 {
    u8::try_from(output.status.code().expect("it ends by itself")).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A loopback address where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn given(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_node_that_is_not_there_is_unavailable_and_a_program_reads_why() {
    let output = comptoir(&["--json", "queue", "--url", &nobody()], &[]);
    assert_eq!(code(&output), exit::UNAVAILABLE);
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(line["exit_code"], exit::UNAVAILABLE);
    assert!(line["error"].as_str().unwrap().contains("refused"), "{line}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_command_line_that_means_nothing_is_usage() {
    assert_eq!(code(&comptoir(&["import"], &[])), exit::USAGE);
    assert_eq!(code(&comptoir(&["queue", "--url", "shop"], &[])), exit::USAGE);
    let output = comptoir(&["import", "/no/such/file.csv", "--map", "/no/such/map.toml"], &[]);
    assert_eq!(code(&output), exit::USAGE);
    assert!(stderr(&output).contains("/no/such/map.toml"), "{}", stderr(&output));
}

#[test]
fn an_import_without_a_node_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let map = "name = \"n\"\nrows = { group_by = \"id\" }\nfields = { id = { column = \"id\" } }\n\
               [[events]]\nentity_type = \"STUDENT\"\naction = \"CREATE\"\nentity_id = \"id\"\npayload = { id = \"id\" }\n";
    let map = given(folder.path(), "map.toml", map);
    let rows = given(folder.path(), "rows.csv", "id\n1\n");
    let output = comptoir(&["import", &rows, "--map", &map, "--url", &nobody(), "--give-up-after", "0"], &[]);
    assert_eq!(code(&output), exit::UNAVAILABLE);
    assert!(stderr(&output).contains("Start the same command again"), "{}", stderr(&output));
}

#[test]
fn doctor_says_what_is_wrong_in_the_language_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().to_str().unwrap();
    let path = ("PATH", "/usr/bin:/bin");
    let fine = comptoir(&["doctor", "--data-dir", data_dir], &[path]);
    assert_eq!(code(&fine), exit::OK, "{}", stderr(&fine));
    let wrong = comptoir(&["doctor", "--data-dir", data_dir, "--url", &nobody()], &[path, ("LANG", "fr_FR.UTF-8")]);
    assert_eq!(code(&wrong), exit::FOUND);
    let text = String::from_utf8(wrong.stdout).unwrap();
    assert!(text.contains("ERREUR Nœud"), "{text}");
}

#[test]
fn help_has_the_exit_codes_and_every_command_an_example() {
    let help = |command: &[&str]| {
        let output = comptoir(command, &[]);
        assert_eq!(code(&output), exit::OK);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(help(&["--help"]).contains("Exit codes:"));
    for command in
        [&["import"][..], &["queue"], &["doctor"], &["completions"], &["events", "tail"], &["events", "show"]]
    {
        assert!(help(&[command, &["--help"]].concat()).contains("Example"), "{command:?}");
    }
}
