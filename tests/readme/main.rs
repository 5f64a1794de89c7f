//! Runs the blocks of the README and of the quickstarts in order, as a newcomer pastes them, with the real program in a new
//! folder. Only the ports and `target/release/comptoir` are replaced. Blocks of the README that build are compared by text and
//! not run, so a new block of that kind fails this test.

mod quickstart;
mod scratch;
mod starts;

use std::path::{Path, PathBuf};

use scratch::Scratch;
use serde_json::Value;

const STARTS: &str = "make run\n";
const TESTS: &str = "make test\n";

/// The `sh` blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1);
    blocks.map(|rest| rest.split("```").next().expect("a block ends").to_owned()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is in the repository")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files that a page links to.
fn linked_files(name: &str) -> Vec<PathBuf> {
    let page = page(name);
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://")).filter_map(|target| target.split('#').next());
    let folder = root().join(name).parent().expect("a page is in a folder").to_owned();
    files.map(|file| folder.join(file)).collect()
}

#[test]
fn every_block_of_the_readme_does_what_the_readme_says() {
    let blocks = blocks(&page("README.md"));
    let [start, sale, cut, join, office, auditor, remove, tests] = blocks.as_slice() else {
        panic!("the README has other blocks than this test knows: {blocks:#?}");
    };
    assert_eq!((start.as_str(), tests.as_str()), (STARTS, TESTS));

    let mut clone = Scratch::new();
    clone.start(&["--demo"]);
    let stdout = clone.stdout();
    assert!(stdout.contains("2010-12-01: 136 sales, 6 refunds, "), "{stdout}");
    assert!(stdout.contains(" pieces, 58635.56 GBP\n") && stdout.contains("/docs"), "{stdout}");
    assert!(
        stdout.contains("The shop's log: 50 records") && stdout.contains("Head office: 1566, with those of the other"),
        "{stdout}"
    );
    for line in [
        "  Boutique 3     http://127.0.0.1:",
        "  École du Port  http://127.0.0.1:",
        "  david      driver      Boutique 1\n",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
    let stderr = clone.stderr();
    assert!(stderr.starts_with("Creating a private Postgres in ./comptoir-data/pg ..."), "{stderr}");
    assert!(
        stderr.contains("3 goods receipts of opening stock (invented), then 143 invoices of one real day"),
        "{stderr}"
    );

    let answer: Value = serde_json::from_str(&clone.paste(sale)).expect("the answer is JSON");
    assert_eq!(answer["results"][0]["duplicate"], false, "{answer}");
    // The first sale may still be in flight when the connection is cut; then both wait.
    let offline = clone.paste(cut);
    assert!(offline.starts_with("Offline: the shop continues to work; "), "{offline}");
    assert!(
        offline.contains("Waiting: 1, the oldest for") || offline.contains("Waiting: 2, the oldest for"),
        "{offline}"
    );
    let online = clone.paste(join);
    assert!(online.starts_with("Online: 0 events are waiting to be sent.\nWaiting: 0\n"), "{online}");

    // The 1566 records, and two sales. Reports follow a moment later.
    let (sales, stock) = loop {
        let figures = clone.paste(office);
        let (sales, stock) = figures.split_once('\n').expect("two answers");
        let sales: Value = serde_json::from_str(sales).expect("the answer is JSON");
        if sales["complete_through"].as_u64() >= Some(1568) {
            break (sales, stock.to_owned());
        }
    };
    let days = sales["rows"].as_array().expect("rows");
    assert_eq!(days.len(), 2, "{sales}");
    assert_eq!((&days[0]["amount"], &days[0]["sales"]), (&"58635.56".into(), &136.into()), "{sales}");
    assert_eq!((&days[1]["amount"], &days[1]["sales"]), (&"7.65".into(), &2.into()), "each sale counts once: {sales}");
    let mut table = csv::Reader::from_reader(stock.as_bytes());
    let header = table.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|column| column == name).expect("the column exists");
    let (short, value) = (column("backordered"), column("value"));
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert!(rows.len() > 1_000, "{} rows", rows.len());
    let without_stock: Vec<_> = rows.iter().filter(|row| &row[short] != "0" || row[value].starts_with('-')).collect();
    assert!(without_stock.is_empty(), "sold below zero: {without_stock:?}");

    let verified = clone.paste(auditor);
    assert!(verified.contains("Intact: 52 records"), "{verified}");
    assert_eq!(clone.interrupt(), Some(0));
    let stderr = clone.stderr();
    assert!(
        stderr.ends_with(
            "Stopped. What was recorded is kept in ./comptoir-data; the same command continues from there.\n"
        ),
        "{stderr}"
    );
    clone.paste(remove);
    assert!(!clone.data_dir().exists());
}

#[test]
fn every_file_that_the_readme_and_the_quickstarts_name_is_there() {
    let named = linked_files("README.md");
    assert!(named.len() > 8, "{named:?}");
    for quickstart in quickstart::PAGES {
        assert!(named.contains(&root().join(quickstart)), "the README links to {quickstart}");
    }
    let pages = ["README.md"].iter().chain(&quickstart::PAGES);
    let missing: Vec<PathBuf> = pages.flat_map(|page| linked_files(page)).filter(|file| !file.exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
