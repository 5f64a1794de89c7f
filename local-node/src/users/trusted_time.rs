//! The time by which sessions, locks and the offline limits are counted: the highest time ever seen, moved on by the steady
//! clock. Setting the machine's clock back moves nothing back. The log's own clock state ([ADR
//! 19](../../../docs/adr/0019-nodes-record-clock-changes.md)) serves another purpose: a measurement against central may correct
//! it backwards.
//!
//! The row has the time, and the steady clock's reading at it, so that a restart of the process within one run of the machine
//! loses nothing. While the machine is off, only its wall clock can tell how long.

use std::sync::{Mutex, PoisonError};

use comptoir_core::time::Timestamp;

use crate::event_log::{AppendError, Environment, KeyChange, KeySpace, Log, Steady};

/// See the module.
pub(crate) struct TrustedTime {
    log: Log,
    environment: Environment,
    last: Mutex<Reading>,
}

#[derive(Clone, Copy)]
struct Reading {
    at: i64,
    steady: Option<Steady>,
}

impl TrustedTime {
    /// From the highest time in the log.
    pub(crate) fn open(log: Log, environment: Environment) -> TrustedTime {
        let stored = log.get(KeySpace::TrustedTime, &[]).ok().flatten().and_then(|bytes| Reading::decode(&bytes));
        let latest = log.latest_time().map_or(i64::MIN, |latest| latest.0);
        let stored = stored.unwrap_or(Reading { at: i64::MIN, steady: None });
        let last = Mutex::new(Reading { at: stored.at.max(latest), ..stored });
        TrustedTime { log, environment, last }
    }

    /// The time that counts.
    pub(crate) fn now(&self) -> Timestamp {
        let (wall, steady) = (self.environment.now(), self.environment.steady.as_ref().map(|steady| steady()));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = match (last.steady, steady) {
            (Some(before), Some(now)) if before.boot == now.boot => now.micros.saturating_sub(before.micros).max(0),
            _ => 0,
        };
        *last = Reading { at: wall.0.max(last.at.saturating_add(passed)), steady };
        Timestamp(last.at)
    }

    /// Makes the present time durable.
    pub(crate) async fn store(&self) -> Result<(), AppendError> {
        self.now();
        let value = self.last.lock().unwrap_or_else(PoisonError::into_inner).encode();
        self.log.put(vec![vec![KeyChange::set(KeySpace::TrustedTime, Vec::new(), value)]]).await
    }
}

impl Reading {
    /// at i64, and with a steady clock: boot id 16, micros i64.
    fn encode(self) -> Vec<u8> {
        let mut bytes = self.at.to_be_bytes().to_vec();
        if let Some(Steady { boot, micros }) = self.steady {
            bytes.extend_from_slice(&boot);
            bytes.extend_from_slice(&micros.to_be_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Reading> {
        let (at, rest) = bytes.split_first_chunk()?;
        let steady = rest.split_first_chunk::<16>().and_then(|(boot, micros)| {
            Some(Steady { boot: *boot, micros: i64::from_be_bytes(micros.try_into().ok()?) })
        });
        Some(Reading { at: i64::from_be_bytes(*at), steady })
    }
}
