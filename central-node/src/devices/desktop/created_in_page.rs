//! Rows of a page's range that have not changed last in it: created there and changed later, or due once more by an event there.
//!
//! They count like the page's own rows: if there are too many, the page ends earlier. A page never ends inside a millisecond.

use std::collections::HashSet;

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::{RowChange, RowKey, RowKind};
use deadpool_postgres::Transaction;

use crate::database::StoreError;
use crate::devices::changes::{ChangePage, received_at};
use crate::devices::device::Device;
use crate::devices::time_cursor::{Horizon, position_at, same_millisecond};
use crate::event_store::{self, DueRow};
use crate::feed::{self, CreatedRow, ListedRow, Scope};

/// Events of one millisecond: `received_at` strictly increases, in microseconds.
const MILLISECOND_EVENTS: usize = 1_000;

/// The rows created within a page.
#[derive(Default)]
pub(super) struct CreatedInPage {
    /// The documents and stock items among these rows.
    pub(super) documents: HashSet<RowKey>,
    /// The rows that are not on the page itself, in the order of their creation or of the event that made them due.
    pub(super) moved: Vec<RowChange>,
    /// The rows that are due once more, whether on the page itself or moved.
    pub(super) due: HashSet<RowKey>,
}

/// The rows created or due between `from` and the page's end. The page is shortened if it would have too many.
pub(super) async fn with(
    tx: &Transaction<'_>,
    device: &Device,
    (from, horizon): (Position, Horizon),
    page: &mut ChangePage,
    (types, limit): (Option<&[String]>, usize),
) -> Result<CreatedInPage, StoreError> {
    let scope = Scope { site: device.site, own_invoices: None, shows_conflicts: false };
    let to = page.end(tx, device.tenant, horizon).await?.position;
    // A row may be due at a position that no event has yet.
    let until = if page.has_more { to } else { Position(horizon.head.0 + 1) };
    // The page's own documents are among them, and a millisecond's.
    let mut rows_max = 2 * (limit + MILLISECOND_EVENTS);
    let (mut found, fit) = loop {
        let due = event_store::due_resends(tx, (device.tenant, device.node), (from, until), types, rows_max).await?;
        let due: Vec<CreatedRow> = due.into_iter().map(|row| due_row(row, horizon)).collect();
        let read_to = due.last().filter(|_| due.len() >= rows_max).map(|row| row.received_at);
        let created = match from < to {
            true => feed::created_rows(tx, device.tenant, scope, (from, to), (types, rows_max)).await?,
            false => Vec::new(),
        };
        let created_to = created.last().filter(|_| created.len() >= rows_max).map(|row| row.received_at);
        let found = AddedRows { created, due };
        match fit(page, &found, read_to.into_iter().chain(created_to).min(), limit)? {
            // One goods receipt may have thousands of products.
            PageFit::Unknown => rows_max *= 2,
            fit => break (found, fit),
        }
    };
    if let PageFit::UpTo(last) = fit {
        let to = position_at(tx, device.tenant, last, horizon).await?;
        page.changes.retain(|change| change.position <= to.0);
        found.created.retain(|row| row.position <= to);
        found.due.retain(|row| row.position <= to);
        (page.last_received_at, page.has_more) = (Some(last), true);
    }
    let on_page: HashSet<&RowKey> = page.changes.iter().map(|change| &change.key).collect();
    let mut listed = HashSet::new();
    let moved: Vec<ListedRow> = found.all().map(|row| row.row.clone()).collect();
    let moved: Vec<ListedRow> =
        moved.into_iter().filter(|row| !on_page.contains(&row.key) && listed.insert(row.key.clone())).collect();
    let mut rows = feed::rows_of(tx, device.tenant, scope, &moved).await?;
    rows.retain(|row| row.position > 0);
    let known: HashSet<&RowKey> = rows.iter().map(|row| &row.key).collect();
    // Of a conflict about an entity that nobody had created.
    let unknown: Vec<RowChange> = moved.iter().filter(|row| !known.contains(&row.key)).map(no_row).collect();
    let documents =
        found.created.into_iter().map(|created| created.row.key).filter(|key| key.kind != RowKind::Entity).collect();
    let due = found.due.into_iter().map(|due| due.row.key).collect();
    Ok(CreatedInPage { documents, moved: rows.into_iter().chain(unknown).collect(), due })
}

/// The rows that a page's range adds to it.
#[derive(Default)]
struct AddedRows {
    created: Vec<CreatedRow>,
    due: Vec<CreatedRow>,
}

