//! NDJSON: a draft per line, an answer per line, in the same order.
//!
//! Lines count from 1, blank ones included. A line over its limit is skipped without being stored. The last line needs no line
//! feed. A body that breaks off affects only the line it breaks off in. An idle caller gets one last answer.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use comptoir_core::limits::NDJSON_LINE_BYTES_MAX;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use http_body_util::BodyExt as _;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use crate::broken_body::broken;

/// The media type.
pub const NDJSON: &str = "application/x-ndjson";

/// A line that is no draft.
#[derive(Debug)]
pub struct RefusedLine {
    /// The draft's id, where it could be read.
    pub event_id: Option<Uuid>,
    /// What was wrong.
    pub problem: Box<Problem>,
}

impl From<Problem> for RefusedLine {
    fn from(problem: Problem) -> RefusedLine {
        RefusedLine { event_id: None, problem: Box::new(problem) }
    }
}

/// One line that is not blank.
#[derive(Debug)]
pub struct NdjsonLine {
    /// From 1, blank lines included.
    pub number: u64,
    /// Its text, or why there is none.
    pub text: Result<Vec<u8>, RefusedLine>,
}

/// Reads a body line by line.
pub struct NdjsonLines {
    body: Body,
    idle: Duration,
    /// Read and not yet cut into lines.
    frame: Bytes,
    /// The beginning of the line that the frame continues.
    partial: Vec<u8>,
    /// The partial line is over its limit; its bytes are not kept.
    too_long: bool,
    number: u64,
    end: End,
}

enum End {
    Open,
    Whole,
    /// The link failed. Between two lines only a caller that still listens has to know, and it does.
    Broken(Problem),
    /// Nothing came for too long. The caller still listens.
    Idle(Problem),
    /// All lines were given out.
    Done,
}

impl NdjsonLines {
    pub(crate) fn new(body: Body, idle: Duration) -> NdjsonLines {
        let (frame, partial) = (Bytes::new(), Vec::new());
        NdjsonLines { body, idle, frame, partial, too_long: false, number: 0, end: End::Open }
    }

    /// The next line, if it is here already.
    pub fn next_buffered(&mut self) -> Option<NdjsonLine> {
        loop {
            let line = match self.frame.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    let piece = self.frame.split_to(at + 1);
                    self.extend(&piece[..at]);
                    self.finish(None, false)
                }
                None => {
                    let piece = std::mem::take(&mut self.frame);
                    self.extend(&piece);
                    match std::mem::replace(&mut self.end, End::Done) {
                        End::Open => {
                            self.end = End::Open;
                            return None;
                        }
                        End::Whole => self.finish(None, false),
                        End::Broken(problem) => self.finish(Some(problem), false),
                        End::Idle(problem) => self.finish(Some(problem), true),
                        End::Done => return None,
                    }
                }
            };
            if line.is_some() {
                return line;
            }
        }
    }

    /// Whether all lines were given out.
    pub fn ended(&self) -> bool {
        matches!(self.end, End::Done)
    }

    /// Waits for more of the body. May be dropped and called again.
    pub async fn fill(&mut self) {
        match timeout(self.idle, self.body.frame()).await {
            Ok(Some(Ok(frame))) => self.frame = frame.into_data().unwrap_or_default(),
            Ok(None) => self.end = End::Whole,
            Ok(Some(Err(error))) => self.end = End::Broken(broken(&error, "the stream, in this line")),
            Err(_) => {
                let detail = format!("nothing more came for {} s", self.idle.as_secs());
                self.end = End::Idle(Problem::new(ErrorCode::RequestTimeout, detail));
            }
        }
    }

    fn extend(&mut self, piece: &[u8]) {
        self.too_long |= self.partial.len() + piece.len() > NDJSON_LINE_BYTES_MAX;
        if self.too_long {
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(piece);
        }
    }

    /// Ends the partial line; nothing where it is blank. `listening`: a failure is an answer even where no line has begun.
    fn finish(&mut self, failure: Option<Problem>, listening: bool) -> Option<NdjsonLine> {
        self.number += 1;
        let (number, text) = (self.number, std::mem::take(&mut self.partial));
        if std::mem::take(&mut self.too_long) {
            let detail = format!("a line has at most {NDJSON_LINE_BYTES_MAX} bytes");
            return Some(NdjsonLine { number, text: Err(Problem::new(ErrorCode::TooLarge, detail).into()) });
        }
        match failure {
            Some(problem) if listening || !text.is_empty() => Some(NdjsonLine { number, text: Err(problem.into()) }),
            _ if text.trim_ascii().is_empty() => None,
            _ => Some(NdjsonLine { number, text: Ok(text) }),
        }
    }
}

