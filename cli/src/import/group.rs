//! Groups rows by key. Groups are returned in the order of their first rows.

use std::collections::VecDeque;

use super::rows::{BadRow, Item, SourceRow};

/// The rows of one event.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) key: String,
    pub(super) rows: Vec<SourceRow>,
    /// Unreadable rows of the key: the event must not be sent without them.
    pub(super) bad: Vec<BadRow>,
    last_seen: u64,
}

/// Groups that may still get rows.
#[derive(Debug)]
pub(super) struct Grouping {
    column: usize,
    within: u64,
    seen: u64,
    open: VecDeque<Group>,
}

impl Grouping {
    /// Groups by a column. A group ends after more than `within` rows of other keys.
    pub(super) fn new(column: usize, within: u64) -> Grouping {
        Grouping { column, within, seen: 0, open: VecDeque::new() }
    }

    /// Adds a row. [`Self::ended`] then returns the groups that it ends. Returns a bad row whose key is unknown.
    pub(super) fn add(&mut self, item: Item) -> Option<BadRow> {
        self.seen += 1;
        match item {
            Ok(row) => {
                let key = row.text(self.column).trim().to_owned();
                self.group(key).rows.push(row);
            }
            Err(BadRow { key: Some(key), line, reason }) => {
                let bad = BadRow { key: Some(key.clone()), line, reason };
                self.group(key).bad.push(bad);
            }
            Err(unknown) => return Some(unknown),
        }
        None
    }

    /// The next group that can get no more rows.
    pub(super) fn ended(&mut self) -> Option<Group> {
        let front = self.open.front()?;
        if self.seen - front.last_seen > self.within { self.open.pop_front() } else { None }
    }

    /// The groups left at the end of the file.
    pub(super) fn rest(self) -> impl Iterator<Item = Group> {
        self.open.into_iter()
    }

    fn group(&mut self, key: String) -> &mut Group {
        // Usually the key is that of the last group.
        let index = self.open.iter().rposition(|group| group.key == key);
        let index = index.unwrap_or_else(|| {
            self.open.push_back(Group { key, ..Group::default() });
            self.open.len() - 1
        });
        let group = &mut self.open[index];
        group.last_seen = self.seen;
        group
    }
}
