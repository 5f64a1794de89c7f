//! Splits a body into numbered lines. A line over its limit is skipped without being buffered; a body that breaks off invalidates
//! only its last line.

use axum::body::{Body, Bytes};
use comptoir_core::limits::NDJSON_LINE_BYTES_MAX;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use uuid::Uuid;

use super::body::{BODY_TIMEOUT, timed_out};

/// A line that is not blank.
pub(super) struct NdjsonLine {
    /// From 1, blank lines counted too.
    pub(super) number: u64,
    /// Its text, or why it was refused.
    pub(super) text: Result<Vec<u8>, RefusedLine>,
}

/// Why a line was refused.
pub(super) struct RefusedLine {
    pub(super) id: Option<Uuid>,
    pub(super) problem: Box<Problem>,
}

impl From<Problem> for RefusedLine {
    fn from(problem: Problem) -> RefusedLine {
        RefusedLine { id: None, problem: Box::new(problem) }
    }
}

/// Reads a body line by line.
pub(super) struct NdjsonLines {
    body: Body,
    /// Read and not yet returned.
    frame: Bytes,
    /// The incomplete line that the next frame continues.
    begun: Vec<u8>,
    /// The line is over its limit; its bytes are dropped.
    too_long: bool,
    number: u64,
    end: End,
}

enum End {
    NotYet,
    /// The body ended or broke off; its last line is still to be returned.
    LastLine(Option<Problem>),
    Done,
}

impl NdjsonLines {
    pub(super) fn new(body: Body) -> NdjsonLines {
        NdjsonLines { body, frame: Bytes::new(), begun: Vec::new(), too_long: false, number: 0, end: End::NotYet }
    }

    /// The next line that is buffered.
    pub(super) fn next_buffered(&mut self) -> Option<NdjsonLine> {
        loop {
            let line = match self.frame.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    let piece = self.frame.split_to(at + 1);
                    self.begin(&piece[..at]);
                    self.finish(None)
                }
                None => {
                    let piece = std::mem::take(&mut self.frame);
                    self.begin(&piece);
                    match std::mem::replace(&mut self.end, End::Done) {
                        End::NotYet => {
                            self.end = End::NotYet;
                            return None;
                        }
                        End::LastLine(broken) => self.finish(broken),
                        End::Done => return None,
                    }
                }
            };
            if line.is_some() {
                return line;
            }
        }
    }

    /// Whether all lines were returned.
    pub(super) fn ended(&self) -> bool {
        matches!(self.end, End::Done)
    }

    /// Reads more of the body. Cancel-safe.
    pub(super) async fn fill(&mut self) {
        match timeout(BODY_TIMEOUT, self.body.frame()).await {
            Ok(Some(Ok(frame))) => self.frame = frame.into_data().unwrap_or_default(),
            Ok(None) => self.end = End::LastLine(None),
            Ok(Some(Err(error))) => {
                let problem =
                    Problem::new(ErrorCode::MalformedBody, format!("the stream broke off in this line: {error}"));
                self.end = End::LastLine(Some(problem));
            }
            Err(_) => self.end = End::LastLine(Some(timed_out())),
        }
    }

    fn begin(&mut self, piece: &[u8]) {
        self.too_long |= self.begun.len() + piece.len() > NDJSON_LINE_BYTES_MAX;
        if self.too_long {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(piece);
        }
    }

    /// Ends the current line; `None` if it is blank.
    fn finish(&mut self, broken: Option<Problem>) -> Option<NdjsonLine> {
        self.number += 1;
        let (number, text) = (self.number, std::mem::take(&mut self.begun));
        if std::mem::take(&mut self.too_long) {
            let problem =
                Problem::new(ErrorCode::TooLarge, format!("a line has at most {NDJSON_LINE_BYTES_MAX} bytes"));
            return Some(NdjsonLine { number, text: Err(problem.into()) });
        }
        match broken {
            // The body broke off between two lines: only a caller that is still connected needs an answer.
            Some(problem) if !text.is_empty() || problem.retryable => {
                Some(NdjsonLine { number, text: Err(problem.into()) })
            }
            _ if text.trim_ascii().is_empty() => None,
            _ => Some(NdjsonLine { number, text: Ok(text) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits the text into frames of a length and describes each line.
    async fn lines(text: &str, frame_bytes: usize) -> Vec<String> {
        let frames: Vec<_> =
            text.as_bytes().chunks(frame_bytes).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        read(Body::from_stream(tokio_stream::iter(frames))).await
    }

    async fn read(body: Body) -> Vec<String> {
        let mut lines = NdjsonLines::new(body);
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
        assert_eq!(read(broken("one\ntwo")).await, ["1 one", "2 MALFORMED_BODY"]);
        assert_eq!(read(broken("one\ntwo\n")).await, ["1 one", "2 two"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_caller_gets_a_timeout() {
        let silent = tokio_stream::StreamExt::chain(
            tokio_stream::iter([Ok::<_, std::io::Error>("one\n")]),
            tokio_stream::pending(),
        );
        assert_eq!(read(Body::from_stream(silent)).await, ["1 one", "2 REQUEST_TIMEOUT"]);
    }
}
