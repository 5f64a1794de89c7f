//! The overview that `comptoir up` prints: addresses, and sales by day.

use std::path::{Path, PathBuf};

use comptoir_proto::api_v1::QueueDto;
use comptoir_proto::paths;
use comptoir_proto::status_v1::NodeStatus;
use serde::Serialize;
use serde_json::Value;

use crate::commands::up::{FIGURES_WITHIN, POLL_EVERY};
use crate::failure::Failure;
use crate::output::{Shown, counted};
use crate::remote::{DATA_DIR, LOCAL_URL, Remote, RemoteArgs};
use crate::up_file::{Demo, DemoUser, TILL_HEADER_FILE, UpFile};

#[derive(Serialize)]
pub(super) struct Overview {
    central_url: String,
    local_url: String,
    data_dir: PathBuf,
    up_file: PathBuf,
    figures: Vec<Value>,
    records: Records,
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<ShownDemo>,
}

/// What there is to look at with `--demo`.
#[derive(Serialize)]
struct ShownDemo {
    /// Name and address of each further site.
    sites: Vec<(String, String)>,
    /// Login, role and place.
    users: Vec<(String, String, String)>,
    /// Of all these users.
    password: String,
}

impl ShownDemo {
    fn of(demo: &Demo) -> ShownDemo {
        let user = |user: &DemoUser| {
            let place = user.place.clone().unwrap_or_else(|| "the whole company".to_owned());
            (user.login.clone(), user.role.clone(), place)
        };
        ShownDemo {
            sites: demo.sites.iter().map(|site| (site.name.clone(), site.url.clone())).collect(),
            users: demo.users.iter().map(user).collect(),
            password: demo.password.clone(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::from("\nMore sites:\n");
        for (name, url) in &self.sites {
            text.push_str(&format!("  {name:<14} {url}/\n"));
        }
        text.push_str(&format!("\nLogins, all with the password {}\n", self.password));
        for (login, role, place) in &self.users {
            text.push_str(&format!("  {login:<10} {role:<11} {place}\n"));
        }
        text
    }
}

/// Number of records in each log.
#[derive(Serialize)]
struct Records {
    /// In the first shop's log: one that opens the epoch, and one for each event.
    shop: u64,
    /// In central's order of events, with central's own.
    central: u64,
}

impl Overview {
    /// Reads the figures once they contain everything that the shop recorded.
    pub(super) async fn read(data_dir: &Path, file: &UpFile) -> Result<Overview, Failure> {
        let local = Remote::new(&RemoteArgs { url: file.local_url.clone(), token: Some(file.local_key.clone()) })?;
        let central =
            Remote::new(&RemoteArgs { url: file.central_url.clone(), token: Some(file.admin_token.clone()) })?;
        let further = file.demo.iter().flat_map(|demo| &demo.sites);
        let further = further.map(|site| RemoteArgs { url: site.url.clone(), token: Some(site.till_key.clone()) });
        let further = further.map(|args| Remote::new(&args)).collect::<Result<Vec<Remote>, Failure>>()?;
        let wait = async {
            for node in further.iter().chain([&local]) {
                while node.get::<QueueDto>(paths::QUEUE, &[]).await?.pending > 0 {
                    tokio::time::sleep(POLL_EVERY).await;
                }
            }
            Ok::<_, Failure>(())
        };
        tokio::time::timeout(FIGURES_WITHIN, wait).await.unwrap_or(Ok(()))?;
        // Ingest changes stock itself, so it is complete to the end. Sales follow, and the request waits for them.
        let stock: Value = central.get(paths::REPORT_STOCK, &[("product", "85123A")]).await?;
        let position = stock["complete_through"].as_u64().unwrap_or_default();
        let asked = [("by", "day"), ("min_position", &position.to_string())];
        let report: Value = central.get(paths::REPORT_SALES, &asked).await?;
        let status: NodeStatus = local.get(paths::STATUS, &[]).await?;
        Ok(Overview {
            central_url: file.central_url.clone(),
            local_url: file.local_url.clone(),
            data_dir: data_dir.to_owned(),
            up_file: UpFile::path(data_dir),
            figures: report["rows"].as_array().cloned().unwrap_or_default(),
            records: Records { shop: status.log.durable, central: position },
            demo: file.demo.as_ref().map(ShownDemo::of),
        })
    }

    fn days(&self) -> String {
        let days: Vec<String> = self.figures.iter().map(day).collect();
        if days.is_empty() { "  none".to_owned() } else { days.join("\n") }
    }
}

/// A sale that can be pasted: curl reads the till's key from its file.
fn first_sale(local_url: &str, data_dir: &Path) -> String {
    let header = data_dir.join(TILL_HEADER_FILE);
    format!(
        "curl -H @{} -H 'content-type: application/json' -H 'idempotency-key: first' {local_url}{} -d '{}'",
        header.display(),
        paths::SALES,
        r#"{"currency": "GBP", "total_minor": 255, "lines": [{"product": "85123A", "quantity": "1", "unit_price": "2.55"}]}"#
    )
}

/// One row of the sales report as text.
fn day(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned);
    let number = |name: &str| row[name].as_u64().unwrap_or_default();
    let kinds = [
        ("sales", ("sale", "sales")),
        ("refunds", ("refund", "refunds")),
        ("write_offs", ("write-off", "write-offs")),
        ("adjustments", ("adjustment", "adjustments")),
        ("lines", ("line", "lines")),
    ];
    // Sales and lines are always shown, the others if there are any.
    let said = kinds.into_iter().filter(|(name, _)| number(name) > 0 || matches!(*name, "sales" | "lines"));
    let mut parts: Vec<String> = said.map(|(name, (one, many))| counted(number(name), one, many)).collect();
    let pieces = text("quantity");
    parts.push(format!("{pieces} {}", if pieces == "1" { "piece" } else { "pieces" }));
    parts.push(format!("{} {}", text("amount"), text("currency")));
    format!("  {}: {}", text("key"), parts.join(", "))
}

impl Shown for Overview {
    fn text(&self) -> String {
        let Overview { central_url, local_url, data_dir, up_file, records: Records { shop, central }, .. } = self;
        let (days, data, up) = (self.days(), data_dir.display(), up_file.display());
        let of_others = match &self.demo {
            Some(_) => "with those of the other sites and its own".to_owned(),
            None => format!("of which {} its own", central.saturating_sub(*shop)),
        };
        let demo = self.demo.as_ref().map(ShownDemo::text).unwrap_or_default();
        // The program's name as it was called, so that the lines below can be copied.
        let me = std::env::args().next().unwrap_or_else(|| "comptoir".to_owned());
        let at = if *local_url == LOCAL_URL { String::new() } else { format!(" --url {local_url}") };
        let is_usual = data_dir == Path::new(DATA_DIR);
        let on = if is_usual { String::new() } else { format!(" --data-dir {data}") };
        // The commands find the administrator's key there.
        let with = if is_usual { String::new() } else { format!("DATA_DIR={data} ") };
        format!(
            "\nComptoir is running. Ctrl-C stops it; what was recorded is kept in {data}.\n\n\
                 Shop     {local_url}/   (API: {local_url}{docs})\n\
                 Central  {central_url}/   (API: {central_url}{docs})\n\
                 Keys     {up}, {data}/{TILL_HEADER_FILE}\n\n\
                 Sales by day, as head office reads them:\n{days}\n\n\
                 The shop's log: {shop_records}, one for each event and one that opens it. Head office: {central}, {of_others}.\n{demo}\n\
                 What to try next, in a second terminal, from this folder:\n  {curl}\n  {with}{me} status{at}\n  \
                 {with}{me} events tail -n 3{at}\n  {me} demo offline{on}\n  {me} demo online{on}\n  \
                 {with}{me} events export{at} --out shop.bundle && {me} audit verify shop.bundle",
            curl = first_sale(local_url, data_dir),
            docs = paths::DOCS,
            shop_records = counted(*shop, "record", "records"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_day_shows_plurals_all_its_events_and_the_reported_amount() {
        let row = json!({ "key": "2010-12-01", "currency": "GBP", "sales": 136, "refunds": 6, "write_offs": 1, "adjustments": 0,
            "lines": 3108, "quantity": "26814", "amount": "58635.56" });
        let said = "  2010-12-01: 136 sales, 6 refunds, 1 write-off, 3108 lines, 26814 pieces, 58635.56 GBP";
        assert_eq!(day(&row), said);
        let row = json!({ "key": "2026-11-30", "currency": "GBP", "sales": 1, "refunds": 0, "write_offs": 0, "adjustments": 0,
            "lines": 1, "quantity": "2", "amount": "5.10" });
        assert_eq!(day(&row), "  2026-11-30: 1 sale, 1 line, 2 pieces, 5.10 GBP");
    }
}