impl AddedRows {
    fn all(&self) -> impl Iterator<Item = &CreatedRow> {
        self.created.iter().chain(&self.due)
    }
}

fn due_row(due: DueRow, horizon: Horizon) -> CreatedRow {
    let DueRow { entity_type, entity_id, position, received_at } = due;
    let received_at = received_at.unwrap_or(horizon.closed_to);
    let key = RowKey { kind: RowKind::Entity, entity_type, entity_id, site: None };
    CreatedRow { row: ListedRow { key, position, received_at, bytes: 0 }, position, received_at }
}

fn no_row(row: &ListedRow) -> RowChange {
    let received_at = instant::format(row.received_at);
    RowChange { key: row.key.clone(), position: row.position.0, received_at, row: None }
}

/// How much of a page's rows fits on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PageFit {
    All,
    /// Everything received up to this time fits.
    UpTo(Timestamp),
    /// Even the first millisecond was not read completely.
    Unknown,
}

/// Computes the end of a page from its last changes and the rows that its range adds. If not all of these were read, the
/// millisecond `read_in_part` may be incomplete.
fn fit(
    page: &ChangePage,
    added: &AddedRows,
    read_in_part: Option<Timestamp>,
    limit: usize,
) -> Result<PageFit, StoreError> {
    let on_page: HashSet<&RowKey> = page.changes.iter().map(|change| &change.key).collect();
    let moved = added.all().filter(|row| !on_page.contains(&row.row.key)).map(|row| row.received_at);
    let mut all = page.changes.iter().map(received_at).collect::<Result<Vec<_>, _>>()?;
    all.extend(moved);
    all.sort_unstable();
    let is_whole = |at: Timestamp| read_in_part.is_none_or(|part| at < part && !same_millisecond(at, part));
    let mut last = None;
    for (index, at) in all.into_iter().enumerate() {
        let is_full = index >= limit && last.is_some_and(|last| !same_millisecond(last, at));
        if is_full || !is_whole(at) {
            return Ok(last.map_or(PageFit::Unknown, PageFit::UpTo));
        }
        last = Some(at);
    }
    Ok(PageFit::All)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> RowKey {
        RowKey { kind: RowKind::Entity, entity_type: "STUDENT".to_owned(), entity_id: id.to_owned(), site: None }
    }

    fn page(millis: &[i64]) -> ChangePage {
        let change = |at: &i64| RowChange {
            key: key(&format!("page-{at}")),
            position: 900,
            received_at: comptoir_proto::instant::format(Timestamp(at * 1_000)),
            row: None,
        };
        ChangePage { changes: millis.iter().map(change).collect(), last_received_at: None, has_more: false }
    }

    fn created(millis: &[i64]) -> Vec<CreatedRow> {
        let listed = |at: &i64| ListedRow {
            key: key(&format!("created-{at}")),
            position: Position(901),
            received_at: Timestamp(at * 1_000),
            bytes: 1,
        };
        let created =
            |at: &i64| CreatedRow { row: listed(at), position: Position(1), received_at: Timestamp(at * 1_000) };
        millis.iter().map(created).collect()
    }

    #[test]
    fn a_page_ends_where_both_kinds_of_rows_fill_it_and_never_inside_a_millisecond() {
        let up_to = |milli: i64| PageFit::UpTo(Timestamp(milli * 1_000));
        for (changed, came, more, limit, expected) in [
            (&[7, 8][..], &[][..], false, 2, PageFit::All),
            (&[8, 9], &[1, 2], false, 4, PageFit::All),
            (&[8, 9], &[1, 2, 3], false, 2, up_to(2)),
            (&[2, 9], &[1, 3], false, 2, up_to(2)),
            (&[8], &[1, 2, 2, 2, 3], false, 2, up_to(2)),
            (&[8], &[1, 1, 1], false, 1, up_to(1)),
            // The third millisecond may not have been read completely.
            (&[8], &[1, 2, 3], true, 9, up_to(2)),
            (&[8], &[3, 3, 3], true, 9, PageFit::Unknown),
        ] {
            let read_in_part = came.last().filter(|_| more).map(|at| Timestamp(at * 1_000));
            for due in [false, true] {
                let rows = created(came);
                let added = if due {
                    AddedRows { due: rows, ..AddedRows::default() }
                } else {
                    AddedRows { created: rows, ..AddedRows::default() }
                };
                let fit = fit(&page(changed), &added, read_in_part, limit).unwrap();
                assert_eq!(fit, expected, "{changed:?} {came:?} due: {due}");
            }
        }
    }
}
