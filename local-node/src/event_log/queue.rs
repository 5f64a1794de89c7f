//! How many bytes of drafts may wait for the writer. The channel bounds how many callers wait; a caller may bring a megabyte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use comptoir_core::event::Draft;

/// Payload bytes that may wait: a second's work on a slow disk.
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The bytes that wait.
#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<AtomicUsize>);

/// Room in the queue, given back when dropped.
pub(crate) struct Room {
    bytes: usize,
    queue: Queue,
}

impl Queue {
    /// Room for some drafts; `None` where too much waits already. What comes alone always fits.
    pub(crate) fn take(&self, drafts: &[Draft]) -> Option<Room> {
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
        let room = queue.take(&large);
        assert!(room.is_some() && queue.take(&small).is_none());
        drop(room);
        let rooms = (queue.take(&small), queue.take(&small));
        assert!(rooms.0.is_some() && rooms.1.is_some() && queue.take(&large).is_none());
    }
}
