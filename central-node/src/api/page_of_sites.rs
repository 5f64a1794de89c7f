//! A page of the log with the events of the caller's sites. The log is read by position, and no index on its largest table is
//! kept for nodes that read their own part, so rows are read on until the page is full.

use comptoir_core::id::SiteId;
use comptoir_core::position::Position;
use comptoir_proto::api_v1::{EventDto, EventPage};

use super::event_rows::event_dto;
use crate::database::StoreError;
use crate::event_store::LogRow;
use crate::identity::SiteView;

/// Rows that are read for one page. Only a page of one site's events among very many of others reaches it; its answer says
/// `more`, and its `next` is where the search goes on.
const SEARCHED_MAX: usize = 20_000;
/// Rows of a read after the first.
const READ_AGAIN: usize = 1_000;

/// A page that is being filled.
pub(super) struct PageOfSites {
    sites: SiteView,
    limit: usize,
    events: Vec<EventDto>,
    next: Position,
    more: bool,
    searched: usize,
    /// The rows of the last read, while the page wants another.
    asked: Option<usize>,
}

impl PageOfSites {
    /// An empty page after a position.
    pub(super) fn new(sites: SiteView, after: Position, limit: usize) -> PageOfSites {
        // One row more than the page shows whether another page follows.
        PageOfSites { sites, limit, events: Vec::new(), next: after, more: false, searched: 0, asked: Some(limit + 1) }
    }

    /// After which position to read how many rows; `None` once the page is complete.
    pub(super) fn wants(&self) -> Option<(Position, i64)> {
        self.asked.map(|rows| (self.next, i64::try_from(rows).unwrap_or(i64::MAX)))
    }

    /// Takes the rows of a read, in order.
    pub(super) fn take(&mut self, rows: &[LogRow]) -> Result<(), StoreError> {
        let asked = self.asked.take().unwrap_or_default();
        for row in rows {
            let event = event_dto(row)?;
            let is_shown = self.sites.shows(event.site.map(SiteId::new));
            if is_shown && self.events.len() == self.limit {
                self.more = true;
                return Ok(());
            }
            self.next = row.position;
            if is_shown {
                self.events.push(event);
            }
        }
        self.searched += rows.len();
        if rows.len() == asked {
            self.more = self.searched >= SEARCHED_MAX;
            self.asked = Some(READ_AGAIN).filter(|_| !self.more);
        }
        Ok(())
    }

    /// The complete page.
    pub(super) fn finish(self) -> EventPage {
        EventPage { events: self.events, next: self.next.to_string(), more: self.more }
    }
}
