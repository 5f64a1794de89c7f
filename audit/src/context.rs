use std::collections::BTreeSet;

use comptoir_core::chain::ChainHash;
use comptoir_proto::bundle_v1::Frame;

use crate::finding::Level;
use crate::ids::IdHashes;
use crate::links::Pool;

/// What reading in order shares with the checks of links, bodies and ids.
pub(crate) struct VerifyContext<'a> {
    pub(crate) level: Level,
    pub(crate) pool: Pool<'a>,
    pub(crate) ids: &'a mut IdHashes,
    /// Known heads that the log has not shown so far.
    pub(crate) unseen: BTreeSet<ChainHash>,
}

impl VerifyContext<'_> {
    /// Removes the known heads that a frame shows.
    pub(crate) fn see(&mut self, frame: &Frame<'_>) {
        match frame {
            _ if self.unseen.is_empty() => {}
            Frame::Epoch(start) => {
                self.unseen.remove(&start.chain);
            }
            Frame::Record { chain, .. } => {
                self.unseen.remove(chain);
            }
            Frame::Entry(entry) => {
                self.unseen.remove(&entry.chain);
                self.unseen.remove(&entry.decision_chain);
            }
            Frame::Answer(_) | Frame::Head(_) => {}
        }
    }
}
