//! Reports: figures computed by hand, a past that does not change, and who may read what.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use comptoir_central::Clock;
use comptoir_central::identity::allow_reader;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_test_support::events::{InvoiceCreation, TestEvent};
use comptoir_test_support::{NOON, Response, SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};

/// Seals an event some hours after the test's noon.
fn seal(node: &mut SealedLog, entity_type: &str, id: &str, action: &str, hours: i64, payload: Value) {
    let mut event = node.event(entity_type, id, action, &payload);
    event.occurred_at = Timestamp(NOON + hours * 3_600_000_000);
    node.seal_event(event);
}

fn lines(lines: &[(&str, &str, &str)]) -> Value {
    lines
        .iter()
        .map(|(product, quantity, price)| json!({ "product": product, "quantity": quantity, "unit_price": price }))
        .collect()
}

/// Two days of a site: two sales, a refund, a write-off, an adjustment, and a sale with a wrong total.
fn two_days(node: &mut SealedLog) {
    let sale = |total: i64, lines: Value| json!({ "currency": "EUR", "total_minor": total, "country": "France", "lines": lines });
    seal(node, "SALE", "s-1", "SALE_RECORDED", 0, {
        let mut sale = sale(1613, lines(&[("A", "6", "2.55"), ("B", "1", "0.825")]));
        sale["customer"] = json!("c-1");
        sale
    });
    seal(node, "SALE", "s-2", "SALE_RECORDED", 24, sale(765, lines(&[("A", "3", "2.55")])));
    seal(node, "SALE", "r-1", "SALE_REFUNDED", 24, {
        let mut refund = sale(255, lines(&[("A", "1", "2.55")]));
        refund["original"] = json!("s-1");
        refund
    });
    seal(
        node,
        "STOCK",
        "w-1",
        "STOCK_WRITTEN_OFF",
        24,
        json!({ "reason": "damages", "lines": [{ "product": "B", "quantity": "4.5" }] }),
    );
    let adjustment =
        json!({ "currency": "EUR", "amount_minor": -1234, "reason": "bad debt", "product": "B", "quantity": "1" });
    seal(node, "SALE", "a-1", "REVENUE_ADJUSTED", 24, adjustment);
    seal(node, "SALE", "s-3", "SALE_RECORDED", 24, sale(1, lines(&[("A", "1", "2.55")])));
}

/// One product's row of the stock report.
#[derive(PartialEq, Eq, Debug)]
struct StockFigures {
    quantity: String,
    backordered: String,
    value: String,
    consumed_quantity: String,
    consumed_cost: String,
    /// `quantity@cost` of each lot, oldest first.
    lots: String,
}

/// Reads a report that includes everything up to a position.
async fn report(company: &TestTenant<'_>, path: &str, min_position: u64) -> Value {
    let mark = if path.contains('?') { '&' } else { '?' };
    company.get(&format!("{path}{mark}min_position={min_position}")).await.assert_ok()
}

