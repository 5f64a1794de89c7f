//! Rows created within a page's range but changed after it. They are added to the page as CREATE.
//!
//! They count like the page's own rows: if there are too many, the page ends earlier. A page never ends inside a millisecond.

use std::collections::HashSet;

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::{RowChange, RowKey, RowKind};
use deadpool_postgres::Transaction;

use crate::database::StoreError;
use crate::devices::changes::{ChangePage, received_at};
use crate::devices::device::Device;
use crate::devices::time_cursor::{Horizon, position_at, same_millisecond};
use crate::feed::{self, CreatedRow as BornRow, ListedRow, Scope};

/// Events of one millisecond: `received_at` strictly increases, in microseconds.
const MILLISECOND_EVENTS: usize = 1_000;

/// The rows created within a page.
#[derive(Default)]
pub(super) struct CreatedInPage {
    /// The documents and stock items among these rows.
    pub(super) documents: HashSet<RowKey>,
    /// The rows that have changed after the page, in the order of their creation.
    pub(super) moved: Vec<RowChange>,
}

/// The rows created between `from` and the page's end. The page is shortened if it would have too many.
pub(super) async fn with(
    tx: &Transaction<'_>,
    device: &Device,
    (from, horizon): (Position, Horizon),
    page: &mut ChangePage,
    (types, limit): (Option<&[String]>, usize),
) -> Result<CreatedInPage, StoreError> {
    let scope = Scope { site: device.site, own_invoices: None, shows_conflicts: false };
    let to = page.end(tx, device.tenant, horizon).await?.position;
    if from >= to {
        return Ok(CreatedInPage::default());
    }
    // The page's own documents are among them, and a millisecond's.
    let mut rows_max = 2 * (limit + MILLISECOND_EVENTS);
    let (mut born, fit) = loop {
        let born = feed::born(tx, device.tenant, scope, (from, to), (types, rows_max)).await?;
        match fit(page, &born, born.len() >= rows_max, limit)? {
            // One goods receipt may have thousands of products.
            PageFit::Unknown => rows_max *= 2,
            fit => break (born, fit),
        }
    };
    if let PageFit::UpTo(last) = fit {
        let to = position_at(tx, device.tenant, last, horizon).await?;
        page.changes.retain(|change| change.position <= to.0);
        born.retain(|row| row.position <= to);
        (page.last_received_at, page.has_more) = (Some(last), true);
    }
    let on_page: HashSet<&RowKey> = page.changes.iter().map(|change| &change.key).collect();
    let moved: Vec<ListedRow> =
        born.iter().map(|born| born.row.clone()).filter(|row| !on_page.contains(&row.key)).collect();
    let documents = born.into_iter().map(|born| born.row.key).filter(|key| key.kind != RowKind::Entity).collect();
    Ok(CreatedInPage { documents, moved: feed::rows_of(tx, device.tenant, scope, &moved).await? })
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

/// Computes the end of a page from its last changes and the rows created there. If there are `more` created rows, their last
/// millisecond may be incomplete.
fn fit(page: &ChangePage, born: &[BornRow], more: bool, limit: usize) -> Result<PageFit, StoreError> {
    let on_page: HashSet<&RowKey> = page.changes.iter().map(|change| &change.key).collect();
    let moved = born.iter().filter(|born| !on_page.contains(&born.row.key)).map(|born| born.received_at);
    let mut all = page.changes.iter().map(received_at).collect::<Result<Vec<_>, _>>()?;
    all.extend(moved);
    all.sort_unstable();
    let read_in_part = born.last().filter(|_| more).map(|last| last.received_at);
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

    fn born(millis: &[i64]) -> Vec<BornRow> {
        let listed = |at: &i64| ListedRow {
            key: key(&format!("born-{at}")),
            position: Position(901),
            received_at: Timestamp(at * 1_000),
            bytes: 1,
        };
        let born = |at: &i64| BornRow { row: listed(at), position: Position(1), received_at: Timestamp(at * 1_000) };
        millis.iter().map(born).collect()
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
            assert_eq!(fit(&page(changed), &born(came), more, limit).unwrap(), expected, "{changed:?} {came:?}");
        }
    }
}
