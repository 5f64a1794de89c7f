//! Makes the table of the files that `make web` left in `assets`. Without them the table is empty: the servers compile and work,
//! and show their start page in place of the screens.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// One line for each file: name, media type and tag, separated by tabs. `web/scripts/embed.mjs` writes it last.
const LIST: &str = "list.tsv";

fn main() -> Result<(), Box<dyn Error>> {
    let assets = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets");
    println!("cargo::rerun-if-changed={}", assets.display());
    let mut table = String::from("pub(crate) const ASSETS: &[Asset] = &[\n");
    match fs::read_to_string(assets.join(LIST)) {
        Ok(list) => {
            for line in list.lines() {
                write_row(&mut table, &assets, line)?;
            }
        }
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {}
        Err(other) => return Err(other.into()),
    }
    table.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("assets.rs"), table)?;
    Ok(())
}

fn write_row(table: &mut String, assets: &Path, line: &str) -> Result<(), Box<dyn Error>> {
    let [name, media_type, tag] = line.split('\t').collect::<Vec<_>>()[..] else {
        return Err(format!("{LIST} has a line that is not name, media type and tag: {line:?}").into());
    };
    let bytes =
        |suffix: &str| format!("include_bytes!({:?})", assets.join(format!("{name}{suffix}")).display().to_string());
    writeln!(
        table,
        "    Asset {{ name: {name:?}, media_type: {media_type:?}, tag: {tag:?}, plain: {}, gzip: {}, brotli: {} }},",
        bytes(""),
        bytes(".gz"),
        bytes(".br")
    )?;
    Ok(())
}