async fn raw(server: &TestCentral, key: &str, path: &str, accept: &str) -> Response {
    let request =
        Request::get(path).header(header::AUTHORIZATION, format!("Bearer {key}")).header(header::ACCEPT, accept);
    server.request(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn sales_reports_equal_figures_computed_by_hand() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    two_days(&mut node);
    let last = node.push_all(&server).await.results.last().unwrap().position;

    let by_day = report(&company, "/api/v1/reports/sales?by=day", last).await;
    let row = |key: Value, figures: [i64; 6], quantities: [&str; 3], amount: &str| {
        let [sales, refunds, write_offs, adjustments, lines, amount_minor] = figures;
        let [quantity, written_off, adjusted] = quantities;
        json!({ "key": key, "currency": "EUR", "sales": sales, "refunds": refunds, "write_offs": write_offs,
            "adjustments": adjustments, "lines": lines, "quantity": quantity, "written_off": written_off,
            "adjusted": adjusted, "amount_minor": amount_minor, "amount": amount, "time_unsure": 0 })
    };
    // 6 x 2.55 = 15.30, and 0.825, printed as 0.83. Then 7.65 - 2.55 - 12.34; the sale with a wrong total is quarantined.
    let first = row(json!("2026-03-01"), [1, 0, 0, 0, 2, 1613], ["7", "0", "0"], "16.125");
    let second = row(json!("2026-03-02"), [1, 1, 1, 1, 4, -724], ["2", "4.5", "1"], "-7.24");
    assert_eq!(by_day, json!({ "complete_through": last, "stale_sites": [], "rows": [first, second] }));

    let by = async |key: &str| {
        let report = report(&company, &format!("/api/v1/reports/sales?by={key}"), 0).await;
        let sums = |row: &Value| json!({ "key": row["key"], "lines": row["lines"], "amount": row["amount"] });
        report["rows"].as_array().unwrap().iter().map(sums).collect::<Vec<_>>()
    };
    let sums = |key: Value, lines: u64, amount: &str| json!({ "key": key, "lines": lines, "amount": amount });
    assert_eq!(by("month").await, [sums(json!("2026-03"), 6, "8.885")]);
    assert_eq!(by("product").await, [sums(json!("A"), 3, "20.40"), sums(json!("B"), 3, "-11.515")]);
    assert_eq!(by("country").await, [sums(Value::Null, 2, "-12.34"), sums(json!("France"), 4, "21.225")]);
    assert_eq!(by("customer").await, [sums(Value::Null, 4, "-7.24"), sums(json!("c-1"), 2, "16.125")]);
    assert_eq!(by("user").await, [sums(json!("u-1"), 6, "8.885")]);
    assert_eq!(by("site").await, [sums(json!(company.site.uuid()), 6, "8.885")]);
    let entities: Vec<Value> = by("entity").await.into_iter().map(|row| row["key"].clone()).collect();
    assert_eq!(entities, ["a-1", "r-1", "s-1", "s-2", "w-1"], "by the bytes of the key");

    let one_day =
        report(&company, "/api/v1/reports/sales?by=entity&from=2026-03-02&to=2026-03-02&currency=EUR", 0).await;
    assert_eq!(one_day["rows"].as_array().unwrap().len(), 4, "both ends are included");
    let page = report(&company, "/api/v1/reports/sales?by=entity&limit=2", 0).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = report(&company, &format!("/api/v1/reports/sales?by=entity&limit=3&cursor={cursor}"), 0).await;
    let keys =
        |report: &Value| report["rows"].as_array().unwrap().iter().map(|row| row["key"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&page), vec![json!("a-1"), json!("r-1")]);
    assert_eq!(keys(&rest), vec![json!("s-1"), json!("s-2"), json!("w-1")]);
    assert_eq!(rest.get("next_cursor"), None);
}

#[tokio::test]
async fn a_released_sale_counts_from_its_release_on_the_day_it_was_made() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    two_days(&mut node);
    let pushed = node.push_all(&server).await;
    let last = pushed.results.last().unwrap();
    assert_eq!(last.code.as_deref(), Some("TOTAL_MISMATCH"));
    let release = format!("/api/v1/quarantine/{}/release", last.event_id);
    company.post(&release, "{}").await.assert_ok();

    let after = report(&company, "/api/v1/reports/sales?from=2026-03-02", last.position + 1).await;
    assert_eq!(after["rows"][0]["sales"], 2);
    assert_eq!(after["rows"][0]["amount"], "-4.69");
    let before = report(&company, &format!("/api/v1/reports/sales?from=2026-03-02&as_of={}", last.position), 0).await;
    assert_eq!(before["rows"][0]["sales"], 1);
    assert_eq!(before["rows"][0]["amount"], "-7.24");
    assert_eq!(before["complete_through"], json!(last.position));
}

