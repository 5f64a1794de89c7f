//! The page of a one-time link, as a browser without scripts uses it.

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_test_support::{Response, TestCentral};
use serde_json::json;

use crate::accounts::try_log_in;

const PASSWORD: &str = "quatre mots & plus";

async fn get(server: &TestCentral, path: &str, language: &str) -> Response {
    server.request(Request::get(path).header(header::ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap()).await
}

/// As a browser sends the form.
async fn submit(server: &TestCentral, code: &str, password: &str) -> Response {
    let encoded = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b' ' => "+".to_owned(),
            other if other.is_ascii_alphanumeric() => char::from(other).to_string(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let body = format!("code={}&password={}", encoded(code), encoded(password));
    let request = Request::post("/setup")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT_LANGUAGE, "en");
    server.request(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn the_page_of_a_one_time_link_works_without_scripts() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let new = json!({ "login": "amelie", "name": "A", "roles": [{ "role": "cashier", "site": company.site.uuid() }] });
    let created = company.post("/api/v1/users", new).await;
    let code = created.body["code"].as_str().unwrap();

    let weak = submit(&server, code, "azertyuiopqs").await;
    assert_eq!(weak.status.as_u16(), 422, "{}", weak.text);
    assert!(weak.text.contains("role=\"alert\"") && weak.text.contains("easy to guess"), "{}", weak.text);
    assert!(weak.text.contains(&format!("value=\"{code}\"")), "the code need not be pasted again: {}", weak.text);
    assert!(!weak.text.contains("azertyuiopqs"), "a password is never shown");
    assert!(weak.text.contains("aria-describedby=\"password-hint\" aria-invalid=\"true\""), "{}", weak.text);
    // The whole link, as people paste it.
    let link = format!(" http://127.0.0.1:7400/setup#{code} ");
    let done = submit(&server, &link, PASSWORD).await;
    assert_eq!(done.status.as_u16(), 200, "{}", done.text);
    assert!(done.text.contains("role=\"status\"") && !done.text.contains("<form"), "{}", done.text);
    try_log_in(&company, "amelie", PASSWORD).await.assert_ok();
    let again = submit(&server, code, PASSWORD).await;
    assert!(again.status.as_u16() == 410 && again.text.contains("not valid any more"), "{}", again.text);
    assert!(again.text.contains("aria-describedby=\"code-hint\" aria-invalid=\"true\""), "{}", again.text);
    let hostile = submit(&server, "\"><script>alert(1)</script>", PASSWORD).await;
    assert!(hostile.status.as_u16() == 410 && !hostile.text.contains("<script>alert"), "{}", hostile.text);
    let json = Request::post("/setup").header(header::CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap();
    server.request(json).await.assert_problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn the_page_of_a_one_time_link_is_french_or_english_and_has_the_look_of_the_screens() {
    let server = TestCentral::new().await;
    for (asked, lang, title) in [
        ("fr-FR,fr", "fr", "Choisissez un mot de passe"),
        ("en-GB,fr", "en", "Choose a password"),
        ("de", "fr", "Choisissez"),
    ] {
        let page = get(&server, "/setup", asked).await;
        assert_eq!(page.status.as_u16(), 200);
        assert!(page.text.contains(&format!("<html lang=\"{lang}\">")) && page.text.contains(title), "{}", page.text);
        for inline in ["<style", " style=", "<script>", "onclick", "javascript:"] {
            assert!(!page.text.contains(inline), "{inline} is not allowed by its policy: {}", page.text);
        }
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("form-action 'self'") && !policy.contains("unsafe-inline"), "{policy}");
        // Without any referrer a browser sends `Origin: null` with the form, which central refuses.
        assert_eq!(page.header(header::REFERRER_POLICY), "same-origin");
        assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
    }
    let style = get(&server, "/setup.css", "fr").await;
    assert!(style.header(header::CONTENT_TYPE).starts_with("text/css"));
    let html = get(&server, "/setup", "fr").await.text;
    for class in html.split("class=\"").skip(1).flat_map(|rest| rest.split('"').next().unwrap().split(' ')) {
        assert!(style.text.contains(&format!(".{class}")), "nothing styles {class}");
    }
    assert!(style.text.contains("--accent") && style.text.contains("prefers-color-scheme: dark"));
    get(&server, "/setup.js", "fr").await.assert_status(200);
}
