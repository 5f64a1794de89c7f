mod data_sets;
mod fake_node;
mod faults;

use std::path::{Path, PathBuf};
use std::time::Duration;

use comptoir_core::fact::Fact;

use super::report::{Remark, Summary};
use super::{ImportError, Options, import_file};
use fake_node::FakeNode;

const MAPPING: &str = r#"
name = "till"
[rows]
group_by = "receipt"
[fields]
receipt = { column = "receipt" }
product = { column = "product" }
quantity = { column = "quantity", decimal = "as_is" }
price = { column = "price", decimal = "as_is" }
euro = { constant = "EUR" }
[[events]]
entity_type = "SALE"
action = "SALE_RECORDED"
entity_id = "receipt"
payload = { currency = "euro" }
lines = { product = "product", quantity = "quantity", unit_price = "price" }
amounts = { total_minor = { quantity = "quantity", unit_price = "price", currency = "euro" } }
"#;

/// A file and its mapping in their own folder.
struct Given {
    folder: tempfile::TempDir,
    node: FakeNode,
}

impl Given {
    async fn new(mapping: &str, file: &str) -> Given {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("map.toml"), mapping).unwrap();
        std::fs::write(folder.path().join("rows.csv"), file).unwrap();
        Given { folder, node: FakeNode::start().await }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self) -> Options {
        let report = Some(self.path("report.csv"));
        Options { report, ..options(&self.path("rows.csv"), &self.path("map.toml"), &self.node.url) }
    }

    async fn import(&self) -> Result<Summary, ImportError> {
        import_file(&self.options()).await
    }

    fn remarks(&self) -> Vec<Remark> {
        let mut report = csv::Reader::from_path(self.path("report.csv")).unwrap();
        report.deserialize().map(Result::unwrap).collect()
    }
}

fn options(file: &Path, mapping: &Path, url: &str) -> Options {
    Options {
        file: file.to_owned(),
        mapping: mapping.to_owned(),
        url: url.to_owned(),
        token: None,
        only: None,
        report: None,
        in_flight: 4,
        give_up_after: Duration::from_secs(60),
        show_progress: false,
    }
}

/// Receipts `1` to `count`, one row each.
fn receipts(count: u32) -> String {
    let rows = (1..=count).map(|n| format!("{n},tea,1,2.50\n"));
    "receipt,product,quantity,price\n".to_owned() + &rows.collect::<String>()
}

#[tokio::test]
async fn rows_of_one_key_become_one_event_with_the_sum_of_rounded_lines() {
    let given =
        Given::new(MAPPING, "receipt,product,quantity,price\n7,tea,2,2.50\n7, milk ,0.5,0.99\n8,tea,1,2.50\n").await;
    let summary = given.import().await.unwrap();
    assert_eq!((summary.rows, summary.recorded, summary.is_clean()), (3, 2, true));
    let facts = given.node.facts();
    let Fact::SaleRecorded(sale) = &facts[0].1 else { panic!("{facts:?}") };
    assert_eq!((facts[0].0.as_str(), sale.total_minor, sale.lines[1].product.as_str()), ("7", 550, "milk"));
    assert!(given.remarks().is_empty());
}

#[tokio::test]
async fn a_bad_row_is_reported_and_only_its_event_is_not_sent() {
    let rows = "receipt,product,quantity,price\n1,tea,1,2.50\n2,tea,1,2.50\n2,tea,many,2.50\n3,tea,1\n4,tea,-1,2.50\n5,tea,1,2.50\n";
    let given = Given::new(MAPPING, rows).await;
    let summary = given.import().await.unwrap();
    assert_eq!(given.node.facts().iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["1", "5"]);
    assert_eq!((summary.bad_rows, summary.bad_events, summary.refused, summary.is_clean()), (2, 2, 1, false));
    let remarks: Vec<_> =
        given.remarks().into_iter().map(|said| (said.line, said.key, said.code, said.reason)).collect();
    let [quantity, width, negative] = &remarks[..] else { panic!("{remarks:?}") };
    assert_eq!((quantity.0, quantity.1.as_str(), quantity.3.as_str()), (4, "2", "quantity \"many\" is not a decimal"));
    assert_eq!((width.0, width.1.as_str(), width.3.as_str()), (5, "3", "the row has 3 fields, the header 4"));
    assert_eq!((negative.0, negative.1.as_str(), negative.2.as_str()), (6, "4", "INVALID_PAYLOAD"));
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_a_bad_row() {
    let given = Given::new(MAPPING, "").await;
    std::fs::write(given.path("rows.csv"), b"receipt,product,quantity,price\n1,th\xe9,1,2.50\n2,tea,1,2.50\n").unwrap();
    let summary = given.import().await.unwrap();
    assert_eq!((summary.recorded, summary.bad_rows), (1, 1));
    assert_eq!(given.remarks()[0].line, 2);
}

#[tokio::test]
async fn the_mapping_limits_how_many_rows_of_other_keys_are_between() {
    let rows = "receipt,product,quantity,price\n1,tea,1,1\n2,tea,1,1\n1,milk,1,1\n";
    let near = Given::new(&MAPPING.replace("[rows]", "[rows]\nwithin = 1"), rows).await;
    assert_eq!(near.import().await.unwrap().recorded, 2);
    let Fact::SaleRecorded(sale) = &near.node.facts()[0].1 else { panic!() };
    assert_eq!(sale.lines.len(), 2);

    // Without the limit, the returning key is another event under the same id, which the node refuses.
    let far = Given::new(MAPPING, rows).await;
    assert_eq!(far.import().await.unwrap().refused, 1);
    assert_eq!((far.remarks()[0].line, far.remarks()[0].code.as_str()), (4, "EVENT_ID_REUSED"));
}

#[tokio::test]
async fn only_the_requested_rows_are_imported() {
    let given = Given::new(MAPPING, &receipts(20)).await;
    let only = Some(("receipt".to_owned(), "1".to_owned()));
    assert_eq!(import_file(&Options { only, ..given.options() }).await.unwrap().recorded, 11);
}

#[tokio::test]
async fn an_invalid_mapping_is_refused_before_anything_is_sent() {
    for (from, to, says) in [
        ("column = \"price\"", "column = \"cost\"", "\"cost\""),
        ("payload = { currency = \"euro\" }", "payload = { currency = \"pound\" }", "\"pound\""),
        ("decimal = \"as_is\"", "decimal = \"as_is\", empty = \"absent\", default = \"0\"", "an empty column twice"),
        ("constant = \"EUR\"", "constant = \"EUR\", column = \"price\"", "one of them"),
        ("name = \"till\"", "name = \"till\"\ncolour = \"red\"", "colour"),
        (
            "[[events]]",
            "[[leave_out]]\nwhen = { column = \"price\" }\nreason = \"x\"\n[[events]]",
            "one of starts_with",
        ),
        ("column = \"product\"", "column = \"product\", datetime = \"%Y\", zone = \"Moon/Base\"", "Moon/Base"),
    ] {
        let given = Given::new(&MAPPING.replacen(from, to, 1), &receipts(1)).await;
        let error = given.import().await.expect_err(to).to_string();
        assert!(error.contains(says), "{to}: {error}");
        assert_eq!(given.node.held().requests, 0, "{to}");
    }
}