#[tokio::test]
async fn a_csv_report_opens_in_a_spreadsheet_without_running_formulas() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let sale = json!({ "currency": "EUR", "total_minor": 100, "lines": [{ "product": "=1+1", "quantity": "1", "unit_price": "1" }] });
    seal(&mut node, "SALE", "s-1", "SALE_RECORDED", 0, sale);
    let refund = json!({ "currency": "EUR", "total_minor": 250, "lines": [{ "product": "B, \"big\"", "quantity": "1", "unit_price": "2.5" }] });
    seal(&mut node, "SALE", "r-1", "SALE_REFUNDED", 0, refund);
    let last = node.push_all(&server).await.results.last().unwrap().position;
    let path = format!("/api/v1/reports/sales?by=product&min_position={last}");
    let csv = raw(&server, &company.token, &path, "text/csv").await;
    csv.assert_status(200);
    assert_eq!(csv.header(header::CONTENT_TYPE), "text/csv; charset=utf-8; header=present");
    assert_eq!(csv.headers["comptoir-complete-through"], last.to_string());
    assert_eq!(csv.headers["comptoir-stale-sites"], "");
    let expected = "key,currency,sales,refunds,write_offs,adjustments,lines,quantity,written_off,adjusted,amount_minor,amount,time_unsure\r\n\
                    '=1+1,EUR,1,0,0,0,1,1,0,0,100,1.00,0\r\n\
                    \"B, \"\"big\"\"\",EUR,0,1,0,0,1,-1,0,0,-250,-2.50,0\r\n";
    assert_eq!(csv.text, expected);
    let stock = raw(&server, &company.token, "/api/v1/reports/stock?format=csv&product=%3D1%2B1", "*/*").await;
    stock.assert_status(200);
    let expected = format!(
        "site,product,quantity,backordered,value,currency,consumed_quantity,consumed_cost\r\n{},'=1+1,-1,1,0.00,EUR,0,0.00\r\n",
        company.site
    );
    assert_eq!(stock.text, expected);
}

