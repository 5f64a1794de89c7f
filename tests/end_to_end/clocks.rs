use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name};
use comptoir_core::time::Timestamp;
use comptoir_local::event_log::{Environment, Steady};
use comptoir_local::sync_agent::transport::HttpTransport;
use comptoir_local::{Node, NodeConfig, NodeSettings};
use comptoir_proto::instant;
use comptoir_test_support::processes;
use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auditor;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A node on a machine that can be switched off and whose clock can be set.
struct Till {
    config: NodeConfig,
    /// The wall clock minus the true time.
    wrong: Arc<AtomicI64>,
    /// How far the test has moved the true time ahead of this machine's clock.
    passed: Arc<AtomicI64>,
    boot: Arc<AtomicU8>,
    sold: u32,
}

impl Till {
    fn new(company: &RunningTenant, name: &str) -> Till {
        let issued = company.issue_node(&company.site(&name.to_uppercase()), name);
        let folder = company.path(name).display().to_string();
        let settings = NodeSettings::read(|setting| match setting {
            "DATA_DIR" => Some(folder.clone()),
            "CENTRAL_API_URL" => Some(company.central.url.clone()),
            "SYNC_INTERVAL_SECONDS" => Some("1".to_owned()),
            other => issued[other].as_str().map(str::to_owned),
        });
        let (wrong, passed, boot) = Default::default();
        let settings = settings.expect("the settings read");
        let identity = settings.given.complete().expect("who it is");
        Till { config: settings.with_identity(identity), wrong, passed, boot, sold: 0 }
    }

    async fn start(&self, online: bool) -> Arc<Node> {
        let system = Environment::system();
        let (wall, steady) = (system.clock.clone(), system.steady.clone().expect("a steady clock"));
        let (wrong, passed) = (self.wrong.clone(), self.passed.clone());
        let (also_passed, boot) = (self.passed.clone(), self.boot.clone());
        let environment = Environment {
            clock: Arc::new(move || wall().shifted(wrong.load(Ordering::SeqCst) + passed.load(Ordering::SeqCst))),
            steady: Some(Arc::new(move || Steady {
                boot: [boot.load(Ordering::SeqCst); 16],
                micros: steady().micros + also_passed.load(Ordering::SeqCst),
            })),
            ..system
        };
        let transport = online.then(|| HttpTransport::new(&self.config.sync).expect("a line"));
        Node::start_with(self.config.clone(), environment, transport).await.expect("the node starts")
    }

    fn set_clock(&self, wrong: i64) {
        self.wrong.store(wrong, Ordering::SeqCst);
    }

    fn pass(&self, micros: i64) {
        self.passed.fetch_add(micros, Ordering::SeqCst);
    }

    fn switch_off(&self) {
        self.boot.fetch_add(1, Ordering::SeqCst);
    }

    async fn sell(&mut self, node: &Node, sales: u32) {
        for _ in 0..sales {
            self.sold += 1;
            let payload = json!({"currency": "EUR", "total_minor": 510,
                "lines": [{"product": "A", "quantity": "2", "unit_price": "2.55"}]});
            append(node, "SALE", &format!("t-{}", self.sold), "SALE_RECORDED", None, &payload).await;
        }
    }

    /// Starts the node online and waits until it has pushed everything.
    async fn push(&self) {
        let node = self.start(true).await;
        drained(&node).await;
        stop(node).await;
    }
}

/// Stops a node and closes its log.
async fn stop(node: Arc<Node>) {
    node.shutdown().await;
}

async fn append(node: &Node, kind: &str, id: &str, action: &str, at: Option<Timestamp>, payload: &Value) {
    let name = |text: &str| Name::new(text).expect("a name");
    let content = Content {
        site: Some(node.log().identity().site),
        ..Content::new(name(kind), name(id), name(action), payload.to_string().into_bytes())
    };
    let draft = Draft { id: EventId::new(Uuid::now_v7()), occurred_at: at, content };
    node.log().append(vec![draft]).await.expect("no event is refused because of its time");
}

