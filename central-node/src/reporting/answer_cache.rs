//! Caches answers of reports about the present, and updates them with later changes.
//!
//! Why this is exact: a line of the sales report never changes, and new lines have positions above the one that a cached
//! answer is complete to; a stock item carries the position of its last change and is never removed. So the answer at a later
//! position is the cached answer plus the rows of the positions between. Answers `as_of` a position are always read from the
//! database, never from here.
//!
//! The cache is empty after a restart. Its key includes the version of the projection, so answers from before a switch or a
//! rebuild are never mixed with later ones.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comptoir_core::position::Position;
use serde::{Serialize, Serializer};

/// Rows cached over all questions of one kind: about 20 MB. The least recently asked question is evicted first.
const ROWS_CACHED_MAX: usize = 100_000;
/// The largest cached answer, in rows. A longer one is read from the database each time.
const ROWS_OF_ONE_MAX: usize = ROWS_CACHED_MAX / 4;

/// Rows of an answer, shared with the requests that are still writing it out.
#[derive(Debug)]
pub(super) struct SharedRows<R>(Arc<Vec<R>>);

impl<R> Clone for SharedRows<R> {
    fn clone(&self) -> Self {
        SharedRows(Arc::clone(&self.0))
    }
}

impl<R> From<Vec<R>> for SharedRows<R> {
    fn from(rows: Vec<R>) -> Self {
        SharedRows(Arc::new(rows))
    }
}

impl<R> std::ops::Deref for SharedRows<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        &self.0
    }
}

impl<R: Clone> SharedRows<R> {
    /// The rows as an owned list.
    pub(super) fn into_vec(self) -> Vec<R> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<R: Serialize> Serialize for SharedRows<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

/// An answer that is complete to a position, with its rows in the report's order.
#[derive(Debug)]
pub(super) struct CachedAnswer<R> {
    pub(super) to: Position,
    pub(super) rows: SharedRows<R>,
}

struct Entry<R> {
    to: Position,
    rows: SharedRows<R>,
    asked: u64,
}

/// The last answers to the most recent questions `Q`.
pub(crate) struct AnswerCache<Q, R> {
    questions: Mutex<CacheEntries<Q, R>>,
}

struct CacheEntries<Q, R> {
    entries: HashMap<Q, Entry<R>>,
    asked: u64,
}

impl<Q, R> Default for AnswerCache<Q, R> {
    fn default() -> Self {
        AnswerCache { questions: Mutex::new(CacheEntries { entries: HashMap::new(), asked: 0 }) }
    }
}

impl<Q: Eq + Hash + Clone, R> AnswerCache<Q, R> {
    /// The cached answer to start from. An answer beyond the position that the transaction sees is not returned.
    pub(super) fn up_to(&self, question: &Q, position: Position) -> Option<CachedAnswer<R>> {
        let mut questions = self.lock();
        questions.asked += 1;
        let asked = questions.asked;
        let entry = questions.entries.get_mut(question).filter(|entry| entry.to <= position)?;
        entry.asked = asked;
        Some(CachedAnswer { to: entry.to, rows: entry.rows.clone() })
    }

    /// Caches an answer, unless it is too long or a later one is cached.
    pub(super) fn store(&self, question: Q, to: Position, rows: SharedRows<R>) {
        let mut questions = self.lock();
        if rows.len() > ROWS_OF_ONE_MAX {
            questions.entries.remove(&question);
            return;
        }
        if questions.entries.get(&question).is_some_and(|entry| entry.to > to) {
            return;
        }
        questions.asked += 1;
        let asked = questions.asked;
        questions.entries.insert(question, Entry { to, rows, asked });
        // An answer without rows takes memory too.
        let weight = |entries: &HashMap<Q, Entry<R>>| entries.values().map(|entry| entry.rows.len() + 1).sum::<usize>();
        while weight(&questions.entries) > ROWS_CACHED_MAX {
            let oldest =
                questions.entries.iter().min_by_key(|(_, entry)| entry.asked).map(|(question, _)| question.clone());
            let Some(oldest) = oldest else { break };
            questions.entries.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CacheEntries<Q, R>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Merges the rows of a cached answer with those of later positions. Both are sorted by `order`; if both have a row, `join`
/// combines the two. `None` if it cannot: the answer is then read from the database.
pub(super) fn merged<R: Clone>(
    cached: &[R],
    later: Vec<R>,
    order: fn(&R, &R) -> Ordering,
    join: fn(&R, R) -> Option<R>,
) -> Option<Vec<R>> {
    let mut rows = Vec::with_capacity(cached.len() + later.len());
    let mut cached = cached.iter().peekable();
    for row in later {
        while let Some(before) = cached.next_if(|before| order(before, &row) == Ordering::Less) {
            rows.push(before.clone());
        }
        match cached.next_if(|same| order(same, &row) == Ordering::Equal) {
            Some(same) => rows.push(join(same, row)?),
            None => rows.push(row),
        }
    }
    rows.extend(cached.cloned());
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, u32);

    fn order(left: &Row, right: &Row) -> Ordering {
        left.0.cmp(right.0)
    }

    fn plus(cached: &Row, later: Row) -> Option<Row> {
        Some((cached.0, cached.1.checked_add(later.1)?))
    }

    #[test]
    fn later_rows_join_those_of_their_key_and_stand_in_its_place() {
        let cached = [("b", 1), ("d", 2)];
        let merge = |later: Vec<Row>| merged(&cached, later, order, plus);
        assert_eq!(merge(vec![]), Some(cached.to_vec()));
        let all = vec![("a", 9), ("b", 4), ("c", 7), ("d", 5), ("e", 6)];
        assert_eq!(merge(vec![("a", 9), ("b", 3), ("c", 7), ("d", 3), ("e", 6)]), Some(all));
        assert_eq!(merge(vec![("d", u32::MAX)]), None, "a sum that does not fit makes no row");
    }

    #[test]
    fn an_answer_from_the_future_is_not_given_and_an_older_one_replaces_no_later_one() {
        let cache = AnswerCache::default();
        cache.store("q", Position(5), vec![("a", 1)].into());
        cache.store("q", Position(4), vec![("a", 0)].into());
        assert!(cache.up_to(&"q", Position(4)).is_none());
        let answer = cache.up_to(&"q", Position(9)).unwrap();
        assert_eq!((answer.to, answer.rows.into_vec()), (Position(5), vec![("a", 1)]));
    }

    #[test]
    fn what_was_asked_longest_ago_makes_room_and_a_long_answer_is_not_kept() {
        let cache = AnswerCache::default();
        let rows = |count: usize| SharedRows::from(vec![("a", 1); count]);
        let full = ROWS_OF_ONE_MAX;
        for question in ["1", "2", "3"] {
            cache.store(question, Position(1), rows(full));
        }
        assert!(cache.up_to(&"1", Position(1)).is_some());
        cache.store("4", Position(1), rows(full));
        let is_cached = |question| cache.up_to(&question, Position(1)).is_some();
        assert!(!is_cached("2") && is_cached("1") && is_cached("3") && is_cached("4"));
        cache.store("3", Position(2), rows(full + 1));
        assert!(cache.up_to(&"3", Position(2)).is_none(), "its earlier answer would be added to for ever");
    }
}
