//! Changes of a node's clock, as the payload of a record and as an entry of a push.

use comptoir_core::clock::{ClockChange, ClockMark};
use comptoir_core::event::Event;
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::instant;
use crate::openapi::words;

/// The action of such a record. Its entity type is `NODE`; only a node's log writes it.
pub const CLOCK_CHANGED: &str = "CLOCK_CHANGED";

/// The payload of `CLOCK_CHANGED`, version 1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockChangeDto {
    /// The kind of change.
    pub change: ClockChangeKind,
    /// What the node's clock shows.
    #[schemars(with = "words::Instant")]
    pub clock: String,
    /// `started`: the latest time that the log had seen; `stepped`: what the clock would show without the step; `measured`:
    /// central's time.
    #[schemars(with = "words::Instant")]
    pub compared_with: String,
}

/// What happened to a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockChangeKind {
    /// The machine started.
    Started,
    /// The clock was set.
    Stepped,
    /// Central's clock was compared with it.
    Measured,
}

impl ClockChangeDto {
    /// Builds the payload of a change. `clock` is what the node's clock shows after it.
    pub fn new(change: ClockChange, clock: Timestamp) -> ClockChangeDto {
        let (change, compared_with) = match change {
            ClockChange::Started { highest, .. } => (ClockChangeKind::Started, highest),
            ClockChange::Stepped { micros } => (ClockChangeKind::Stepped, clock.shifted(micros.saturating_neg())),
            ClockChange::Measured { offset_micros } => {
                (ClockChangeKind::Measured, clock.shifted(offset_micros.saturating_neg()))
            }
        };
        ClockChangeDto { change, clock: instant::format(clock), compared_with: instant::format(compared_with) }
    }

    /// Parses a change; `None` if a time is not an instant.
    pub fn read(&self) -> Option<ClockChange> {
        let (clock, compared_with) = (instant::parse(&self.clock)?, instant::parse(&self.compared_with)?);
        // Both are within the years 1 to 9999, so that their difference fits.
        let difference = clock.0 - compared_with.0;
        Some(match self.change {
            ClockChangeKind::Started => ClockChange::Started { now: clock, highest: compared_with },
            ClockChangeKind::Stepped => ClockChange::Stepped { micros: difference },
            ClockChangeKind::Measured => ClockChange::Measured { offset_micros: difference },
        })
    }
}

/// A change with its place in the node's epoch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ClockMark")]
pub struct ClockMarkDto {
    /// Seq of the record that seals it; 0 if the record is in an earlier epoch.
    pub seq: u64,
    /// The change that the record seals.
    #[serde(flatten)]
    pub change: ClockChangeDto,
}

impl ClockMarkDto {
    /// Parses a mark; `None` if a time is not an instant.
    pub fn read(&self) -> Option<ClockMark> {
        Some(ClockMark { seq: Seq(self.seq), change: self.change.read()? })
    }
}

/// The clock change that an event contains, if any.
pub fn sealed_in(event: &Event) -> Option<ClockChangeDto> {
    if event.content.action.as_str() != CLOCK_CHANGED {
        return None;
    }
    serde_json::from_slice(&event.content.payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_reads_back_as_it_was_written() {
        let clock = instant::parse("2026-11-30T10:00:00.25Z").unwrap();
        let highest = instant::parse("2026-11-29T18:00:00Z").unwrap();
        for change in [
            ClockChange::Started { now: clock, highest },
            ClockChange::Stepped { micros: -864_000_000_001 },
            ClockChange::Measured { offset_micros: 1_796_032_800_250_000 },
        ] {
            let dto = ClockChangeDto::new(change, clock);
            assert_eq!(dto.read(), Some(change), "{dto:?}");
            let mark = ClockMarkDto { seq: 7, change: dto };
            let json = serde_json::to_string(&mark).unwrap();
            assert_eq!(serde_json::from_str::<ClockMarkDto>(&json).unwrap(), mark);
        }
    }
}
