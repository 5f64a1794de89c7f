//! Checks the repository's rules by reading its sources. A failure names the rule, the file and the breach.

mod source;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use source::{CRATES, CrateSources, files_with, root, without_comments_and_strings};

/// The breaches of a rule, one line each: `file: description`.
type Breaches = BTreeSet<String>;

/// Fails where a rule has a breach.
fn hold(rule: &str, breaches: &Breaches) {
    let breaches: Vec<&str> = breaches.iter().map(String::as_str).collect();
    assert!(breaches.is_empty(), "these files break the rule {rule:?}:\n{}", breaches.join("\n"));
}

/// Every Rust file of the workspace, tests included, without comments and strings.
fn all_code() -> Vec<(String, String)> {
    files_with(&["rs"]).into_iter().map(|(path, text)| (path, without_comments_and_strings(&text))).collect()
}

fn has_word(code: &str, word: &str) -> bool {
    let is_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    code.match_indices(word)
        .any(|(at, _)| !is_word(code[..at].chars().next_back()) && !is_word(code[at + word.len()..].chars().next()))
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let mut breaches = Breaches::new();
    for (_, folder) in CRATES {
        let sources = CrateSources::read(folder);
        let imports = sources.imports();
        for circle in circles(&imports) {
            breaches.extend(circle.into_iter().map(|file| format!("{file}: is part of a circle of imports")));
        }
    }
    hold("no circles", &breaches);
}

/// Groups of files that reach each other (Tarjan's strongly connected components), of two files and more.
fn circles<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    struct Search<'a, 'b> {
        imports: &'b BTreeMap<&'a str, BTreeSet<&'a str>>,
        index: BTreeMap<&'a str, usize>,
        low: BTreeMap<&'a str, usize>,
        stack: Vec<&'a str>,
        circles: Vec<Vec<&'a str>>,
    }
    impl<'a> Search<'a, '_> {
        fn visit(&mut self, file: &'a str) {
            let number = self.index.len();
            self.index.insert(file, number);
            self.low.insert(file, number);
            self.stack.push(file);
            for next in self.imports.get(file).into_iter().flatten() {
                let reached = if self.index.contains_key(next) {
                    if self.stack.contains(next) { self.index[next] } else { continue }
                } else {
                    self.visit(next);
                    self.low[next]
                };
                self.low.insert(file, self.low[file].min(reached));
            }
            if self.low[file] == number {
                let at = self.stack.iter().rposition(|other| *other == file).expect("it was pushed above");
                let circle = self.stack.split_off(at);
                if circle.len() > 1 {
                    self.circles.push(circle);
                }
            }
        }
    }
    let mut search =
        Search { imports, index: BTreeMap::new(), low: BTreeMap::new(), stack: Vec::new(), circles: Vec::new() };
    for file in imports.keys() {
        if !search.index.contains_key(file) {
            search.visit(file);
        }
    }
    search.circles
}

#[test]
fn axum_is_named_in_api_folders_alone() {
    let mut breaches = Breaches::new();
    for (_, folder) in CRATES {
        for file in CrateSources::read(folder).files {
            let at_the_edge = file.path.contains("/src/api/")
                || matches!(file.path.as_str(), "central-node/src/lib.rs" | "local-node/src/lib.rs")
                || file.path.starts_with("http-edge/src/")
                || file.path.starts_with("cli/src/")
                // It calls the routers as a client would.
                || file.path.starts_with("test-support/src/");
            if has_word(&file.code, "axum") && !at_the_edge {
                breaches.insert(format!("{}: names axum", file.path));
            }
        }
    }
    hold("http at the edge", &breaches);
}

#[test]
fn sled_is_named_in_the_event_log_alone() {
    let mut breaches = Breaches::new();
    for (_, folder) in CRATES {
        for file in CrateSources::read(folder).files {
            if has_word(&file.code, "sled") && !file.path.starts_with("local-node/src/event_log/") {
                breaches.insert(format!("{}: names sled", file.path));
            }
        }
    }
    hold("sled in the event log", &breaches);
}

#[test]
fn central_is_known_by_its_api_alone() {
    let mut breaches = Breaches::new();
    for file in CrateSources::read("central-node/src").files {
        let may = file.path.starts_with("central-node/src/api/")
            || matches!(file.path.as_str(), "central-node/src/central.rs" | "central-node/src/lib.rs");
        if !may && has_word(&file.code, "Central") {
            breaches.insert(format!("{}: knows Central", file.path));
        }
    }
    hold("composition", &breaches);
}

#[test]
fn central_makes_problem_documents_in_its_api_alone() {
    let mut breaches = Breaches::new();
    for file in CrateSources::read("central-node/src").files {
        let may = file.path.starts_with("central-node/src/api/") || file.path == "central-node/src/lib.rs";
        if !may && has_word(&file.code, "Problem") {
            breaches.insert(format!("{}: names Problem", file.path));
        }
    }
    hold("problems at the edge", &breaches);
}

