//! Bounds the bytes of drafts that wait for the writer. The channel bounds the number of callers, and a caller may send a
//! megabyte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use comptoir_core::event::Draft;

/// Payload bytes that may wait: a second's work on a slow disk.
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<AtomicUsize>);

/// Room in the queue, released when dropped.
pub(crate) struct Room {
    bytes: usize,
    queue: Queue,
}

impl Queue {
    /// Reserves room for drafts; `None` if too much waits. A single request always fits in an empty queue.
    pub(crate) fn reserve(&self, drafts: &[Draft]) -> Option<Room> {
        let bytes = drafts.iter().map(|draft| draft.content.payload.len()).sum();
        let room = Room { bytes, queue: self.clone() };
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        (before == 0 || before + bytes <= WAITING_BYTES_MAX).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.queue.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::harness::draft_of;
    use super::*;

    #[test]
    fn what_waits_is_bounded_in_bytes_and_room_comes_back() {
        let queue = Queue::default();
        let large = [draft_of(1, vec![b' '; WAITING_BYTES_MAX])];
        let small = [draft_of(2, vec![b' '; 1])];
        let room = queue.reserve(&large);
        assert!(room.is_some() && queue.reserve(&small).is_none());
        drop(room);
        let rooms = (queue.reserve(&small), queue.reserve(&small));
        assert!(rooms.0.is_some() && rooms.1.is_some() && queue.reserve(&large).is_none());
    }
}
