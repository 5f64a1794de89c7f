use std::ops::ControlFlow;

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::stored_v1;

use super::directory::Identity;
use super::finding::Finding;
use super::keys::{self, RecordKind};
use super::page::{PageError, RecordPage};
use super::store::{Store, StoreError};

/// Calls `visit` with every page of an epoch from the one that has `from` (or the next) to the end.
pub(crate) fn pages(
    store: &dyn Store,
    epoch: u32,
    from: Seq,
    mut visit: impl FnMut(Result<RecordPage, PageError>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    bodies(store, RecordKind::Page, epoch, from, |first, body| visit(RecordPage::read(first, &body)))
}

/// The page that holds a seq, or the last one before it.
pub(crate) fn page_at(
    store: &dyn Store,
    epoch: u32,
    seq: Seq,
) -> Result<Option<Result<RecordPage, PageError>>, StoreError> {
    let mut found = None;
    bodies(store, RecordKind::Page, epoch, seq, |first, body| {
        if first <= seq {
            found = Some(RecordPage::read(first, &body));
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
) -> Result<Option<Result<RecordPage, PageError>>, StoreError> {
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

/// Calls `visit` with each body of a kind that is stored in parts, from the one that begins at or before `from`.
pub(crate) fn bodies(
    store: &dyn Store,
    kind: RecordKind,
    epoch: u32,
    from: Seq,
    mut visit: impl FnMut(Seq, Vec<u8>) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let lowest = keys::part(kind, epoch, Seq::ZERO, 0);
    let before = store.last(&lowest, &keys::part(kind, epoch, from, u16::MAX))?;
    let start = before.and_then(|(key, _)| keys::part_in(&key)).map_or(from, |(first, _)| first);
    let end = keys::part(kind, epoch, Seq(u64::MAX), u16::MAX);
    let mut open: Option<Assembled> = None;
    let mut ended = ControlFlow::Continue(());
    let scanned = store.scan(&keys::part(kind, epoch, start, 0), &end, &mut |key, value| {
        // An unreadable key is damage of the disk: a reader that follows the seqs misses its content.
        let Some((first, part)) = keys::part_in(key) else { return ended };
        match &mut open {
            Some(body) if body.first == first => body.add(part, value),
            _ => {
                let mut next = Assembled { first, parts: 0, whole: true, bytes: Vec::new() };
                next.add(part, value);
                if let Some(body) = open.replace(next) {
                    ended = visit(body.first, body.bytes);
                }
            }
        }
        ended
    });
    // Data read before the store failed is still passed on; the error then names what is missing.
    if let (Some(body), ControlFlow::Continue(())) = (open, ended) {
        let _at_the_end_anyway = visit(body.first, body.bytes);
    }
    scanned
}

/// The contiguous parts of one body. Parts after a missing part are dropped, so that the body does not read, instead of reading
/// as something that was never written.
struct Assembled {
    first: Seq,
    parts: u16,
    whole: bool,
    bytes: Vec<u8>,
}

impl Assembled {
    fn add(&mut self, part: u16, value: &[u8]) {
        self.whole &= part == self.parts;
        if self.whole {
            self.bytes.extend_from_slice(value);
            self.parts += 1;
        }
    }
}

/// The finding for records that are missing without an error of the store.
pub(crate) const ENDED: &str = "reading in order ended before them";

/// The records from a seq to an epoch's end that a forward walk did not reach and a backward walk cannot read either.
pub(crate) fn missing(store: &dyn Store, epoch: u32, after: Seq, end: Seq, why: &dyn ToString) -> Finding {
    let mut last = end;
    while last > after {
        match page_at(store, epoch, last) {
            Ok(Some(Ok(page))) if page.first > after.next() && page.last() >= last => last = Seq(page.first.0 - 1),
            _ => break,
        }
    }
    Finding::Missing { epoch, first: after.next(), last, why: why.to_string() }
}

/// Follows the chain of one epoch, page by page.
pub(crate) struct Follower {
    identity: Identity,
    pub(crate) epoch: Epoch,
    /// The last record that was followed.
    pub(crate) seq: Seq,
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
    pub(crate) fn follow(&mut self, page: Result<RecordPage, PageError>) -> Result<(), Finding> {
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