#[test]
fn modules_of_central_import_downwards_only() {
    /// From the bottom up. A module may import those below its floor, and none of its own floor.
    const FLOORS: [&[&str]; 11] = [
        &["background", "clock", "commit_signal", "restart"],
        &["private_postgres"],
        &["database"],
        &["blobs", "certificates", "config", "event_store", "identity", "store_health", "sync_log", "tenant"],
        &["restore_window", "state_store"],
        &["store_check"],
        &["ingest", "projections"],
        &["feed"],
        &["accounts", "certificate_issue", "conflicts", "key_changes", "reporting", "restore"],
        &["devices"],
        &["central", "fuzzed"],
    ];
    let floor_of = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let module_of = |path: &str| {
        let inside = path.trim_start_matches("central-node/src/");
        inside.split(['/', '.']).next().unwrap_or_default().to_owned()
    };
    let mut breaches = Breaches::new();
    let sources = CrateSources::read("central-node/src");
    for (file, imports) in sources.imports() {
        let from = module_of(file);
        if matches!(from.as_str(), "lib" | "api") {
            continue;
        }
        let Some(floor) = floor_of(&from) else {
            breaches.insert(format!("{file}: its module has no floor"));
            continue;
        };
        for to in imports.into_iter().map(module_of).filter(|to| *to != from) {
            if floor_of(&to).is_none_or(|below| below >= floor) {
                breaches.insert(format!("{file}: imports {to}"));
            }
        }
    }
    hold("downwards only", &breaches);
}

#[test]
fn the_event_store_alone_reads_and_writes_the_table_event() {
    let mut breaches = Breaches::new();
    let mut sources = Vec::new();
    fn walk(folder: &std::path::Path, sources: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of central") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sql") {
                sources.push(path);
            }
        }
    }
    walk(&root().join("central-node/src"), &mut sources);
    for path in sources {
        let relative = path.strip_prefix(root()).expect("below the workspace").to_string_lossy().into_owned();
        if relative.starts_with("central-node/src/event_store/") || relative.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("UTF-8 sources").to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let names_it = words.windows(2).any(|pair| {
            matches!(pair[0], "from" | "join" | "into") && pair[1].trim_matches([';', ')', ',', '"']) == "event"
        });
        if names_it {
            breaches.insert(format!("{relative}: names the table event"));
        }
    }
    hold("one owner of the log's table", &breaches);
}

#[test]
fn crates_depend_downwards_only() {
    /// From the bottom up. Each may use those named before it, as far as its line says.
    const MAY_USE: [(&str, &[&str]); 11] = [
        ("core", &[]),
        ("messages", &[]),
        ("screens", &[]),
        ("proto-schemas", &["core", "messages"]),
        ("http-edge", &["core", "screens", "proto"]),
        ("credentials", &["core"]),
        ("local-node", &["core", "messages", "proto", "http-edge", "credentials", "durable-sys"]),
        ("central-node", &["core", "messages", "proto", "http-edge", "credentials"]),
        ("audit", &["core", "messages", "proto"]),
        ("cli", &["core", "messages", "proto", "http-edge", "local", "central", "audit"]),
        ("test-support", &["core", "proto", "local", "central"]),
    ];
    let mut breaches = Breaches::new();
    for (package, may) in MAY_USE {
        let manifest = std::fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for other in [
            "core",
            "messages",
            "screens",
            "proto",
            "http-edge",
            "credentials",
            "local",
            "central",
            "audit",
            "test-support",
        ] {
            let named = dependencies.lines().any(|line| line.starts_with(&format!("comptoir-{other}")));
            if named && !may.contains(&other) {
                breaches.insert(format!("{package}/Cargo.toml: depends on comptoir-{other}"));
            }
        }
    }
    hold("crates point downwards", &breaches);
}

/// The files that may use the support crate. Unit tests in `src` cannot, and core's rules have their own builders.
fn is_integration_test(path: &str) -> bool {
    path.starts_with("tests/") || (path.contains("/tests/") && !path.contains("/src/"))
}

#[test]
fn tests_create_tenants_in_one_place() {
    let places = all_code().into_iter().filter(|(path, code)| {
        (is_integration_test(path) || path.starts_with("test-support/")) && code.contains("NewTenant {")
    });
    let others = places.map(|(path, _)| path).filter(|path| path != "test-support/src/tenant.rs");
    hold("one place for tenants", &others.map(|path| format!("{path}: builds a NewTenant")).collect());
}