#[tokio::test]
async fn stock_is_counted_in_lots_and_the_past_keeps_its_answer() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let goods =
        |quantity: &str, cost: &str| json!({ "lines": [{ "product": "A", "quantity": quantity, "unit_cost": cost }] });
    let sale = |total: i64, quantity: &str| json!({ "currency": "EUR", "total_minor": total, "lines": lines(&[("A", quantity, "5")]) });
    seal(&mut node, "RECEPTION", "e-1", "GOODS_RECEIVED", 0, goods("10", "1.5"));
    seal(&mut node, "RECEPTION", "e-2", "GOODS_RECEIVED", 0, goods("5", "2"));
    seal(&mut node, "SALE", "s-1", "SALE_RECORDED", 0, sale(6000, "12"));
    seal(&mut node, "SALE", "s-2", "SALE_RECORDED", 0, sale(2000, "4"));
    let refund =
        json!({ "currency": "EUR", "total_minor": 3000, "original": "s-1", "lines": lines(&[("A", "6", "5")]) });
    seal(&mut node, "SALE", "r-1", "SALE_REFUNDED", 0, refund);
    let first = node.push_all(&server).await.results[1].position;
    // Other events follow, and a stock count is proposed and accepted.
    seal(
        &mut node,
        "SALE",
        "s-9",
        "SALE_RECORDED",
        0,
        json!({ "currency": "EUR", "total_minor": 100, "lines": lines(&[("B", "1", "1")]) }),
    );
    let count = node.seal("STOCK", "k-1", "STOCK_COUNTED", &json!({ "lines": [{ "product": "A", "quantity": "7" }] }));
    node.push(&server, 7, 8).await;
    let accepted = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "STOCK", "entity_id": "k-1", "action": "STOCK_COUNT_ACCEPTED",
        "payload": { "event_id": count.uuid() } });
    let answer = company.post("/api/v1/events", &accepted).await.assert_ok();
    let last = answer["results"][0]["decision"]["position"].as_u64().unwrap();

    let figures = |report: &Value| {
        let row = &report["rows"][0];
        let lots = row["lots"].as_array().unwrap().iter();
        let lots: Vec<_> = lots
            .map(|lot| format!("{}@{}", lot["quantity"].as_str().unwrap(), lot["unit_cost"].as_str().unwrap()))
            .collect();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        StockFigures {
            quantity: text("quantity"),
            backordered: text("backordered"),
            value: text("value"),
            consumed_quantity: text("consumed_quantity"),
            consumed_cost: text("consumed_cost"),
            lots: lots.join(" "),
        }
    };
    let expect =
        |quantity: &str, backordered: &str, value: &str, consumed: &str, cost: &str, lots: &str| StockFigures {
            quantity: quantity.to_owned(),
            backordered: backordered.to_owned(),
            value: value.to_owned(),
            consumed_quantity: consumed.to_owned(),
            consumed_cost: cost.to_owned(),
            lots: lots.to_owned(),
        };
    let at = async |position: u64| {
        company.get(&format!("/api/v1/reports/stock?product=A&as_of={position}")).await.assert_ok()
    };
    assert_eq!(at(first - 1).await["rows"], json!([]), "before the reception");
    assert_eq!(figures(&at(first).await), expect("10", "0", "15.00", "0", "0.00", "10@1.5"));
    assert_eq!(figures(&at(first + 1).await), expect("15", "0", "25.00", "0", "0.00", "10@1.5 5@2"));
    // Twelve: ten at 1.50 and two at 2.
    assert_eq!(figures(&at(first + 2).await), expect("3", "0", "6.00", "12", "19.00", "3@2"));
    // Four, one of them backordered.
    assert_eq!(figures(&at(first + 3).await), expect("-1", "1", "0.00", "15", "25.00", ""));
    // Six come back at 19/12 each: one covers the backorder.
    assert_eq!(
        figures(&at(first + 4).await),
        expect("5", "0", "7.9166666665", "16", "26.5833333333", "5@1.5833333333")
    );
    // Counted seven where five were held: two more at the last cost.
    let now = figures(&at(last).await);
    assert_eq!(now.quantity, "7");
    assert_eq!(now.lots, "5@1.5833333333 2@1.5833333333");

    // The same questions later give the same bytes, by position and by time.
    let received =
        server.get_as(&company.token, "/api/v1/reports/stock?product=A").await.body["rows"][0]["lots"][0]["received_at"]
            .clone();
    let questions = [
        format!("/api/v1/reports/stock?as_of={}", first + 2),
        format!("/api/v1/reports/stock?product=A&as_of={}", received.as_str().unwrap()),
        format!("/api/v1/reports/sales?by=product&as_of={last}"),
    ];
    let mut before = Vec::new();
    for question in &questions {
        before.push(raw(&server, &company.token, question, "*/*").await.text);
    }
    let refunded = format!("\"complete_through\":{},", first + 4);
    assert!(before[1].contains(&refunded), "as of the time its lot came back: {}", before[1]);
    for sale in 0..3 {
        seal(&mut node, "SALE", &format!("t-{sale}"), "SALE_RECORDED", 0, sale_of("A"));
    }
    node.push(&server, 9, 11).await;
    for (question, before) in questions.iter().zip(&before) {
        assert_eq!(&raw(&server, &company.token, question, "*/*").await.text, before, "{question}");
    }
    for future in ["1000000", "2999-01-01T00:00:00Z"] {
        company.get(&format!("/api/v1/reports/stock?as_of={future}")).await.assert_problem(422, "AS_OF_IN_FUTURE");
    }
}

fn sale_of(product: &str) -> Value {
    json!({ "currency": "EUR", "total_minor": 500, "lines": lines(&[(product, "1", "5")]) })
}

