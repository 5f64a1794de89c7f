//! The login of a browser at head office, on a real Postgres.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use comptoir_test_support::{Response, TestCentral};
use serde_json::{Value, json};

use crate::enrolled::{PASSWORD, person};

const LOGIN: &str = "/api/v1/office/login";
const REFRESH: &str = "/api/v1/office/refresh";

struct Page<'a> {
    server: &'a TestCentral,
    origin: Option<&'static str>,
    cookie: Option<String>,
}

impl Page<'_> {
    async fn ask(&mut self, method: &str, path: &str, body: Value) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        request = request.header("content-type", "application/json");
        if let Some(origin) = self.origin {
            request = request.header("origin", origin);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.server.request(request.body(body).unwrap()).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Strict") && set.contains("Path=/"), "{set}");
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        answer
    }
}

#[tokio::test]
async fn a_browser_logs_in_goes_on_with_its_cookie_and_logs_out() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let manager = person(&company, "marc", json!([{ "role": "manager", "site": company.site.uuid() }])).await;
    let login = json!({ "tenant": company.tenant.uuid(), "login": "marc", "password": PASSWORD });

    // A program, and a page elsewhere, get no cookie.
    for origin in [None, Some("https://elsewhere.example")] {
        let mut stranger = Page { server: &server, origin, cookie: None };
        stranger.ask("POST", LOGIN, login.clone()).await.assert_problem(403, "ORIGIN_REFUSED");
        assert_eq!(stranger.cookie, None);
    }

    let mut page = Page { server: &server, origin: Some("http://localhost"), cookie: None };
    page.ask("POST", REFRESH, Value::Null).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    let tokens = page.ask("POST", LOGIN, login).await.assert_ok();
    assert_eq!(tokens.get("refresh_token"), None, "it is in the cookie alone");
    let first = page.cookie.clone();
    let refreshed = page.ask("POST", REFRESH, Value::Null).await.assert_ok();
    assert_ne!(page.cookie, first, "a refresh token is used once");

    let me = server.get_as(refreshed["access_token"].as_str().unwrap(), "/api/v1/me").await.assert_ok();
    assert_eq!((&me["login"], &me["user"]), (&json!("marc"), &json!(manager.id)), "{me}");
    assert_eq!(me["sites"].as_array().unwrap().len(), 1, "{me}");
    let may: Vec<&str> = me["may"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(may.contains(&"decide_conflict") && !may.contains(&"administer"), "{may:?}");
    company.get("/api/v1/me").await.assert_problem(403, "FORBIDDEN");

    let used = page.cookie.clone();
    page.ask("DELETE", LOGIN, Value::Null).await.assert_status(StatusCode::NO_CONTENT.as_u16());
    assert_eq!(page.cookie.as_deref(), Some("comptoir_office="));
    page.cookie = used;
    page.ask("POST", REFRESH, Value::Null).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
}

/// Over TLS the cookie is of this host alone.
#[tokio::test]
async fn over_tls_the_cookie_is_secure_and_of_this_host() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    person(&company, "marc", json!([{ "role": "manager", "site": null }])).await;
    let mut page = Page { server: &server, origin: Some("https://localhost"), cookie: None };
    let login = json!({ "tenant": company.tenant.uuid(), "login": "marc", "password": PASSWORD });
    let answer = page.ask("POST", LOGIN, login).await;
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-comptoir_office=") && set.ends_with("; Secure"), "{set}");
}
