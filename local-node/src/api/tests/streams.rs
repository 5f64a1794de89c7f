//! Streams that arrive piece by piece, as over a real line.

use axum::body::Body;
use axum::http::Request;
use comptoir_core::position::Seq;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tower::ServiceExt as _;

use super::{Shop, sale};

type Frame = Result<String, std::io::Error>;

/// A stream whose lines the test sends one by one, and its answers.
async fn begin(shop: &Shop) -> (mpsc::Sender<Frame>, Body) {
    let (lines, body) = mpsc::channel::<Frame>(1);
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/events")
        .header("content-type", "application/x-ndjson")
        .header("authorization", shop.bearer())
        .body(Body::from_stream(ReceiverStream::new(body)))
        .unwrap();
    let answer = shop.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    (lines, answer.into_body())
}

async fn next(answer: &mut Body) -> Vec<Value> {
    let Some(frame) = answer.frame().await else { return Vec::new() };
    let text = frame.unwrap().into_data().unwrap();
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[tokio::test]
async fn each_line_is_answered_before_the_next_is_sent() {
    let shop = Shop::open().await;
    let (lines, mut answer) = begin(&shop).await;
    for number in 0..5 {
        lines.send(Ok(format!("{}\n", sale(number)))).await.unwrap();
        let answered = next(&mut answer).await;
        assert_eq!((answered.len(), answered[0]["seq"].as_u64()), (1, Some(number + 2)));
    }
    drop(lines);
    assert!(next(&mut answer).await.is_empty());
}

#[tokio::test]
async fn a_connection_that_breaks_keeps_the_lines_before_and_not_the_one_it_breaks_in() {
    let shop = Shop::open().await;
    let (lines, mut answer) = begin(&shop).await;
    let half = sale(1).to_string();
    lines.send(Ok(format!("{}\n{}", sale(0), &half[..half.len() / 2]))).await.unwrap();
    lines.send(Err(std::io::Error::other("reset"))).await.unwrap();
    assert_eq!(next(&mut answer).await[0]["seq"], 2);
    assert_eq!(next(&mut answer).await[0]["problem"]["code"], "REQUEST_TIMEOUT");
    assert_eq!(shop.node.log().head().marks.durable, Seq(2));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_its_lines_with_it() {
    let shop = Shop::open().await;
    let (lines, answer) = begin(&shop).await;
    lines.send(Ok(format!("{}\n", sale(0)))).await.unwrap();
    drop(answer);
    let mut heads = shop.node.log().watch();
    heads.wait_for(|head| head.marks.durable == Seq(2)).await.unwrap();
    drop(lines);
}

#[tokio::test]
async fn the_same_id_twice_in_a_stream_is_one_event_or_a_refusal() {
    let shop = Shop::open().await;
    let mut other = sale(0);
    other["entity_id"] = "another".into();
    let text = format!("{}\n{}\n{}\n{}\n", sale(0), sale(0), other, sale(1));
    let reply = shop.send("POST", "/api/v1/events", "application/x-ndjson", text).await;
    let lines: Vec<Value> = reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = lines.iter().map(|line| (line["seq"].as_u64(), line["duplicate"].as_bool())).collect();
    assert_eq!(said, [(Some(2), Some(false)), (Some(2), Some(true)), (None, None), (Some(3), Some(false))]);
    assert_eq!(lines[2]["problem"]["code"], "EVENT_ID_REUSED");
}

#[tokio::test]
async fn many_lines_are_in_the_log_in_their_order() {
    let shop = Shop::open().await;
    let text: String = (0..2_500).map(|number| format!("{}\n", sale(number))).collect();
    let reply = shop.send("POST", "/api/v1/events", "application/x-ndjson", text).await;
    let seqs: Vec<u64> = reply
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (2..2_502).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_falls_silent_is_not_waited_for_for_ever() {
    let shop = Shop::open().await;
    let (lines, mut answer) = begin(&shop).await;
    lines.send(Ok("\n".to_owned())).await.unwrap();
    assert_eq!(next(&mut answer).await[0]["problem"]["code"], "REQUEST_TIMEOUT");
    assert!(next(&mut answer).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_ends_the_streams_that_would_never_end() {
    let shop = Shop::open().await;
    let request = Request::get("/api/v1/stream").header("authorization", shop.bearer()).body(Body::empty()).unwrap();
    let mut stream = shop.router.clone().oneshot(request).await.unwrap().into_body();
    assert!(stream.frame().await.is_some(), "the present state");
    shop.node.end_waits();
    assert!(stream.frame().await.is_none());
}
