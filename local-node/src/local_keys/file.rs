//! A key in a file, as the header that curl sends: `curl -H @admin.header`. Only its owner may read it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// In the data directory: the administrator's key of the node.
pub const ADMIN_HEADER_FILE: &str = "admin.header";
const HEADER: &str = "Authorization: Bearer ";

/// The key in a file; `None` if there is no file, or no key in it.
pub fn key_in_header_file(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().next().and_then(|line| line.strip_prefix(HEADER)).map(str::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// Replaces the file, whole or not at all.
pub fn write_header_file(path: &Path, key: &str) -> io::Result<()> {
    let new = path.with_extension("header.new");
    let write = || {
        match fs::remove_file(&new) {
            // A partial file of an earlier crash, which may have another mode.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        writeln!(file, "{HEADER}{key}")?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
