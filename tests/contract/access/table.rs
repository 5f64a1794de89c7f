//! The matrix as a table in `docs/spec/access-matrix.md`. Callers with the same answers share a line.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What one caller gets from one operation.
pub(super) struct Row {
    /// The method and the path.
    pub(super) operation: String,
    pub(super) caller: &'static str,
    /// About the own site, another site, another tenant.
    pub(super) answers: [&'static str; 3],
}

/// Both tests write into one file.
static FILE: Mutex<()> = Mutex::new(());

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/access-matrix.md")
}

/// Checks that the page has these rows between its marks, or writes them there.
pub(super) fn holds(server: &str, rows: &[Row]) {
    let _file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let (begin, end) = (format!("<!-- begin {server}: written by a test -->\n"), format!("<!-- end {server} -->"));
    let text = std::fs::read_to_string(path()).expect("the page can be read");
    let (before, rest) = text.split_once(&begin).expect("the page has the mark");
    let (written, after) = rest.split_once(&end).expect("the page has the end mark");
    let table = table(rows);
    if written == table {
        return;
    }
    let changed = first_difference(written, &table);
    let hint =
        format!("docs/spec/access-matrix.md differs from {server}; run the test with COMPTOIR_WRITE_SPEC=1\n{changed}");
    assert!(std::env::var_os("COMPTOIR_WRITE_SPEC").is_some(), "{hint}");
    std::fs::write(path(), format!("{before}{begin}{table}{end}{after}")).expect("the page can be written");
}

fn first_difference(written: &str, table: &str) -> String {
    let missing = |these: &str, others: &str| {
        let line = these.lines().find(|line| !others.lines().any(|other| other == *line));
        line.unwrap_or("nothing").to_owned()
    };
    format!("only in the page: {}\nonly in the server: {}", missing(written, table), missing(table, written))
}

fn table(rows: &[Row]) -> String {
    let mut lines: Vec<(&str, [&str; 3], Vec<&str>)> = Vec::new();
    for row in rows {
        match lines.iter_mut().find(|(operation, answers, _)| *operation == row.operation && *answers == row.answers) {
            Some((_, _, callers)) => callers.push(row.caller),
            None => lines.push((&row.operation, row.answers, vec![row.caller])),
        }
    }
    let has_places = rows.iter().any(|row| row.answers[1..] != ["-", "-"]);
    let mut table = String::new();
    table += if has_places {
        "| operation | caller | own site | other site | other tenant |\n|---|---|---|---|---|\n"
    } else {
        "| operation | caller | answer |\n|---|---|---|\n"
    };
    for (operation, answers, callers) in lines {
        let asked = rows.iter().filter(|row| row.operation == operation).count();
        let callers = if callers.len() == asked { "everybody".to_owned() } else { callers.join(", ") };
        let answers = if has_places { &answers[..] } else { &answers[..1] };
        writeln!(table, "| `{operation}` | {callers} | {} |", answers.join(" | ")).expect("a text grows");
    }
    table
}
