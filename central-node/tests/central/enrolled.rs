//! Helpers: a clock that a test moves, and what the log says of changed identities.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use comptoir_central::Clock;
use comptoir_core::time::Timestamp;
use comptoir_test_support::TestTenant;
pub(crate) use comptoir_test_support::{
    PASSWORD, Person, TestDevice, access, at_site, device_row, enrolled, enrolment_code, person, revoke, send,
};
use serde_json::Value;

pub(crate) const MINUTE: i64 = 60 * 1_000_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct MovedClock(Arc<AtomicI64>);

impl MovedClock {
    pub(crate) fn new() -> MovedClock {
        MovedClock(Arc::new(AtomicI64::new(1_800_000_000_000_000)))
    }

    pub(crate) fn forward(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn clock(&self) -> Clock {
        let at = Arc::clone(&self.0);
        Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))
    }
}

/// The events of changed identities, as (entity type, entity id, change).
pub(crate) async fn changes(company: &TestTenant<'_>) -> Vec<(String, String, String)> {
    let page = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let events = page["events"].as_array().unwrap().iter().filter(|event| event["action"] == "IDENTITY_CHANGED");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events
        .map(|event| (text(&event["entity_type"]), text(&event["entity_id"]), text(&event["payload"]["change"])))
        .collect()
}

/// How many security events have this kind, or this reason.
pub(crate) async fn signals(company: &TestTenant<'_>, code: &str) -> usize {
    let page = company.get("/api/v1/events?limit=1000").await.assert_ok();
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["payload"]["kind"] == code || event["payload"]["details"]["reason"] == code)
        .count()
}
