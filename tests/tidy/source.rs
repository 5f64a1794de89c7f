use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates that the rules apply to, each with the folder of its sources.
pub(crate) const CRATES: [(&str, &str); 11] = [
    ("core", "core/src"),
    ("messages", "messages/src"),
    ("screens", "screens/src"),
    ("proto-schemas", "proto-schemas/src"),
    ("http-edge", "http-edge/src"),
    ("credentials", "credentials/src"),
    ("local-node", "local-node/src"),
    ("central-node", "central-node/src"),
    ("audit", "audit/src"),
    ("cli", "cli/src"),
    ("test-support", "test-support/src"),
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// Path and text of every file in the workspace with one of these extensions.
pub(crate) fn files_with(extensions: &[&str]) -> Vec<(String, String)> {
    fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the workspace") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | "node_modules" | "comptoir-data") {
                    walk(&path, extensions, found);
                }
            } else if path.extension().is_some_and(|extension| extensions.iter().any(|other| extension == *other)) {
                let text = std::fs::read_to_string(&path).expect("UTF-8 sources");
                let relative = path.strip_prefix(root()).expect("below the workspace").to_string_lossy().into_owned();
                found.push((relative, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), extensions, &mut found);
    found
}

/// One file of a crate.
pub(crate) struct Source {
    /// Relative to the workspace.
    pub(crate) path: String,
    /// The module path within the crate: `["ingest", "queue"]`.
    module: Vec<String>,
    /// The text without comments, strings and test modules.
    pub(crate) code: String,
}

/// The files of one crate by module path.
pub(crate) struct CrateSources {
    pub(crate) files: Vec<Source>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl CrateSources {
    pub(crate) fn read(folder: &str) -> CrateSources {
        let mut files = Vec::new();
        collect(&root().join(folder), &root(), folder, &mut files);
        files.sort_by(|a: &Source, b| a.path.cmp(&b.path));
        let by_module = files.iter().enumerate().map(|(index, file)| (file.module.clone(), index)).collect();
        CrateSources { files, by_module }
    }

    /// The files that each file imports, by path.
    pub(crate) fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports = BTreeMap::new();
        for file in &self.files {
            let mut targets = BTreeSet::new();
            for path in paths_in(&file.code) {
                if let Some(target) = self.resolve(&file.module, &path, 0).filter(|target| *target != file.path) {
                    targets.insert(target);
                }
            }
            imports.insert(file.path.as_str(), targets);
        }
        imports
    }

    /// The file that defines what a path names, seen from a module: through `pub use`, where a parent hands a child's name on.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<&str> {
        let mut module: Vec<String>;
        let mut rest = path;
        match rest.first().map(String::as_str) {
            Some("crate") => {
                module = Vec::new();
                rest = &rest[1..];
            }
            Some("super" | "self") => {
                module = from.to_vec();
                while let Some(first) = rest.first() {
                    match first.as_str() {
                        "super" => drop(module.pop()),
                        "self" => {}
                        _ => break,
                    }
                    rest = &rest[1..];
                }
            }
            _ => return None,
        }
        while let Some(next) = rest.first() {
            let child = [module.as_slice(), std::slice::from_ref(next)].concat();
            if !self.by_module.contains_key(&child) {
                break;
            }
            module = child;
            rest = &rest[1..];
        }
        let file = &self.files[*self.by_module.get(&module)?];
        let Some(name) = rest.first() else { return Some(&file.path) };
        // A re-exported name belongs to the file that defines it.
        if depth < 8 {
            for exported in uses_in(&file.code) {
                if exported.last() == Some(name) && exported.first().is_some_and(|first| first != "crate") {
                    let mut inner = exported.clone();
                    if !matches!(inner[0].as_str(), "self" | "super") {
                        inner.insert(0, "self".to_owned());
                    }
                    if let Some(target) = self.resolve(&module, &inner, depth + 1) {
                        return Some(target);
                    }
                }
            }
        }
        Some(&file.path)
    }
}

