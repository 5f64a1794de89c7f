//! Lists and single rows as the API shows them: central's rows with the pending events over them.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Mutex, PoisonError};

use comptoir_core::id::{Name, SiteId};
use comptoir_core::money;
use comptoir_core::position::Seq;
use comptoir_core::state::EntityKey;
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::RowKind;
use comptoir_proto::read_v1::{
    DeliveryRow, EntityRow, InvoiceRow, NodeRow, NodeStockRow, PendingEvent, RowList, StockRow, WaitingStock,
};
use comptoir_proto::{instant, payload};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::overlay::{self, Overlay, PendingOnRow};
use super::pending::{self, PendingIndex, PendingQuantities, Target};
use super::pull_progress::PullProgress;
use super::rows::{self, StoredRow};
use super::rulebook;
use crate::event_log::{KeySpace, Log, LogPosition, ReadError};

/// The entity type of stock rows.
const STOCK: &str = "STOCK";

pub(crate) struct ReadModels {
    log: Log,
    pending_index: Mutex<PendingIndex>,
}

/// The part of the sync state that read models need.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SyncProgress {
    pub(crate) sending: Option<(Seq, Seq)>,
    /// The time up to which this node has every change.
    pub(crate) pulled_at: Option<Timestamp>,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RowPage {
    pub(crate) limit: usize,
    pub(crate) after: Option<Vec<u8>>,
}

/// Called with each key of a list and central's row if there is one; `Break` ends the list.
type Add<'a> = &'a mut dyn FnMut(&[u8], Option<&[u8]>) -> ControlFlow<()>;

/// A shown row and its ETag.
pub(crate) struct Tagged<R> {
    pub(crate) row: R,
    pub(crate) tag: EditTag,
}

/// The version an editor saw: central's version, and the number and position of the pending events. It changes with each edit of
/// either side and never repeats with other content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EditTag {
    pub(crate) version: u64,
    over: Option<(usize, LogPosition)>,
}

impl std::fmt::Display for EditTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.over {
            None => write!(f, "\"{}\"", self.version),
            Some((count, last)) => write!(f, "\"{}+{count}.{}.{}\"", self.version, last.epoch, last.seq),
        }
    }
}

/// A row type of `read_v1`, as it is stored and shown.
pub(crate) trait RowType: DeserializeOwned + Clone {
    const KIND: RowKind;
    fn version(&self) -> u64;
    /// Whether lists leave the row out.
    fn is_hidden(&self) -> bool {
        false
    }
    /// Applies the pending events to the row.
    fn with(row: Option<Self>, target: &Target, over: &Overlay) -> Option<Self>;
}

impl RowType for EntityRow {
    const KIND: RowKind = RowKind::Entity;

    fn version(&self) -> u64 {
        self.version
    }

    fn is_hidden(&self) -> bool {
        self.deleted
    }

    fn with(row: Option<Self>, target: &Target, over: &Overlay) -> Option<Self> {
        let key = EntityKey { entity_type: target.entity_type.clone(), entity_id: target.entity_id.clone() };
        // If the events cannot be applied, central's row is shown.
        overlay::entity(row.clone(), &key, over).or(row)
    }
}

impl RowType for DeliveryRow {
    const KIND: RowKind = RowKind::Delivery;

    fn version(&self) -> u64 {
        self.version
    }

    fn with(row: Option<Self>, target: &Target, over: &Overlay) -> Option<Self> {
        overlay::delivery(row, &target.entity_id, over)
    }
}

impl RowType for InvoiceRow {
    const KIND: RowKind = RowKind::Invoice;

    fn version(&self) -> u64 {
        self.version
    }

    fn with(row: Option<Self>, target: &Target, over: &Overlay) -> Option<Self> {
        overlay::invoice(row, &target.entity_id, over)
    }
}

impl ReadModels {
    pub(crate) fn new(log: Log) -> ReadModels {
        ReadModels { log, pending_index: Mutex::default() }
    }