#[tokio::test]
async fn no_event_is_received_at_a_time_a_report_has_answered_for() {
    let time = Arc::new(AtomicI64::new(NOON));
    let clock = Arc::clone(&time);
    let server = TestCentral::at(Clock::new(move || Timestamp(clock.load(Ordering::Relaxed)))).await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    node.push_all(&server).await;
    time.fetch_add(60_000_000, Ordering::Relaxed);
    let asked = instant::format(Timestamp(NOON + 60_000_000));
    let question = format!("/api/v1/reports/sales?as_of={asked}");
    let before = raw(&server, &company.token, &question, "*/*").await.text;
    assert!(before.contains("\"sales\":1,"), "{before}");
    // The clock goes back before the next push: the promise holds.
    time.store(NOON + 1_000_000, Ordering::Relaxed);
    node.sell("s-2");
    node.push(&server, 3, 3).await;
    time.store(NOON + 120_000_000, Ordering::Relaxed);
    assert_eq!(raw(&server, &company.token, &question, "*/*").await.text, before);
}

#[tokio::test]
async fn a_site_is_stale_after_its_node_was_silent_for_a_day() {
    let start = 4_000_000_000_000_000; // long after the database's own clock, which says when a node was made
    let time = Arc::new(AtomicI64::new(start));
    let clock = Arc::clone(&time);
    let server = TestCentral::at(Clock::new(move || Timestamp(clock.load(Ordering::Relaxed)))).await;
    let company = server.company().await;
    let mut node = company.node().await;
    let late = async |question: &str| server.get_as(&company.token, question).await.body["stale_sites"].clone();
    assert_eq!(late("/api/v1/reports/sales").await, json!([company.site.uuid()]), "it never pushed");
    node.sell("s-1");
    let position = node.push_all(&server).await.results.last().unwrap().position;
    let as_of = format!("/api/v1/reports/stock?as_of={position}");
    assert_eq!(late("/api/v1/reports/sales").await, json!([]));
    assert_eq!(late(&as_of).await, json!([]));
    time.store(start + 24 * 3_600_000_000 + 1_000_000, Ordering::Relaxed);
    assert_eq!(late("/api/v1/reports/stock").await, json!([company.site.uuid()]));
    assert_eq!(late(&as_of).await, json!([]), "as of the position");
}

