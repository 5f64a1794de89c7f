//! Walking over an epoch's pages, and following its chain.

use std::ops::ControlFlow;

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::stored_v1;

use super::directory::Identity;
use super::finding::Finding;
use super::keys::{self, Kind};
use super::page::{Page, PageError};
use super::store::{Store, StoreError};

/// Calls `visit` with every page of an epoch from the one that holds `from`, or follows it, to the end.
pub(crate) fn pages(
    store: &dyn Store,
    epoch: u32,
    from: Seq,
    mut visit: impl FnMut(Result<Page, PageError>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    bodies(store, Kind::Page, epoch, from, |first, body| visit(Page::read(first, &body)))
}

/// The page that holds a seq, or the last one before it.
pub(crate) fn page_at(store: &dyn Store, epoch: u32, seq: Seq) -> Result<Option<Result<Page, PageError>>, StoreError> {
    let mut found = None;
    bodies(store, Kind::Page, epoch, seq, |first, body| {
        if first <= seq {
            found = Some(Page::read(first, &body));
        }
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// The first page that ends at or after a seq.
pub(crate) fn next_page(
    store: &dyn Store,
    epoch: u32,
    from: Seq,
) -> Result<Option<Result<Page, PageError>>, StoreError> {
    let mut found = None;
    pages(store, epoch, from, |page| {
        if page.as_ref().is_ok_and(|page| page.last() < from) {
            return ControlFlow::Continue(());
        }
        found = Some(page);
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Calls `visit` with the whole bodies of a kind that is stored in parts, from the one that begins at or before `from`.
pub(crate) fn bodies(
    store: &dyn Store,
    kind: Kind,
    epoch: u32,
    from: Seq,
    mut visit: impl FnMut(Seq, Vec<u8>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let lowest = keys::part(kind, epoch, Seq::ZERO, 0);
    let before = store.last(&lowest, &keys::part(kind, epoch, from, u16::MAX))?;
    let start = before.and_then(|(key, _)| keys::part_in(&key)).map_or(from, |(first, _)| first);
    let end = keys::part(kind, epoch, Seq(u64::MAX), u16::MAX);
    let mut open: Option<(Seq, Vec<u8>)> = None;
    let mut ended = ControlFlow::Continue(());
    store.scan(&keys::part(kind, epoch, start, 0), &end, &mut |key, value| {
        // A key that does not read is damage of the disk: what stood under it is missed by whoever follows the seqs.
        let Some((first, _)) = keys::part_in(key) else { return ended };
        match &mut open {
            Some((begun, body)) if *begun == first => body.extend_from_slice(value),
            _ => {
                if let Some((begun, body)) = open.replace((first, value.to_vec())) {
                    ended = visit(begun, body);
                }
            }
        }
        ended
    })?;
    if let (Some((first, body)), ControlFlow::Continue(())) = (open, ended) {
        let _at_the_end_anyway = visit(first, body);
    }
    Ok(())
}

/// Follows the chain of one epoch, page by page.
pub(crate) struct Follower {
    identity: Identity,
    pub(crate) epoch: Epoch,
    /// The last record that was followed.
    pub(crate) seq: Seq,
    /// The chain after it.
    pub(crate) chain: ChainHash,
}

impl Follower {
    /// Before an epoch's first record.
    pub(crate) fn from_start(identity: Identity, epoch: Epoch) -> Follower {
        Follower { identity, epoch, seq: Seq::ZERO, chain: genesis(identity.tenant, identity.node, epoch) }
    }

    /// After a record whose chain is known.
    pub(crate) fn at(identity: Identity, epoch: Epoch, seq: Seq, chain: ChainHash) -> Follower {
        Follower { identity, epoch, seq, chain }
    }

    /// Checks that a page continues the chain, and that its records say so too.
    pub(crate) fn follow(&mut self, page: Result<Page, PageError>) -> Result<(), Finding> {
        let epoch = self.epoch.number;
        let page = page.map_err(|error| Finding::page(epoch, error))?;
        if page.first != self.seq.next() {
            return Err(Finding::Gap { epoch, expected: self.seq.next(), found: page.first });
        }
        if page.previous != self.chain {
            return Err(Finding::Chain { epoch, seq: self.seq, expected: page.previous, found: self.chain });
        }
        for (seq, _, record) in page.numbered() {
            self.check_header(seq, record)?;
        }
        (self.seq, self.chain) = (page.last(), page.chain());
        Ok(())
    }

    fn check_header(&self, seq: Seq, record: &[u8]) -> Result<(), Finding> {
        let epoch = self.epoch.number;
        let unreadable = |error: stored_v1::DecodeError| Finding::Unreadable { epoch, seq, found: error.to_string() };
        let header = stored_v1::header(record).map_err(unreadable)?;
        let fits = |same: bool, field, expected: String, found: String| {
            if same { Ok(()) } else { Err(Finding::Misplaced { epoch, seq, field, expected, found }) }
        };
        let (tenant, node) = (self.identity.tenant, self.identity.node);
        fits(header.tenant == tenant, "tenant", tenant.to_string(), header.tenant.to_string())?;
        fits(header.node == node, "node", node.to_string(), header.node.to_string())?;
        fits(header.epoch == self.epoch, "epoch", format!("{:?}", self.epoch), format!("{:?}", header.epoch))?;
        fits(header.seq == seq, "seq", seq.to_string(), header.seq.to_string())
    }
}