    /// One row; `None` if neither central nor this node knows it.
    pub(crate) fn one<R: RowType>(
        &self,
        target: &Target,
        line: SyncProgress,
    ) -> Result<Option<Tagged<NodeRow<R>>>, ReadError> {
        let over = self.up_to_date(|pending_index| pending_index.over(target).to_vec())?;
        let key = rows::key(R::KIND, target.entity_type.as_str(), target.entity_id.as_str(), None);
        let stored = self.log.get(KeySpace::Row, &key)?;
        self.shown(target, stored.as_deref(), &over, line)
    }

    /// Rows of one type that pass a filter, in the order of their ids' bytes.
    pub(crate) fn list<R: RowType>(
        &self,
        entity_type: &Name,
        page: &RowPage,
        line: SyncProgress,
        keep: impl Fn(&NodeRow<R>) -> bool,
    ) -> Result<RowList<NodeRow<R>>, ReadError> {
        let (from, to) = self.bounds(R::KIND, entity_type.as_str(), page);
        // Few ids have pending events. Those that central does not know are listed with the others.
        let local_keys: BTreeSet<Vec<u8>> = self.up_to_date(|pending_index| {
            let first = first_target(R::KIND, entity_type);
            let keys = pending_index
                .targets(&first)
                .map(|target| rows::key(R::KIND, target.entity_type.as_str(), target.entity_id.as_str(), None));
            keys.filter(|key| *key >= from).collect()
        })?;
        let (mut shown, mut failed, mut more) = (Vec::new(), None, false);
        let mut add = |key: &[u8], stored: Option<&[u8]>| -> ControlFlow<()> {
            match self.of_key::<R>(entity_type, key, stored, line) {
                Ok(Some(row)) if !row.row.is_hidden() && keep(&row) => {
                    if shown.len() == page.limit {
                        more = true;
                        return ControlFlow::Break(());
                    }
                    shown.push((key.to_vec(), row));
                    ControlFlow::Continue(())
                }
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        self.merge(&from, &to, local_keys, &mut add)?;
        if let Some(error) = failed {
            return Err(error);
        }
        let next_cursor = shown.last().filter(|_| more).map(|(key, _)| cursor(key));
        Ok(RowList { rows: shown.into_iter().map(|(_, row)| row).collect(), next_cursor })
    }

    /// Stock of one product or all, in the order of products and sites.
    pub(crate) fn stock(
        &self,
        page: &RowPage,
        line: SyncProgress,
        keep: impl Fn(&NodeStockRow) -> bool,
    ) -> Result<RowList<NodeStockRow>, ReadError> {
        let (from, to) = self.bounds(RowKind::Stock, STOCK, page);
        let site = self.log.identity().site;
        let (moving, from_central) =
            (self.up_to_date(|pending_index| pending_index.stock().clone())?, PullProgress::read(&self.log)?);
        let key = |product: &Name| rows::key(RowKind::Stock, STOCK, product.as_str(), Some(site.uuid()));
        let local_keys: BTreeSet<Vec<u8>> = moving.keys().map(key).filter(|key| *key >= from).collect();
        let (mut shown, mut more): (Vec<(Vec<u8>, NodeStockRow)>, bool) = (Vec::new(), false);
        let mut add = |key: &[u8], stored: Option<&[u8]>| -> ControlFlow<()> {
            let Some(row) = stock_row(key, stored, site, (&moving, &from_central), line).filter(|row| keep(row)) else {
                return ControlFlow::Continue(());
            };
            if shown.len() == page.limit {
                more = true;
                return ControlFlow::Break(());
            }
            shown.push((key.to_vec(), row));
            ControlFlow::Continue(())
        };
        self.merge(&from, &to, local_keys, &mut add)?;
        let next_cursor = shown.last().filter(|_| more).map(|(key, _)| cursor(key));
        Ok(RowList { rows: shown.into_iter().map(|(_, row)| row).collect(), next_cursor })
    }

    /// A tag that changes whenever a list with this sync progress might.
    pub(crate) fn list_tag(&self, line: SyncProgress) -> Result<String, ReadError> {
        let (head, progress) = (self.log.head(), PullProgress::read(&self.log)?);
        let text = format!("{progress:?} {line:?} {} {:?}", head.epoch.number, head.marks);
        Ok(format!("W/\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..16]))
    }

    /// Refreshes the pending index and reads from it.
    fn up_to_date<T>(&self, read: impl FnOnce(&PendingIndex) -> T) -> Result<T, ReadError> {
        let mut pending_index = self.pending_index.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = PullProgress::read(&self.log)?;
        if let Err(error) = pending_index.refresh(&self.log, &progress) {
            // A half-finished refresh must not be continued.
            *pending_index = PendingIndex::default();
            return Err(error);
        }
        Ok(read(&pending_index))
    }

    /// Calls `add` with each key of central's rows and of entities known only by pending events, in order, until `add`
    /// breaks.
    fn merge(&self, from: &[u8], to: &[u8], mut local_keys: BTreeSet<Vec<u8>>, add: Add<'_>) -> Result<(), ReadError> {
        let mut ended = ControlFlow::Continue(());
        self.log.scan(KeySpace::Row, from, to, &mut |key, stored| {
            while let Some(local) = local_keys.first().filter(|local| local.as_slice() < key).cloned() {
                local_keys.remove(&local);
                ended = add(&local, None);
                if ended.is_break() {
                    return ended;
                }
            }
            local_keys.remove(key);
            ended = add(key, Some(&stored));
            ended
        })?;
        if ended.is_continue() {
            // A full page ends the list.
            let _ended = local_keys.iter().try_for_each(|local| add(local, None));
        }
        Ok(())
    }

    fn bounds(&self, kind: RowKind, entity_type: &str, page: &RowPage) -> (Vec<u8>, Vec<u8>) {
        let start = rows::prefix(kind, entity_type);
        let from = match &page.after {
            // Starts after all parts of the row: no key is a prefix of another.
            Some(after) => [after.as_slice(), &[u8::MAX]].concat().max(start),
            None => start,
        };
        let end = rows::end(kind, entity_type);
        (from.min(end.clone()), end)
    }

    fn of_key<R: RowType>(
        &self,
        entity_type: &Name,
        key: &[u8],
        stored: Option<&[u8]>,
        line: SyncProgress,
    ) -> Result<Option<NodeRow<R>>, ReadError> {
        let id = rows::id_in(key).and_then(|(id, _)| Name::new(id).ok());
        let Some(entity_id) = id else { return Ok(None) };
        let target = Target { kind: R::KIND, entity_type: entity_type.clone(), entity_id };
        let over = self.pending_index.lock().unwrap_or_else(PoisonError::into_inner).over(&target).to_vec();
        Ok(self.shown(&target, stored, &over, line)?.map(|tagged| tagged.row))
    }

    fn shown<R: RowType>(
        &self,
        target: &Target,
        stored: Option<&[u8]>,
        over: &[LogPosition],
        line: SyncProgress,
    ) -> Result<Option<Tagged<NodeRow<R>>>, ReadError> {
        let stored = stored.and_then(parse_stored::<R>);
        let (stored, row) = stored.map_or((None, None), |(stored, row)| (Some(stored), Some(row)));
        let (received_at, generation) =
            stored.map_or((None, 0), |stored| (Some(stored.received_at()), stored.generation));
        let version = row.as_ref().map_or(0, RowType::version);
        let progress = if over.is_empty() { PullProgress::default() } else { PullProgress::read(&self.log)? };
        let (mut events, mut pending, mut last) = (Vec::new(), Vec::new(), None);
        for at in over {
            let decision = pending::decision(&self.log, *at)?;
            // The row already includes the event: rows can arrive long before the cursor passes them, as in a bootstrap.
            let is_in = |position| progress.is_in(generation, version, *at, position);
            if decision.as_ref().is_some_and(|decision| is_in(decision.position)) {
                continue;
            }
            let Some(event) = pending::event(&self.log, *at)? else { continue };
            let refused = decision.as_ref().is_some_and(pending::discards);
            let Ok(known) = payload::parse(event) else { continue };
            if !refused {
                pending.extend(pending_event(&known.event, *at, decision.is_some(), line.sending));
            }
            events.push(PendingOnRow { known, decision });
            last = Some(*at);
        }
        let tag = EditTag { version, over: last.map(|last| (events.len(), last)) };
        let is_synced = events.is_empty() && received_at.is_some();
        let row = if events.is_empty() { row } else { R::with(row, target, &self.over(events)?) };
        let Some(row) = row else { return Ok(None) };
        let row = NodeRow { row, is_synced, last_sync_at: received_at.map(instant::format), pending };
        Ok(Some(Tagged { row, tag }))
    }

    fn over(&self, events: Vec<PendingOnRow>) -> Result<Overlay, ReadError> {
        Ok(Overlay { events, rulebook: rulebook::read(&self.log)?.unwrap_or_default() })
    }
}

fn first_target(kind: RowKind, entity_type: &Name) -> Target {
    // No name sorts before this one.
    let entity_id = Name::new("!").expect("a valid name");
    Target { kind, entity_type: entity_type.clone(), entity_id }
}

/// A stored row, parsed.
fn parse_stored<R: DeserializeOwned>(bytes: &[u8]) -> Option<(StoredRow, R)> {
    let read = |stored: StoredRow| {
        let row = serde_json::from_str(stored.row.get())?;
        Ok((stored, row))
    };
    let row = StoredRow::decode(bytes).and_then(read);
    row.inspect_err(|error| tracing::error!(%error, "A row of central's does not read: {error}")).ok()
}

fn pending_event(
    event: &comptoir_core::event::Event,
    at: LogPosition,
    decided: bool,
    sending: Option<(Seq, Seq)>,
) -> Option<PendingEvent> {
    let content = &event.content;
    let on_its_way = sending.is_some_and(|(first, last)| RangeInclusive::new(first, last).contains(&at.seq));
    let status = match (decided, on_its_way) {
        (true, _) => "ACKED",
        (false, true) => "SENDING",
        (false, false) => "PENDING",
    };
    let text = String::from_utf8(content.payload.clone()).ok()?;
    Some(PendingEvent {
        event_id: event.id.uuid(),
        epoch: at.epoch,
        seq: at.seq.0,
        action: content.action.to_string(),
        user: content.user.as_ref().map(Name::to_string),
        occurred_at: instant::format(event.occurred_at),
        status: status.to_owned(),
        payload: RawValue::from_string(text).ok()?,
    })
}

fn stock_row(
    key: &[u8],
    stored: Option<&[u8]>,
    own_site: SiteId,
    (moving, progress): (&std::collections::BTreeMap<Name, PendingQuantities>, &PullProgress),
    line: SyncProgress,
) -> Option<NodeStockRow> {
    let (product, site) = rows::id_in(key)?;
    let stored = stored.and_then(parse_stored::<StockRow>);
    let (stored, row) = stored.map_or((None, None), |(stored, row)| (Some(stored), Some(row)));
    let (received_at, generation) = stored.map_or((None, 0), |stored| (Some(stored.received_at()), stored.generation));
    let version = row.as_ref().map_or(0, |row| row.version);
    let waiting = moving.get(product).filter(|_| site == Some(own_site));
    // A row may arrive before the cursor passes it or before a bootstrap has ended. Quantities that its figure includes are
    // not pending any more.
    let waiting =
        waiting.map(|waiting| waiting.without(|at, position| progress.is_in(generation, version, at, position)));
    let waiting = waiting.filter(|waiting| waiting.events > 0);
    Some(NodeStockRow {
        site: site.map(SiteId::uuid),
        product: product.to_owned(),
        version,
        known_at: line.pulled_at.map(instant::format),
        is_synced: waiting.is_none() && row.is_some(),
        last_sync_at: received_at.map(instant::format),
        waiting: waiting_stock(&waiting.unwrap_or_default()),
        quantity: row.as_ref().map(|row| row.quantity.clone()),
        backordered: row.map(|row| row.backordered),
    })
}

fn waiting_stock(moving: &PendingQuantities) -> WaitingStock {
    WaitingStock {
        lines: moving.events,
        sold: money::plain(moving.sold),
        refunded: money::plain(moving.refunded),
        received: money::plain(moving.received),
        returned: money::plain(moving.returned),
        written_off: money::plain(moving.written_off),
    }
}

fn cursor(key: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key)
}

/// The key after which a page begins.
pub(crate) fn parse_cursor(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok().filter(|key| rows::id_in(key).is_some())
}
