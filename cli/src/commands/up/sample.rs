use std::io::Read;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::commands::up::demo::is_shop;
use crate::commands::up::{FIGURES_WITHIN, opening_stock, products};
use crate::failure::Failure;
use crate::import::{self, Summary};
use crate::output::{Output, counted};
use crate::remote::{Remote, RemoteArgs};
use crate::up_file::UpFile;

const DAY: &[u8] = include_bytes!("../../../sample/online-retail-2010-12-01.csv.gz");
const DAY_MAPPING: &str = include_str!("../../../../docs/examples/online-retail.toml");
const STOCK_MAPPING: &str = include_str!("../../../sample/opening-stock.toml");

/// A shop that records a part of the day.
struct Shop<'a> {
    /// Begins the names of its files; empty for the first shop.
    prefix: String,
    url: &'a str,
    key: &'a str,
}

/// Records the products and the opening stock, then the day. With a demonstration, its shops share the day's invoices. A repeated
/// run after an interruption records nothing twice.
pub(super) async fn record(data_dir: &Path, file: &UpFile, output: Output) -> Result<(), Failure> {
    let folder = data_dir.join("sample");
    let wrong = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(wrong)?;
    let drafts = products::drafts(flate2::read::GzDecoder::new(DAY));
    let drafts = drafts.map_err(|error| Failure::Internal(format!("the sample day: {error}")))?;
    let central = Remote::new(&RemoteArgs { url: file.central_url.clone(), token: Some(file.admin_token.clone()) })?;
    products::record(&central, &drafts).await?;
    let mut shops = vec![Shop { prefix: String::new(), url: &file.local_url, key: &file.local_key }];
    let further = file.demo.iter().flat_map(|demo| &demo.sites).filter(|site| is_shop(&site.code));
    shops.extend(further.map(|site| Shop { prefix: format!("{}-", site.code), url: &site.url, key: &site.till_key }));
    let days = match shops.len() {
        1 => vec![DAY.to_vec()],
        shops => shares(flate2::read::GzDecoder::new(DAY), shops).map_err(wrong)?,
    };
    let (mut stock, mut day) = (0, 0);
    for (shop, rows) in shops.iter().zip(days) {
        let delivery = format!("{}OPENING-STOCK", shop.prefix);
        let stock_rows = opening_stock::rows(flate2::read::GzDecoder::new(rows.as_slice()), &delivery);
        let stock_rows = stock_rows.map_err(|error| Failure::Internal(format!("the sample day: {error}")))?;
        stock +=
            import(&folder, shop, output, "opening-stock.csv", stock_rows.as_bytes(), STOCK_MAPPING).await?.recorded;
        day += import(&folder, shop, output, "online-retail-2010-12-01.csv.gz", &rows, DAY_MAPPING).await?.recorded;
    }
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
    shop: &Shop<'_>,
    output: Output,
    name: &str,
    table: &[u8],
    mapping_text: &str,
) -> Result<Summary, Failure> {
    let prefix = &shop.prefix;
    let (file, mapping) = (folder.join(format!("{prefix}{name}")), folder.join(format!("{prefix}{name}.toml")));
    for (path, bytes) in [(&file, table), (&mapping, mapping_text.as_bytes())] {
        std::fs::write(path, bytes).map_err(|error| Failure::Unavailable(format!("{}: {error}", path.display())))?;
    }
    let options = import::Options {
        file,
        mapping,
        url: shop.url.to_owned(),
        token: Some(shop.key.to_owned()),
        only: None,
        report: None,
        in_flight: 4,
        give_up_after: FIGURES_WITHIN,
        show_progress: output.shows_progress(),
    };
    Ok(import::import_file(&options).await?)
}

/// The day's rows in as many shares, compressed. One invoice's rows stay together.
fn shares(day: impl Read, number: usize) -> std::io::Result<Vec<Vec<u8>>> {
    let mut reader = csv::Reader::from_reader(day);
    let mut shares: Vec<csv::Writer<GzEncoder<Vec<u8>>>> =
        (0..number).map(|_| csv::Writer::from_writer(GzEncoder::new(Vec::new(), Compression::default()))).collect();
    let header = reader.headers()?.clone();
    for share in &mut shares {
        share.write_record(&header)?;
    }
    let (mut invoice, mut invoices) = (String::new(), 0);
    for row in reader.records() {
        let row = row?;
        if row.get(0).is_some_and(|number| number != invoice) {
            invoice = row[0].to_owned();
            invoices += 1;
        }
        shares[invoices % number].write_record(&row)?;
    }
    shares.into_iter().map(|share| share.into_inner().map_err(|error| error.into_error())?.finish()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_share_the_day_by_invoices_and_no_row_is_lost() {
        let read = |bytes: &[u8]| -> Vec<csv::StringRecord> {
            let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(bytes));
            reader.records().map(|row| row.unwrap()).collect()
        };
        let shares: Vec<_> =
            shares(flate2::read::GzDecoder::new(DAY), 3).unwrap().iter().map(|share| read(share)).collect();
        let mut all: Vec<_> = shares.concat();
        let mut day = read(DAY);
        let numbers = |rows: &[csv::StringRecord]| -> std::collections::BTreeSet<String> {
            rows.iter().map(|row| row[0].to_owned()).collect()
        };
        assert!(shares.iter().all(|share| numbers(share).len() > 40));
        assert!(numbers(&shares[0]).is_disjoint(&numbers(&shares[1])));
        let key = |row: &csv::StringRecord| row.iter().collect::<Vec<_>>().join(",");
        all.sort_by_key(key);
        day.sort_by_key(key);
        assert!(all == day);
    }
}
