//! The stream of a bootstrap: zstd, then lines of JSON, read one by one.

use std::collections::VecDeque;

use comptoir_proto::pull_v1::BootstrapLine;
use futures_util::StreamExt as _;
use zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::push::PushFailure;
use super::transport::ByteStream;

/// Bytes of a line: a row that fits a batch of the log, escaped.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// log2 of the memory that a stream may make the decoder use.
const WINDOW_LOG_MAX: u32 = 24;
const OUTPUT_BYTES: usize = 128 * 1024;

/// The lines of a bootstrap.
pub(crate) struct BootstrapLines {
    stream: ByteStream,
    decoder: Decoder<'static>,
    output: Vec<u8>,
    open: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
}

impl BootstrapLines {
    pub(crate) fn new(stream: ByteStream) -> Result<BootstrapLines, PushFailure> {
        let mut decoder = Decoder::new().map_err(|error| misfit(&error))?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).map_err(|error| misfit(&error))?;
        Ok(BootstrapLines { stream, decoder, output: vec![0; OUTPUT_BYTES], open: Vec::new(), ready: VecDeque::new() })
    }

    /// The next line; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<BootstrapLine>, PushFailure> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return serde_json::from_slice(&line).map(Some).map_err(|error| misfit(&error));
            }
            match self.stream.next().await {
                Some(Ok(bytes)) => self.feed(&bytes)?,
                Some(Err(broken)) => return Err(broken.into()),
                None => return Ok(None),
            }
        }
    }

    fn feed(&mut self, mut input: &[u8]) -> Result<(), PushFailure> {
        loop {
            let done = self.decoder.run_on_buffers(input, &mut self.output).map_err(|error| misfit(&error))?;
            input = &input[done.bytes_read..];
            for piece in self.output[..done.bytes_written].split_inclusive(|byte| *byte == b'\n') {
                self.open.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    self.ready.push_back(std::mem::take(&mut self.open));
                }
            }
            if self.open.len() > LINE_BYTES_MAX {
                return Err(PushFailure::Misfit(format!("a line has more than {LINE_BYTES_MAX} bytes")));
            }
            if input.is_empty() && done.bytes_written < self.output.len() {
                return Ok(());
            }
        }
    }
}

fn misfit(error: &dyn std::error::Error) -> PushFailure {
    PushFailure::Misfit(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    use crate::sync_agent::transport::Unanswered;

    fn lines(pieces: Vec<Result<Bytes, Unanswered>>) -> BootstrapLines {
        BootstrapLines::new(Box::pin(tokio_stream::iter(pieces))).unwrap()
    }

    fn frame(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 3).unwrap()
    }

    #[tokio::test]
    async fn lines_come_out_of_any_pieces_and_of_several_frames() {
        let whole = [frame("{\"mark\":\"a\"}\n{\"ma"), frame("rk\":\"b\"}\n{\"end\":{\"cursor\":\"c\"}}\n")].concat();
        for size in [1, 7, whole.len()] {
            let pieces = whole.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece)));
            let mut lines = lines(pieces.collect());
            assert!(matches!(lines.next().await, Ok(Some(BootstrapLine::Mark(mark))) if mark == "a"));
            assert!(matches!(lines.next().await, Ok(Some(BootstrapLine::Mark(mark))) if mark == "b"));
            assert!(matches!(lines.next().await, Ok(Some(BootstrapLine::End { cursor })) if cursor == "c"));
            assert!(matches!(lines.next().await, Ok(None)));
        }
    }

    #[tokio::test]
    async fn a_foreign_stream_is_refused_and_uses_no_memory() {
        let mut plain = lines(vec![Ok(Bytes::from_static(b"<html>a hotel's login page</html>"))]);
        assert!(matches!(plain.next().await, Err(PushFailure::Misfit(_))));
        let mut endless = lines(vec![Ok(frame(&" ".repeat(2 * LINE_BYTES_MAX)).into())]);
        assert!(matches!(endless.next().await, Err(PushFailure::Misfit(_))));
        let mut cut = lines(vec![Err(Unanswered::Timeout)]);
        assert!(matches!(cut.next().await, Err(PushFailure::Unanswered(Unanswered::Timeout))));
    }
}
