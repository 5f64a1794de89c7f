use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The recorded system calls. `sync_file_range` is not a sync: it flushes neither metadata nor the drive's cache.
pub(crate) const CALLS: &str =
    "trace=openat,write,pwrite64,fdatasync,fsync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir,rmdir";

/// The effect of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// Opened a file, possibly created or truncated.
    Open {
        path: PathBuf,
        emptied: bool,
    },
    /// Wrote bytes at an offset, or appended them.
    Write {
        path: PathBuf,
        offset: Option<u64>,
        bytes: Vec<u8>,
    },
    /// Changed a file's length.
    Truncate {
        path: PathBuf,
        length: u64,
    },
    /// Made a file's bytes durable; fsync also makes all earlier names durable.
    Sync {
        path: PathBuf,
        names: bool,
    },
    /// Renamed a file or directory.
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeDir {
        path: PathBuf,
    },
    /// Wrote acknowledgements to the harness.
    Acknowledge {
        bytes: Vec<u8>,
    },
}

/// A call between its first and last line. An interrupted call has no last line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    pub(crate) began: usize,
    pub(crate) ended: Option<usize>,
    pub(crate) deed: Deed,
}

/// Parses a trace made with `-f -y -xx`. Failed calls have no effect and are left out.
pub(crate) fn read(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Option<Call>> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((process, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if text.starts_with("<...") {
            if let Some(call) = open.remove(process).and_then(|at| calls.get_mut(at)) {
                end(call, line, text);
            }
        } else if let Some(deed) = deed(text) {
            let mut call = Some(Call { began: line, ended: None, deed });
            if text.ends_with("<unfinished ...>") {
                open.insert(process, calls.len());
            } else {
                end(&mut call, line, text);
            }
            calls.push(call);
        }
    }
    calls.into_iter().flatten().collect()
}

fn end(call: &mut Option<Call>, line: usize, text: &str) {
    let result = text.rsplit_once(" = ").map_or("?", |(_, result)| result);
    if result.starts_with('-') {
        *call = None;
    } else if let Some(call) = call {
        // A question mark marks a call that the kill interrupted: it may have taken effect.
        call.ended = (!result.starts_with('?')).then_some(line);
    }
}

fn deed(text: &str) -> Option<Deed> {
    let (name, arguments) = text.strip_suffix("<unfinished ...>").unwrap_or(text).split_once('(')?;
    let strings = strings(arguments);
    let path = |at: usize| Some(under(arguments, strings.get(at)?));
    Some(match name {
        "openat" if arguments.contains("O_CREAT") => {
            Deed::Open { path: path(0)?, emptied: arguments.contains("O_TRUNC") }
        }
        "write" if arguments.starts_with("1<") => Deed::Acknowledge { bytes: strings.first()?.clone() },
        "write" => Deed::Write { path: descriptor(arguments)?, offset: None, bytes: strings.first()?.clone() },
        "pwrite64" => {
            let offset = Some(number_after_comma(arguments, 2)?);
            Deed::Write { path: descriptor(arguments)?, offset, bytes: strings.first()?.clone() }
        }
        "ftruncate" => Deed::Truncate { path: descriptor(arguments)?, length: number_after_comma(arguments, 1)? },
        "fdatasync" | "fsync" => Deed::Sync { path: descriptor(arguments)?, names: name == "fsync" },
        "rename" | "renameat" | "renameat2" => Deed::Rename { from: path(0)?, to: path(1)? },
        "unlink" | "unlinkat" | "rmdir" => Deed::Remove { path: path(0)? },
        "mkdir" => Deed::MakeDir { path: path(0)? },
        _ => return None,
    })
}

/// A call's path: absolute, or relative to the directory of its first argument.
fn under(arguments: &str, name: &[u8]) -> PathBuf {
    let name = PathBuf::from(String::from_utf8_lossy(name).into_owned());
    descriptor(arguments).map_or_else(|| name.clone(), |directory| directory.join(&name))
}

/// The path of the file behind the first argument: `3<\x2f\x74\x6d\x70>`.
fn descriptor(arguments: &str) -> Option<PathBuf> {
    let (before, rest) = arguments.split_once('<')?;
    let first = !before.contains([',', '"']);
    let (path, _) = rest.split_once('>')?;
    first.then(|| Path::new(&*String::from_utf8_lossy(&unescape(path))).to_owned())
}

fn strings(arguments: &str) -> Vec<Vec<u8>> {
    // With -xx a string holds escapes only, so no quote can be inside one.
    arguments.split('"').skip(1).step_by(2).map(unescape).collect()
}

fn unescape(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|byte| u8::from_str_radix(byte.get(..2)?, 16).ok()).collect()
}

/// A number after the last string, or after the descriptor, by its index.
fn number_after_comma(arguments: &str, commas: usize) -> Option<u64> {
    let rest = arguments.rsplit_once(['"', '>']).map_or(arguments, |(_, rest)| rest);
    // In `"...", 24, 5964852) = 24` or `3<...>, 8192) = 0`.
    let digits = rest.split(',').nth(commas)?.trim_start();
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_parsed_and_interleaved_calls_keep_their_first_and_last_line() {
        let trace = r#"7 openat(AT_FDCWD<\x2f\x77>, "\x2f\x64\x2f\x61", O_RDWR|O_CREAT|O_CLOEXEC, 0666) = 3<\x2f\x64\x2f\x61>
8 pwrite64(3<\x2f\x64\x2f\x61>, "\x41\x42", 2, 4096 <unfinished ...>
7 fdatasync(3<\x2f\x64\x2f\x61> <unfinished ...>
8 <... pwrite64 resumed>) = 2
7 <... fdatasync resumed>) = 0
7 write(1<\x70>, "\x01", 1) = 1
7 mkdir("\x2f\x64\x2f\x62", 0777) = -1 EEXIST (File exists)
7 unlinkat(5<\x2f\x64>, "\x61", 0) = 0
7 ftruncate(3<\x2f\x64\x2f\x61>, 8192) = 0
9 fsync(3<\x2f\x64\x2f\x61> <unfinished ...>
9 <... fsync resumed>) = ?
9 +++ killed by SIGKILL +++"#;
        let path = || PathBuf::from("/d/a");
        let call = |began, ended, deed| Call { began, ended, deed };
        let expected = [
            call(0, Some(0), Deed::Open { path: path(), emptied: false }),
            call(1, Some(3), Deed::Write { path: path(), offset: Some(4096), bytes: b"AB".to_vec() }),
            call(2, Some(4), Deed::Sync { path: path(), names: false }),
            call(5, Some(5), Deed::Acknowledge { bytes: vec![1] }),
            call(7, Some(7), Deed::Remove { path: path() }),
            call(8, Some(8), Deed::Truncate { path: path(), length: 8192 }),
            call(9, None, Deed::Sync { path: path(), names: true }),
        ];
        assert_eq!(read(trace), expected);
    }
}
