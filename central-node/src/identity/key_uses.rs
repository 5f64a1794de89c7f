//! When each key was last used, and whether two node processes use one key.
//!
//! A node's agent names its process in each request, by an id that is random at every start. A node that is restarted changes
//! from one id to the next and never returns to an earlier one. A key whose requests return to an earlier process is used by two
//! that run at the same time: a cloned disk, or a stolen key. Requests without an id count as one process, so a thief who calls
//! with another program is noticed by the node's next request. Network addresses play no part: behind a mobile line or a proxy
//! they change for honest nodes.
//!
//! The state is in memory. With several central processes each sees a part of the requests, and a restart forgets, which delays
//! an alarm and never makes a false one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use comptoir_core::time::Timestamp;
use uuid::Uuid;

/// The last use is stored at most once in this time.
const STORE_MICROS: i64 = 60_000_000;
/// Earlier processes of a key that are remembered: as many restarts as may lie between two requests of a second process.
const EARLIER_MAX: usize = 8;
/// Keys that are remembered. Over it, all are forgotten: each then costs one write, and the next request of both processes.
const KEYS_MAX: usize = 20_000;

/// What a request says about its process; `None` if it says nothing.
pub(crate) type NodeProcess = Option<Uuid>;

/// Two processes that use one key at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TwoProcesses {
    /// The process of this request, which has used the key before.
    pub(crate) returned: NodeProcess,
    /// The process that used it since.
    pub(crate) other: NodeProcess,
}

/// The uses of all keys, by their ids.
#[derive(Debug, Default)]
pub(crate) struct KeyUses(Mutex<HashMap<String, KeyUse>>);

#[derive(Debug, Default)]
struct KeyUse {
    stored_at: Option<Timestamp>,
    current: Option<NodeProcess>,
    earlier: Vec<NodeProcess>,
}

impl KeyUses {
    /// Notes a use. Returns whether it is to be stored.
    pub(crate) fn note(&self, key_id: &str, now: Timestamp) -> bool {
        self.with(key_id, |key| {
            let is_due = key.stored_at.is_none_or(|at| now.0.abs_diff(at.0) >= STORE_MICROS.unsigned_abs());
            if is_due {
                key.stored_at = Some(now);
            }
            is_due
        })
    }

    /// Notes a request of a node's agent.
    pub(crate) fn note_process(&self, key_id: &str, process: NodeProcess) -> Option<TwoProcesses> {
        self.with(key_id, |key| {
            let other = key.current.replace(process).filter(|current| *current != process)?;
            let has_returned = key.earlier.contains(&process);
            key.earlier.retain(|earlier| *earlier != process && *earlier != other);
            key.earlier.insert(0, other);
            key.earlier.truncate(EARLIER_MAX);
            has_returned.then_some(TwoProcesses { returned: process, other })
        })
    }

    fn with<T>(&self, key_id: &str, change: impl FnOnce(&mut KeyUse) -> T) -> T {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get_mut(key_id) {
            return change(key);
        }
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        change(keys.entry(key_id.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn process(number: u128) -> NodeProcess {
        Some(Uuid::from_u128(number))
    }

    fn alarms(requests: &[NodeProcess]) -> Vec<Option<TwoProcesses>> {
        let uses = KeyUses::default();
        requests.iter().map(|process| uses.note_process("k", *process)).collect()
    }

    /// 7: the last use is coarse.
    #[test]
    fn a_use_is_stored_once_a_minute_and_per_key() {
        let uses = KeyUses::default();
        let due: Vec<bool> = [0, 1, 59, 60, 61, 119, 120].map(|at| uses.note("k", Timestamp(at * SECOND))).to_vec();
        assert_eq!(due, [true, false, false, true, false, false, true]);
        assert!(uses.note("other", Timestamp(121 * SECOND)));
    }

    /// 7: no alarm for what an honest node does.
    #[test]
    fn a_node_that_is_restarted_any_number_of_times_is_no_alarm() {
        let requests: Vec<NodeProcess> = (0..50).flat_map(|start| [process(start), process(start)]).collect();
        assert!(alarms(&requests).iter().all(Option::is_none));
        assert!(alarms(&[None, None, process(1), process(1)]).iter().all(Option::is_none), "an upgraded agent");
    }

    /// 7: used from two nodes.
    #[test]
    fn a_process_that_returns_after_another_is_an_alarm() {
        let (original, copy) = (process(1), process(2));
        let two = |returned, other| Some(TwoProcesses { returned, other });
        let expected = [None, None, two(original, copy), None, two(copy, original)];
        assert_eq!(alarms(&[original, copy, original, original, copy]), expected);
        assert_eq!(alarms(&[original, None, original]), [None, None, two(original, None)], "another program");
        // The copy was restarted three times between two requests of the original.
        let requests = [original, copy, process(3), process(4), original];
        assert_eq!(alarms(&requests)[4], two(original, process(4)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let uses = KeyUses::default();
        for key in 0..KEYS_MAX * 2 + 1 {
            uses.note(&key.to_string(), Timestamp(0));
        }
        (0..1_000).for_each(|start| _ = uses.note_process("k", process(start)));
        let keys = uses.0.lock().unwrap();
        assert!(keys.len() <= KEYS_MAX);
        assert_eq!(keys["k"].earlier.len(), EARLIER_MAX);
    }
}