/// The caller no longer reads: nobody is left to answer.
#[derive(Debug)]
pub struct ClientGone;

/// The answers to lines, on their way to the caller. A caller that does not read them holds its stream up.
pub struct LineAnswers(mpsc::Sender<Result<Bytes, Infallible>>);

/// A response whose lines follow. `ahead` is how many calls of [`LineAnswers::send`] a slow reader may be behind.
pub fn line_answers(ahead: usize) -> (LineAnswers, Response) {
    let (answers, lines) = mpsc::channel(ahead);
    let body = Body::from_stream(ReceiverStream::new(lines));
    (LineAnswers(answers), ([(CONTENT_TYPE, NDJSON)], body).into_response())
}

impl LineAnswers {
    /// Sends results, one line each.
    pub async fn send<R: Serialize>(&self, results: &[R]) -> Result<(), ClientGone> {
        let mut text = Vec::with_capacity(results.len() * 160);
        for result in results {
            // A result is a map of texts and numbers, which always encodes.
            if serde_json::to_writer(&mut text, result).is_ok() {
                text.push(b'\n');
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        self.0.send(Ok(text.into())).await.map_err(|_| ClientGone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends the text in frames of that many bytes, and lists the lines.
    async fn lines(text: &str, frame_bytes: usize) -> Vec<String> {
        let frames: Vec<_> =
            text.as_bytes().chunks(frame_bytes).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        read(Body::from_stream(tokio_stream::iter(frames))).await
    }

    async fn read(body: Body) -> Vec<String> {
        let mut lines = NdjsonLines::new(body, Duration::from_secs(30));
        let mut found = Vec::new();
        loop {
            while let Some(NdjsonLine { number, text }) = lines.next_buffered() {
                found.push(match text {
                    Ok(text) => format!("{number} {}", String::from_utf8(text).unwrap()),
                    Err(refused) => format!("{number} {}", refused.problem.code),
                });
            }
            if lines.ended() {
                return found;
            }
            lines.fill().await;
        }
    }

    #[tokio::test]
    async fn lines_are_the_same_however_the_body_is_cut() {
        for frame_bytes in 1..12 {
            assert_eq!(lines("one\n\n  \ntwo\r\nthree", frame_bytes).await, ["1 one", "4 two\r", "5 three"]);
        }
        assert!(lines("", 1).await.is_empty());
    }

    #[tokio::test]
    async fn a_line_over_its_limit_is_refused_alone() {
        let text = format!("one\n{}\nthree\n", "x".repeat(NDJSON_LINE_BYTES_MAX + 1));
        assert_eq!(lines(&text, 8_192).await, ["1 one", "2 TOO_LARGE", "3 three"]);
        let exact = format!("{}\n", "x".repeat(NDJSON_LINE_BYTES_MAX));
        assert_eq!(lines(&exact, 8_192).await[0].len(), NDJSON_LINE_BYTES_MAX + 2);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_spoils_the_line_it_breaks_off_in() {
        let broken = |text: &str| {
            let frames = [Ok(text.to_owned()), Err(std::io::Error::other("reset"))];
            Body::from_stream(tokio_stream::iter(frames))
        };
        assert_eq!(read(broken("one\ntwo")).await, ["1 one", "2 REQUEST_TIMEOUT"]);
        assert_eq!(read(broken("one\ntwo\n")).await, ["1 one", "2 two"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_caller_gets_one_last_answer() {
        let silent = tokio_stream::StreamExt::chain(
            tokio_stream::iter([Ok::<_, std::io::Error>("one\n")]),
            tokio_stream::pending(),
        );
        assert_eq!(read(Body::from_stream(silent)).await, ["1 one", "2 REQUEST_TIMEOUT"]);
    }

    #[tokio::test]
    async fn each_result_is_a_line_until_the_caller_is_gone() {
        let (answers, response) = line_answers(1);
        answers.send::<u8>(&[]).await.expect("nothing to send waits for nobody");
        answers.send(&["one", "two"]).await.expect("the caller listens");
        assert_eq!(response.headers()[CONTENT_TYPE], NDJSON);
        let mut body = response.into_body();
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame, "\"one\"\n\"two\"\n");
        drop(body);
        assert!(answers.send(&["three"]).await.is_err());
    }
}