fn collect(folder: &Path, root: &Path, crate_folder: &str, files: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("an entry of a folder").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                collect(&path, root, crate_folder, files);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let relative = path.strip_prefix(root).expect("below the workspace").to_string_lossy().into_owned();
            let inside = relative.strip_prefix(crate_folder).expect("below its crate");
            let mut module: Vec<String> = inside.trim_matches('/').split('/').map(str::to_owned).collect();
            let file = module.pop().expect("a file name");
            let stem = file.trim_end_matches(".rs");
            if !matches!(stem, "mod" | "lib" | "main") {
                module.push(stem.to_owned());
            }
            let text = std::fs::read_to_string(&path).expect("UTF-8 sources");
            files.push(Source { path: relative, module, code: without_tests(&without_comments_and_strings(&text)) });
        }
    }
}

/// Blanks comments and the contents of strings. Lines stay in place.
pub(crate) fn without_comments_and_strings(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (here, next) = (chars[at], chars.get(at + 1).copied());
        let end = if here == '/' && next == Some('/') {
            (at..chars.len()).find(|index| chars[*index] == '\n').unwrap_or(chars.len())
        } else if here == '"' {
            end_of_string(&chars, at + 1)
        } else if here == 'r'
            && matches!(next, Some('"' | '#'))
            && !is_word(at.checked_sub(1).map(|before| chars[before]))
        {
            end_of_raw_string(&chars, at + 1).unwrap_or(at)
        } else if here == '\'' && next == Some('\\') {
            (at + 3..chars.len()).find(|index| chars[*index] == '\'').map_or(chars.len(), |index| index + 1)
        } else if here == '\'' && chars.get(at + 2) == Some(&'\'') {
            at + 3
        } else {
            at
        };
        if end == at {
            code.push(here);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|char| if *char == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

fn is_word(char: Option<char>) -> bool {
    char.is_some_and(|char| char.is_alphanumeric() || char == '_')
}

fn end_of_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn end_of_raw_string(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at..].iter().take_while(|char| **char == '#').count();
    let open = at + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    (open + 1..chars.len())
        .find(|index| {
            chars[*index] == '"'
                && chars[index + 1..].iter().take(hashes).filter(|char| **char == '#').count() == hashes
        })
        .map(|index| index + 1 + hashes)
}

/// Cuts a file at its test module, which by convention is the last item.
fn without_tests(code: &str) -> String {
    match code.find("#[cfg(test)]\nmod tests") {
        Some(at) => code[..at].to_owned(),
        None => code.to_owned(),
    }
}

/// Every path that starts with `crate` or `super`, from `use` declarations and from code.
fn paths_in(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for declaration in use_declarations(code) {
        // A re-export is not an import.
        if !declaration.is_public {
            paths.extend(expand(&declaration.text));
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if is_word(code[..at].chars().next_back()) || code[..at].ends_with("::") {
                continue;
            }
            let path: String = code[at..].chars().take_while(|char| is_word(Some(*char)) || *char == ':').collect();
            paths.push(path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
        }
    }
    paths.retain(|path: &Vec<String>| path.len() > 1);
    paths
}

/// The paths that a file re-exports.
fn uses_in(code: &str) -> Vec<Vec<String>> {
    use_declarations(code).iter().filter(|declaration| declaration.is_public).flat_map(|it| expand(&it.text)).collect()
}

struct UseDeclaration {
    is_public: bool,
    text: String,
}

fn use_declarations(code: &str) -> Vec<UseDeclaration> {
    let mut declarations = Vec::new();
    for (at, _) in code.match_indices("use ") {
        if is_word(code[..at].chars().next_back()) {
            continue;
        }
        let line_start = code[..at].rfind('\n').map_or(0, |index| index + 1);
        let before = code[line_start..at].trim();
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        if let Some(end) = code[at..].find(';') {
            let text = code[at + "use ".len()..at + end].split_whitespace().collect::<Vec<_>>().join(" ");
            declarations.push(UseDeclaration { is_public: before.starts_with("pub"), text });
        }
    }
    declarations
}

/// `a::{b, c::{self, d as e}}` as three paths.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()];
    };
    let prefix: Vec<String> =
        tree[..open].split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let inside = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let mut paths = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, char) in inside.char_indices().chain([(inside.len(), ',')]) {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                for path in expand(&inside[start..at]) {
                    let path: Vec<String> = path.into_iter().filter(|part| part != "self").collect();
                    paths.push([prefix.clone(), path].concat());
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}
