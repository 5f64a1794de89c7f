use std::path::Path;

use crate::commands::up::{FIGURES_WITHIN, opening_stock, products};
use crate::failure::Failure;
use crate::import::{self, Summary};
use crate::output::{Output, counted};
use crate::remote::{Remote, RemoteArgs};
use crate::up_file::UpFile;

const DAY: &[u8] = include_bytes!("../../../sample/online-retail-2010-12-01.csv.gz");
const DAY_MAPPING: &str = include_str!("../../../../docs/examples/online-retail.toml");
const STOCK_MAPPING: &str = include_str!("../../../sample/opening-stock.toml");

/// Records the products and the opening stock, then the day. A repeated run after an interruption records nothing twice.
pub(super) async fn record(data_dir: &Path, file: &UpFile, output: Output) -> Result<(), Failure> {
    let folder = data_dir.join("sample");
    let wrong = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(wrong)?;
    let drafts = products::drafts(flate2::read::GzDecoder::new(DAY));
    let drafts = drafts.map_err(|error| Failure::Internal(format!("the sample day: {error}")))?;
    let central = Remote::new(&RemoteArgs { url: file.central_url.clone(), token: Some(file.admin_token.clone()) })?;
    products::record(&central, &drafts).await?;
    let stock_rows = opening_stock::rows(flate2::read::GzDecoder::new(DAY));
    let stock_rows = stock_rows.map_err(|error| Failure::Internal(format!("the sample day: {error}")))?;
    let stock = import(&folder, file, output, "opening-stock.csv", stock_rows.as_bytes(), STOCK_MAPPING).await?;
    let day = import(&folder, file, output, "online-retail-2010-12-01.csv.gz", DAY, DAY_MAPPING).await?;
    let (stock, day) = (stock.recorded, day.recorded);
    output.note(&format!(
        "Recorded the sample: {}, {} of opening stock (invented), then {} of one real day.",
        counted(drafts.len() as u64, "product", "products"),
        counted(stock, "goods receipt", "goods receipts"),
        counted(day, "invoice", "invoices")
    ));
    Ok(())
}

/// Writes a table and its mapping into the folder, where people can read them, and imports the table.
async fn import(
    folder: &Path,
    up_file: &UpFile,
    output: Output,
    name: &str,
    table: &[u8],
    mapping_text: &str,
) -> Result<Summary, Failure> {
    let (file, mapping) = (folder.join(name), folder.join(format!("{name}.toml")));
    for (path, bytes) in [(&file, table), (&mapping, mapping_text.as_bytes())] {
        std::fs::write(path, bytes).map_err(|error| Failure::Unavailable(format!("{}: {error}", path.display())))?;
    }
    let options = import::Options {
        file,
        mapping,
        url: up_file.local_url.clone(),
        token: Some(up_file.local_key.clone()),
        only: None,
        report: None,
        in_flight: 4,
        give_up_after: FIGURES_WITHIN,
        show_progress: output.shows_progress(),
    };
    Ok(import::import_file(&options).await?)
}
