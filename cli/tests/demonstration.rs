//! `comptoir up --demo`: three shops and a school with logins that work, deliveries for the driver, two conflicts that wait, and
//! a connection that a person cuts and joins.

mod running;

use std::time::Duration;

use reqwest::Method;
use running::Up;
use serde_json::{Value, json};

struct Company {
    http: reqwest::Client,
    file: Value,
}

impl Company {
    fn of(up: &Up) -> Company {
        let file = serde_json::from_slice(&std::fs::read(up.data_dir.path().join("up.json")).unwrap()).unwrap();
        Company { http: reqwest::Client::new(), file }
    }

    fn text(&self, field: &str) -> &str {
        self.file[field].as_str().unwrap()
    }

    /// An answer of the first shop's node (`local_url`) or of central (`central_url`), to its own credential.
    async fn ask(&self, server: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let credential = if server == "local_url" { "local_key" } else { "admin_token" };
        let request = self.http.request(method, format!("{}{path}", self.text(server)));
        let request = request.bearer_auth(self.text(credential));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, server: &str, path: &str) -> Value {
        let (status, answer) = self.ask(server, Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn set_link(&self, connected: bool) {
        let (status, answer) =
            self.ask("local_url", Method::PUT, "/api/v1/demo/link", Some(json!({ "connected": connected }))).await;
        assert_eq!((status, &answer), (200, &json!({ "connected": connected })));
    }

    async fn pending_becomes(&self, expected: u64) {
        for _ in 0..600 {
            if self.get("local_url", "/api/v1/queue").await["pending"] == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{expected} events never wait");
    }
}

fn interrupt(up: Up) -> tempfile::TempDir {
    let Up { mut child, data_dir } = up;
    rustix::process::kill_process(rustix::process::Pid::from_child(&child.0), rustix::process::Signal::INT).unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
    data_dir
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_has_everything_that_it_prints_and_a_second_start_adds_nothing() {
    let up = Up::start_in(comptoir_test_support::temp_folder(), &["--demo"]);
    let company = Company::of(&up);
    let demo = &company.file["demo"];

    // Every login works at a node of its place.
    let shop = company.text("local_url");
    for user in demo["users"].as_array().unwrap() {
        let own = demo["sites"].as_array().unwrap().iter().find(|site| site["name"] == user["place"]);
        let node = own.map_or(shop, |site| site["url"].as_str().unwrap());
        let login = json!({ "login": user["login"], "password": demo["password"] });
        let mut status = 0;
        // The node has read the users once it has pulled.
        for _ in 0..100 {
            let post = company.http.post(format!("{node}/api/v1/session")).json(&login).send();
            status = post.await.unwrap().status().as_u16();
            if status == 201 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(status, 201, "{} at {node}", user["login"]);
    }

    let driver = demo["users"].as_array().unwrap().iter().find(|user| user["role"] == "driver").unwrap();
    let stops = company.get("local_url", "/api/v1/deliveries").await;
    let own = stops["rows"].as_array().unwrap().iter().filter(|row| row["assigned_to"] == driver["user"]).count();
    assert_eq!(own, 6, "{stops}");
    let conflicts = company.get("central_url", "/api/v1/conflicts").await;
    let ids: Vec<&Value> = conflicts["conflicts"].as_array().unwrap().iter().map(|row| &row["entity_id"]).collect();
    assert_eq!(ids, ["p-1", "p-7"], "{conflicts}");
    let through = conflicts["conflicts"].as_array().unwrap().len();

    let data_dir = interrupt(up);
    let again = Up::start_in(data_dir, &[]);
    let same = Company::of(&again);
    for field in ["password", "users"] {
        assert_eq!(same.file["demo"][field], demo[field], "{field}");
    }
    let conflicts = same.get("central_url", "/api/v1/conflicts").await;
    assert_eq!(conflicts["conflicts"].as_array().unwrap().len(), through, "{conflicts}");
    let stops = same.get("local_url", "/api/v1/deliveries").await;
    assert_eq!(stops["rows"].as_array().unwrap().len(), 6, "{stops}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_cut_off_goes_on_selling_and_its_sales_leave_when_it_is_joined() {
    let up = Up::start();
    let company = Company::of(&up);
    assert_eq!(company.get("local_url", "/api/v1/demo/link").await, json!({ "connected": true }));
    company.set_link(false).await;
    let sale = json!({ "id": uuid::Uuid::now_v7(), "currency": "GBP", "total_minor": 255,
        "lines": [{ "product": "85123A", "quantity": "1", "unit_price": "2.55" }] });
    let (status, answer) = company.ask("local_url", Method::POST, "/api/v1/sales", Some(sale)).await;
    assert_eq!(status, 200, "{answer}");
    company.pending_becomes(1).await;
    company.set_link(false).await;
    company.set_link(true).await;
    company.pending_becomes(0).await;
}
