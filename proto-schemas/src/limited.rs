//! Lists of a request that have a limit. A body of megabytes may list millions of tiny values, each of which costs more memory
//! than its bytes, so the limit holds while the list is read.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Reads at most one element more than `MAX` and passes over the rest: a list of more than `MAX` elements is to be refused.
pub fn at_most<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(LimitedList::<MAX, T>(PhantomData))
}

struct LimitedList<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for LimitedList<MAX, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while read.len() <= MAX {
            match list.next_element()? {
                Some(element) => read.push(element),
                None => return Ok(read),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use comptoir_core::limits::PUSH_RECORDS_MAX;

    use super::*;
    use crate::{desktop_v1, mobile_v1, sync_v1};

    thread_local! {
        static READ: Cell<usize> = const { Cell::new(0) };
    }

    struct Counted;

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Counted, D::Error> {
            READ.set(READ.get() + 1);
            IgnoredAny::deserialize(deserializer).map(|_| Counted)
        }
    }

    /// A million of one value, in brackets.
    fn million(value: &str) -> String {
        format!("[{value}{}]", format!(",{value}").repeat(999_999))
    }

    /// O4.
    #[test]
    fn no_element_after_the_limit_is_read() {
        let mut deserializer = serde_json::Deserializer::from_str("[1, 2, 3, 4]");
        assert_eq!(at_most::<4, u8, _>(&mut deserializer).unwrap(), [1, 2, 3, 4]);
        let text = million("0");
        let list = at_most::<100, Counted, _>(&mut serde_json::Deserializer::from_str(&text)).unwrap();
        assert_eq!((list.len(), READ.get()), (101, 101));
        let broken = at_most::<1, u8, _>(&mut serde_json::Deserializer::from_str("[1, 2, 3, x]"));
        assert!(broken.is_err(), "the rest must be JSON too");
        assert!(at_most::<1, u8, _>(&mut serde_json::Deserializer::from_str("{}")).is_err());
    }

    /// O4: the lists of every request that is parsed whole.
    #[test]
    fn requests_hold_no_more_elements_than_they_may_have() {
        let zeros = million("0");
        let up: desktop_v1::SyncUpRequest =
            serde_json::from_str(&format!(r#"{{"clientId":"d","events":{zeros}}}"#)).unwrap();
        assert_eq!(up.events.len(), PUSH_RECORDS_MAX + 1);
        let push: mobile_v1::PushRequest =
            serde_json::from_str(&format!(r#"{{"device_id":"p","batch_id":"b","events":{zeros}}}"#)).unwrap();
        assert_eq!(push.events.len(), PUSH_RECORDS_MAX + 1);
        let types = million(r#""A""#);
        let down: desktop_v1::SyncDownRequest =
            serde_json::from_str(&format!(r#"{{"clientId":"d","entityTypes":{types}}}"#)).unwrap();
        assert_eq!(down.entity_types.unwrap().len(), desktop_v1::ENTITY_TYPES_MAX + 1);
        let records = million(r#"{"record":"","chain":""}"#);
        let taken_in = million(r#"{"seq":1,"at":""}"#);
        let native = format!(
            r#"{{"batch_id":"{id}","node":"{id}","epoch":{{"number":1,"id":"{id}"}},"first_seq":1,"previous_chain":"",
                "records":{records},"node_time":"","taken_in":{taken_in}}}"#,
            id = uuid::Uuid::nil()
        );
        let native: sync_v1::PushRequest = serde_json::from_str(&native).unwrap();
        assert_eq!((native.records.len(), native.taken_in.len()), (PUSH_RECORDS_MAX + 1, PUSH_RECORDS_MAX + 1));
    }
}
