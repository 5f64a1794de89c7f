//! Complete real files, compared with totals that other programs computed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use comptoir_core::fact::{Fact, PriceBasis, Sale, line_amount};
use comptoir_core::money::plain;
use rust_decimal::Decimal;
use serde_json::Value;

use super::super::{Options, import_file};
use super::fake_node::FakeNode;
use super::options;

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn known_good(set: &str) -> Value {
    let path = repository(&format!("tests/data/{set}/known-good.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn imported(file: &str, mapping: &str) -> (FakeNode, super::Summary) {
    let node = FakeNode::start().await;
    // The progress file is written next to the imported file, so the file is copied out of the repository first.
    let folder = tempfile::tempdir().unwrap();
    let source = repository(file);
    for table in std::fs::read_dir(source.parent().unwrap()).unwrap().map(Result::unwrap) {
        std::os::unix::fs::symlink(table.path(), folder.path().join(table.file_name())).unwrap();
    }
    let options = options(&folder.path().join(source.file_name().unwrap()), &repository(mapping), &node.url);
    let summary = import_file(&Options { in_flight: 2, ..options }).await.unwrap();
    (node, summary)
}

/// Totals over all events: quantity and unrounded minor units.
#[derive(Default)]
struct Totals {
    by_action: BTreeMap<&'static str, u64>,
    quantity: BTreeMap<String, Decimal>,
    pence: BTreeMap<String, Decimal>,
    rounded: i64,
    by_country: BTreeMap<String, Decimal>,
}

impl Totals {
    fn add(&mut self, invoice: &str, fact: &Fact) {
        match fact {
            Fact::SaleRecorded(sale) => self.sale(invoice, "SALE_RECORDED", sale, Decimal::ONE),
            Fact::SaleRefunded(refund) => self.sale(invoice, "SALE_REFUNDED", &refund.sale, -Decimal::ONE),
            Fact::RevenueAdjusted(adjustment) => {
                *self.by_action.entry("REVENUE_ADJUSTED").or_default() += 1;
                self.count(adjustment.product.as_ref().unwrap().as_str(), adjustment.quantity);
                self.revenue(invoice, adjustment.country.as_deref(), adjustment.amount_minor.into());
                self.rounded += adjustment.amount_minor;
            }
            Fact::StockWrittenOff(list) => {
                *self.by_action.entry("STOCK_WRITTEN_OFF").or_default() += 1;
                list.lines.iter().for_each(|line| self.count(line.product.as_str(), -line.quantity));
                self.revenue(invoice, list.country.as_deref(), Decimal::ZERO);
            }
            other => panic!("{other:?}"),
        }
    }

    fn sale(&mut self, invoice: &str, action: &'static str, sale: &Sale, sign: Decimal) {
        *self.by_action.entry(action).or_default() += 1;
        for line in &sale.lines {
            self.count(line.product.as_str(), sign * line.quantity);
            let amount = line_amount(line, PriceBasis::Gross, sale.currency).unwrap();
            self.revenue(invoice, sale.country.as_deref(), sign * amount.exact_minor);
            self.rounded += amount.minor * i64::try_from(sign).unwrap();
        }
    }

    fn count(&mut self, product: &str, quantity: Decimal) {
        *self.quantity.entry(product.to_owned()).or_default() += quantity;
    }

    fn revenue(&mut self, invoice: &str, country: Option<&str>, pence: Decimal) {
        *self.pence.entry(invoice.to_owned()).or_default() += pence;
        *self.by_country.entry(country.unwrap().to_owned()).or_default() += pence;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_online_retail_arrives_with_its_quantity_and_its_penny() {
    let file = "tests/data/online-retail/online_retail.csv.gz";
    let (node, summary) = imported(file, "docs/examples/online-retail.toml").await;
    assert_eq!((summary.rows, summary.recorded, summary.is_clean()), (541_909, 25_900, true));
    let mut totals = Totals::default();
    node.facts().iter().for_each(|(invoice, fact)| totals.add(invoice, fact));

    let good = known_good("online-retail");
    let expected =
        [("REVENUE_ADJUSTED", 3), ("SALE_RECORDED", 20_725), ("SALE_REFUNDED", 3_836), ("STOCK_WRITTEN_OFF", 1_336)];
    assert_eq!(
        totals.by_action.into_iter().collect::<Vec<_>>(),
        expected,
        "22,061 sales in the file, 1,336 of them corrections"
    );
    assert_eq!(totals.quantity.len() as u64, 4_070);
    assert_eq!(plain(totals.quantity.values().sum()), good["quantity_sum"].to_string());
    assert_eq!(plain(totals.pence.values().sum()), good["revenue_pence"].as_str().unwrap());
    assert_eq!(totals.rounded.to_string(), good["revenue_pence_each_line_rounded_half_up"].to_string());
    let countries = good["per_country"].as_object().unwrap();
    assert_eq!(totals.by_country.len(), countries.len());
    for (country, row) in countries {
        assert_eq!(plain(totals.by_country[country]), row["revenue_pence"].as_str().unwrap(), "{country}");
    }
    let held = node.held();
    let two_times = held.drafts.iter().find(|(draft, _)| draft.content.entity_id.as_str() == "542806").unwrap();
    assert_eq!(
        comptoir_proto::instant::format(two_times.0.occurred_at.unwrap()),
        "2011-02-01T11:19:00Z",
        "the first line's"
    );
    let summer = held.drafts.iter().find(|(draft, _)| draft.content.entity_id.as_str() == "A563185").unwrap();
    assert_eq!(
        comptoir_proto::instant::format(summer.0.occurred_at.unwrap()),
        "2011-08-12T13:50:00Z",
        "14:50 in London"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stocked_line_of_adventureworks_arrives_as_a_lot_in_order() {
    let file = "tests/data/adventureworks-purchasing/PurchaseOrderDetail.tsv.gz";
    let (node, summary) = imported(file, "docs/examples/adventureworks-purchasing.toml").await;
    let reason = "nothing was taken into stock".to_owned();
    assert_eq!((summary.recorded, summary.rows, summary.is_clean()), (2_467 - 72, 5_475 - 118, true));
    assert_eq!(summary.skipped, [(reason.clone(), 72)].into(), "orders of which nothing came in");
    assert_eq!(summary.left_out, [(reason, 118)].into(), "lines of which nothing came in");

    let good = known_good("adventureworks-purchasing");
    let mut lots: BTreeMap<String, Vec<(Decimal, Decimal)>> = BTreeMap::new();
    for (_, fact) in node.facts() {
        let Fact::GoodsReceived(reception) = fact else { panic!("{fact:?}") };
        for line in reception.lines {
            lots.entry(line.product.to_string())
                .or_default()
                .push((line.quantity, line.unit_cost.expect("an import names the cost")));
        }
    }
    let all = || lots.values().flatten();
    assert_eq!(plain(all().map(|lot| lot.0).sum()), good["stocked_qty"].as_str().unwrap());
    assert_eq!(plain(all().map(|lot| lot.0 * lot.1).sum()), good["stocked_value_usd"].as_str().unwrap());
    let sold: Decimal = lots.values().map(|lots| cost_of_sixty_percent(lots)).sum();
    assert_eq!(plain(sold), good["fifo_after_selling_60_percent"]["cost_of_goods_sold_usd"].as_str().unwrap());
}

/// What the oldest 60 % of a product cost, whole pieces.
fn cost_of_sixty_percent(lots: &[(Decimal, Decimal)]) -> Decimal {
    let total: Decimal = lots.iter().map(|lot| lot.0).sum();
    let mut left = (total * Decimal::new(6, 1)).floor();
    let mut cost = Decimal::ZERO;
    for (quantity, unit_cost) in lots {
        let taken = left.min(*quantity);
        left -= taken;
        cost += taken * unit_cost;
    }
    cost
}