async fn drained(node: &Node) {
    let started = std::time::Instant::now();
    loop {
        let marks = node.log().head().marks;
        if marks.acked == marks.durable {
            return;
        }
        assert!(started.elapsed() < TIMEOUT, "still waiting: {marks:?} {:?}", node.sync().borrow().last_error);
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Per day: the day, the number of sales, and how many of them have an unsure time.
async fn days(company: &RunningTenant) -> Vec<(String, u64, u64)> {
    let report = company.sales("day").await;
    let rows = report["rows"].as_array().expect("rows").iter();
    let number = |value: &Value| value.as_u64().expect("a number");
    rows.map(|row| (row["key"].as_str().unwrap().to_owned(), number(&row["sales"]), number(&row["time_unsure"])))
        .collect()
}

/// A rebuild of the report and an auditor's replay give the same days.
async fn assert_reproducible(company: &RunningTenant, days_before: &[(String, u64, u64)]) {
    let data_dir = company.path("central").display().to_string();
    let rebuild = ["projections", "rebuild", "sales", "--switch", "--data-dir", &data_dir];
    processes::run_comptoir(&rebuild, &[]).unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"));
    assert_eq!(days(company).await, days_before);
    auditor::assert_decided_again(company);
}

/// The UTC day, `micros` from now.
fn day(micros: i64) -> String {
    instant::format(now().shifted(micros))[..10].to_owned()
}

fn now() -> Timestamp {
    (Environment::system().clock)()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_stamped_in_1970_count_on_their_true_day_once_the_clock_is_set() {
    let company = RunningTenant::new("UTC", "EUR");
    for (name, wrong) in [("epoch", -20_000 * DAY), ("month", -30 * DAY), ("ahead", 3_650 * DAY)] {
        let before = days(&company).await.iter().map(|(_, sales, _)| sales).sum::<u64>();
        let mut till = Till::new(&company, name);
        let node = till.start(false).await;
        till.set_clock(wrong);
        till.sell(&node, 3).await;
        till.set_clock(0);
        till.sell(&node, 2).await;
        stop(node).await;
        till.push().await;
        let days = days(&company).await;
        assert!(
            days.iter().all(|(shown, _, unsure)| (*shown == day(0) || *shown == day(-30 * MINUTE)) && *unsure == 0),
            "{days:?}"
        );
        assert_eq!(days.iter().map(|(_, sales, _)| sales).sum::<u64>(), before + 5, "{name}");
    }
    let days = days(&company).await;
    assert_reproducible(&company, &days).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_before_a_restart_with_a_wrong_clock_get_the_nearest_day_flagged_unsure() {
    let company = RunningTenant::new("UTC", "EUR");
    let mut till = Till::new(&company, "till");
    // The clock was right three days ago.
    till.pass(-3 * DAY);
    let node = till.start(false).await;
    till.sell(&node, 1).await;
    let nearest = day(-3 * DAY);
    stop(node).await;
    till.switch_off();
    till.pass(MINUTE);
    till.set_clock(-20_000 * DAY);
    let node = till.start(false).await;
    till.sell(&node, 3).await;
    stop(node).await;
    till.switch_off();
    till.pass(3 * DAY - MINUTE);
    till.set_clock(0);
    till.push().await;
    let days = days(&company).await;
    assert_eq!(days, [(nearest, 4, 3)]);
    assert_reproducible(&company, &days).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_given_in_the_future_does_not_beat_a_later_edit_of_another_node() {
    let company = RunningTenant::new("UTC", "EUR");
    let (mut first, mut second) = (Till::new(&company, "first"), Till::new(&company, "second"));
    let edit = |name: &str| json!({ "name": name });
    first.pass(-3 * DAY);
    let node = first.start(false).await;
    let future = now().shifted(3_650 * DAY);
    append(&node, "CLIENT", "c-1", "CREATE", Some(future), &edit("given in the future")).await;
    first.sell(&node, 1).await;
    stop(node).await;
    // The later edit was recorded a day later, but it reaches central first.
    second.pass(-2 * DAY);
    let node = second.start(false).await;
    append(&node, "CLIENT", "c-1", "CREATE", None, &edit("a later edit")).await;
    second.sell(&node, 1).await;
    stop(node).await;
    second.pass(2 * DAY);
    second.push().await;
    first.pass(3 * DAY);
    first.push().await;
    let row = company.ask("/api/v1/entities/CLIENT/c-1").await;
    assert_eq!(row["fields"]["name"], "a later edit", "{row}");
    auditor::assert_decided_again(&company);
}