#[tokio::test]
async fn a_report_that_is_not_complete_in_time_answers_position_not_reached() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    for path in ["/api/v1/reports/sales", "/api/v1/reports/stock", "/api/v1/invoices", "/api/v1/clients/c-1"] {
        let problem = company.get(&format!("{path}?min_position=99&wait=0")).await.for_case(path);
        problem.assert_problem(503, "POSITION_NOT_REACHED");
        assert!(problem.body["retry_after"].is_u64());
    }
    let wrong = [
        ("/api/v1/reports/sales?by=shop", "by"),
        ("/api/v1/reports/sales?from=yesterday", "from"),
        ("/api/v1/reports/sales?site=1", "site"),
        ("/api/v1/reports/sales?limit=5&cursor=zz", "cursor"),
        ("/api/v1/reports/stock?min_position=1&wait=3600", "wait"),
        ("/api/v1/deliveries?site=1", "site"),
    ];
    for (path, pointer) in wrong {
        company.get(path).await.assert_problem(400, "INVALID_PARAMETER").field("pointer", json!(pointer));
    }
    // A misspelt filter is refused.
    company.get("/api/v1/reports/sales?form=2026-03-01").await.assert_problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_report_is_readable_by_its_tenant_s_administrator_only() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let other = server.company().await;
    let mut node = company.node().await;
    two_days(&mut node);
    let last = node.push_all(&server).await.results.last().unwrap().position;
    assert_eq!(report(&company, "/api/v1/reports/sales", last).await["rows"].as_array().unwrap().len(), 2);
    for path in ["/api/v1/reports/sales", "/api/v1/reports/stock", "/api/v1/stock"] {
        assert_eq!(report(&other, path, 0).await["rows"], json!([]), "another tenant: {path}");
        assert_eq!(server.get_as("", path).await.status, StatusCode::UNAUTHORIZED, "no credential: {path}");
    }
    // A node's key does not read reports.
    node.get(&server, "/api/v1/reports/sales").await.assert_problem(403, "FORBIDDEN");
    let own = node.get(&server, "/api/v1/stock").await.assert_ok();
    assert_eq!(own["rows"].as_array().unwrap().len(), 2);
    let foreign = format!("/api/v1/stock?site={}", other.site);
    assert_eq!(server.get_as(&node.key, &foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_reading_role_sees_the_views_of_its_tenant_and_cannot_choose_another() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let other = server.company().await;
    for company in [&company, &other] {
        let mut node = company.node().await;
        two_days(&mut node);
        seal(
            &mut node,
            "RECEPTION",
            "e-1",
            "GOODS_RECEIVED",
            0,
            json!({ "lines": [{ "product": "C", "quantity": "2", "unit_cost": "1.25" }] }),
        );
        seal(&mut node, "CLIENT", "c-1", "CREATE", 0, json!({ "name": "Dupont" }));
        seal(&mut node, "CLIENT", "c-2", "CREATE", 0, json!({ "name": null }));
        let last = node.push_all(&server).await.results.last().unwrap().position;
        report(company, "/api/v1/reports/sales", last).await;
    }
    let admin = server.admin().await;
    admin.batch_execute("create role bi_tool login in role comptoir_readonly").await.unwrap();
    allow_reader(server.central.database(), company.tenant, "bi_tool").await.unwrap();
    admin.batch_execute("set session authorization bi_tool").await.unwrap();
    // The role cannot choose a tenant by setting the service's variable.
    admin.batch_execute(&format!("set app.tenant = '{}'", other.tenant)).await.unwrap();
    // Nor does a table of its own that lists the other tenant, under the name of the one that says who may read.
    let own = format!(
        "create temporary table reader as select '{}'::uuid as tenant_id, current_user::name as role_name",
        other.tenant
    );
    admin.batch_execute(&format!("set default_transaction_read_only = off; {own}")).await.unwrap();
    let one = async |sql: &str| -> String {
        let row = admin.query_one(sql, &[]).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    };
    assert_eq!(
        one("select string_agg(distinct tenant_id::text, ' ') from reporting.events").await,
        company.tenant.to_string()
    );
    assert_eq!(
        one("select string_agg(day || ' ' || amount, ', ' order by day) from reporting.sales_by_day").await,
        "2026-03-01 16.125, 2026-03-02 -7.24"
    );
    assert_eq!(
        one("select sum(amount)::text from reporting.sales_lines where site_code = 'LYO' and month = '2026-03'").await,
        "8.885"
    );
    assert_eq!(one("select sales || ' ' || lines from reporting.sales_by_product where product = 'A'").await, "2 3");
    assert_eq!(
        one("select quantity || ' ' || value || ' ' || currency from reporting.stock where product = 'C'").await,
        "2 2.50 EUR"
    );
    assert_eq!(
        one("select quantity || ' at ' || unit_cost from reporting.stock_lots where product = 'C'").await,
        "2 at 1.25"
    );
    assert_eq!(
        one(
            "select string_agg(client_id || ' ' || coalesce(name, '?'), ', ' order by client_id) from reporting.clients"
        )
        .await,
        "c-1 Dupont, c-2 ?"
    );
    assert_eq!(
        one("select count(*) || ' ' || count(last_push_at) from reporting.sync").await,
        "2 2",
        "central's own node and the shop's"
    );
    for view in [
        "sales_by_month",
        "sales_by_site",
        "sales_by_country",
        "sales_by_customer",
        "sales_by_user",
        "sales_by_entity",
        "invoices",
        "deliveries",
        "products",
    ] {
        one(&format!("select count(*)::text from reporting.{view}")).await;
    }
    for refused in [
        "select record from event",
        "select * from api_key",
        "insert into sales_line select * from sales_line",
        "delete from reporting.sales_lines",
    ] {
        assert!(admin.batch_execute(refused).await.is_err(), "{refused}");
    }
}

#[tokio::test]
async fn read_models_are_listed_in_pages_and_read_by_id_with_their_version() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    for client in ["c-1", "c-2", "c-3"] {
        node.seal("CLIENT", client, "CREATE", &json!({ "name": client }));
    }
    node.seal("CLIENT", "c-2", "DELETE", &json!({}));
    let mut invoice = InvoiceCreation::default().payload();
    invoice["provisional_reference"] = json!("P-7");
    node.seal("INVOICE", "i-1", "INVOICE_CREATED", &invoice);
    let pushed = node.push_all(&server).await;
    let reference = pushed.results[5].reference.clone().unwrap();
    let product = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "PRODUCT", "entity_id": "A", "action": "CREATE", "payload": { "name": "Pomme" } });
    company.post("/api/v1/events", product).await.assert_ok();
    let delivery = json!({ "id": uuid::Uuid::now_v7(), "entity_id": "d-1", "reference": "BL-1", "client": "Dupont" });
    let made = company.post("/api/v1/deliveries", &delivery).await.assert_ok();
    let last = made["results"][0]["decision"]["position"].as_u64().unwrap();

    let ids = |list: &Value| {
        list["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let clients = report(&company, "/api/v1/clients?limit=1", last).await;
    assert_eq!(ids(&clients), vec!["c-1".to_owned()]);
    assert_eq!(clients["rows"][0]["fields"], json!({ "name": "c-1" }));
    let cursor = clients["next_cursor"].as_str().unwrap();
    assert_eq!(
        ids(&report(&company, &format!("/api/v1/clients?cursor={cursor}"), 0).await),
        ["c-3"],
        "one was deleted"
    );
    assert_eq!(ids(&report(&company, "/api/v1/products", 0).await), ["A"]);
    assert_eq!(ids(&report(&company, "/api/v1/deliveries?reference=BL-1", 0).await), ["d-1"]);
    for found in [reference.as_str(), "P-7"] {
        assert_eq!(ids(&report(&company, &format!("/api/v1/invoices?reference={found}"), 0).await), ["i-1"], "{found}");
    }
    assert_eq!(report(&company, "/api/v1/invoices?reference=nothing", 0).await["rows"], json!([]));

    let client = raw(&server, &company.token, "/api/v1/entities/CLIENT/c-1", "*/*").await;
    let version = pushed.results[1].position;
    client.assert_status(200);
    assert_eq!(client.header(header::ETAG), format!("\"{version}\""));
    assert_eq!(raw(&server, &node.key, "/api/v1/clients/c-1", "*/*").await.text, client.text);
    let held = async |path: &str, tag: &str| {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", company.token))
            .header(header::IF_NONE_MATCH, tag);
        server.request(request.body(Body::empty()).unwrap()).await.status
    };
    let list = raw(&server, &company.token, "/api/v1/clients", "*/*").await;
    assert_eq!(held("/api/v1/clients", list.header(header::ETAG)).await, StatusCode::NOT_MODIFIED);
    // No 304 here: a conflict may have been opened without a new version.
    assert_eq!(held("/api/v1/clients/c-1", &format!("\"{version}\"")).await, StatusCode::OK);
    for gone in ["/api/v1/clients/c-2", "/api/v1/clients/c-9", "/api/v1/entities/STUDENT/c-1"] {
        assert_eq!(server.get_as(&company.token, gone).await.status, StatusCode::NOT_FOUND, "{gone}");
    }
}