#[test]
fn tests_share_the_builders_of_events() {
    const BUILT_BY_TEST_SUPPORT: [&str; 6] = ["sale", "refund", "reception", "delivery", "invoice", "temp_folder"];
    let mut breaches = Breaches::new();
    for (path, code) in all_code().into_iter().filter(|(path, _)| is_integration_test(path)) {
        for (at, _) in code.match_indices("fn ") {
            let name: String =
                code[at + 3..].chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
            if BUILT_BY_TEST_SUPPORT.contains(&name.trim_end_matches("_payload")) {
                breaches.insert(format!("{path}: has its own builder {name}"));
            }
        }
    }
    hold("one builder of each event", &breaches);
}

#[test]
fn a_free_function_is_named_for_what_it_does() {
    let mut breaches = Breaches::new();
    for (path, code) in all_code() {
        for line in code.lines() {
            // A method is indented.
            let declared = line.trim_start_matches("pub").trim_start_matches("(crate)").trim_start_matches("(super)");
            let declared = declared.trim_start().trim_start_matches("async ").trim_start_matches("const ");
            if line.starts_with(' ') || !declared.starts_with("fn ") {
                continue;
            }
            let name: String =
                declared[3..].chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
            if matches!(name.as_str(), "take" | "of" | "run") {
                breaches.insert(format!("{path}: a free function is called {name}"));
            }
        }
    }
    hold("searchable functions", &breaches);
}

#[test]
fn no_type_name_lives_in_more_than_two_modules() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, folder) in CRATES {
        for file in CrateSources::read(folder).files {
            for line in file.code.lines() {
                let line = line.trim_start();
                let line = line
                    .strip_prefix("pub")
                    .map_or(line, |rest| rest.trim_start_matches("(crate)").trim_start_matches("(super)").trim_start());
                for keyword in ["struct ", "enum ", "trait "] {
                    if let Some(rest) = line.strip_prefix(keyword) {
                        let name: String = rest.chars().take_while(|char| char.is_alphanumeric()).collect();
                        // A macro declares `struct $name`.
                        if !name.is_empty() {
                            places.entry(name).or_default().insert(file.path.clone());
                        }
                    }
                }
            }
        }
    }
    let mut breaches = Breaches::new();
    for (name, files) in places.into_iter().filter(|(_, files)| files.len() > 2) {
        breaches
            .extend(files.into_iter().map(|file| format!("{file}: declares a type {name}, as two other modules do")));
    }
    hold("one type name, one meaning", &breaches);
}

#[test]
fn decisions_are_numbered_without_holes() {
    let mut numbers = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("docs/adr")).expect("docs/adr") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        if let Some(number) = name.get(..4).and_then(|digits| digits.parse::<u32>().ok()) {
            assert!(numbers.insert(number), "two decisions have the number {number}");
        }
    }
    let holes = (1..numbers.last().copied().unwrap_or_default()).filter(|number| !numbers.contains(number));
    hold("decisions without holes", &holes.map(|number| format!("docs/adr: {number:04} is missing")).collect());
}

#[test]
fn files_that_the_architecture_names_exist() {
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("docs/ARCHITECTURE.md");
    let mut breaches = Breaches::new();
    for name in text.split('`').skip(1).step_by(2) {
        let is_path = name.contains('/') && !name.contains([' ', '*', '<', '{', '|']) && !name.starts_with('/');
        let in_workspace = CRATES.iter().any(|(package, _)| name.starts_with(&format!("{package}/")))
            || ["clients/", "tests/", "docs/", "scripts/"].iter().any(|folder| name.starts_with(folder));
        if is_path && in_workspace && !root().join(name).exists() && !root().join(format!("{name}.rs")).exists() {
            breaches.insert(format!("docs/ARCHITECTURE.md: names {name}, which does not exist"));
        }
    }
    hold("architecture names real files", &breaches);
}

#[test]
fn make_help_lists_every_target() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    let targets = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).expect("the list of targets");
    let unlisted: Vec<&str> =
        targets.split(' ').filter(|target| !makefile.contains(&format!("@echo \"make {target} "))).collect();
    assert!(unlisted.is_empty(), "add to `make help`: {unlisted:?}");
}

#[test]
fn every_advisory_that_is_ignored_is_explained_by_an_adr() {
    let deny = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let explained: String = files_with(&["md"])
        .into_iter()
        .filter(|(path, _)| path.starts_with("docs/adr/"))
        .map(|(_, text)| text)
        .collect();
    let ids: Vec<&str> = deny.split('"').filter(|word| word.starts_with("RUSTSEC-")).collect();
    assert!(!ids.is_empty(), "deny.toml names the advisories that it ignores");
    let breaches =
        ids.into_iter().filter(|id| !explained.contains(id)).map(|id| format!("deny.toml: {id} is not explained"));
    hold("advisories are explained", &breaches.collect());
}
