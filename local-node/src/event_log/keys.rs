//! Every key of the log's one tree. Ordinals never move; numbers are big-endian, so that scans are in order.
//!
//! | first byte | rest of the key | value | lifetime |
//! |---|---|---|---|
//! | 1 identity | | tenant 16, site 16, node 16, the [sealed](super::secret_key) seed of the node's key pair 60 | written once; the seed sealed again with each [rotation](super::rotation) |
//! | 2 epoch | number u32 | the epoch's random id 16 | one per epoch, never changed |
//! | 3 page | epoch u32, first seq u64, part u16 | a part of a [page](super::page) of records | never changed |
//! | 4 decisions | epoch u32, first seq u64, part u16 | a part of a page of decisions | never changed |
//! | 5 acked | epoch u32 | seq u64 | raised by the sync agent |
//! | 6 id run | run u32, first event id 16 | a [block](super::ids) of event ids and their positions | until its run is merged |
//! | 7 id runs | | which runs are whole, and up to where records are indexed | replaced with each run |
//! | 8 reseal | | [`Reseal`](super::reseal::Reseal): events that remain to be sealed again | while an epoch is being opened |
//! | 9 boot | | how often the log was opened, u64 | replaced at each open |
//! | 10 pull progress | | the cursor in central's changes, and the progress of a bootstrap | in one batch with its rows |
//! | 11 row | row kind, entity type, entity id, site; part u16 | a part of central's [row](super::key_space) as last received | until a newer one, or out of scope |
//! | 12 saved form | form id 16, part u16 | a part of a saved form | until it is removed |
//! | 13 notification | position u64, event id 16, part u16 | a notification and whether it was seen | permanent |
//! | 14 blob | BLAKE3 32, part u16 | central holds that file | permanent |
//! | 15 rulebook | part u16 | a part of the [rulebook](crate::read_models) by which central decides | until another is in force |
//! | 16 clock | | state of the machine's [clock](super::clock_state) | replaced with each change |
//! | 17 clock mark | number u64 | event id 16, then the payload of a CLOCK_CHANGED | until central holds the record |
//! | 18 local key | key id 4, part u16 | a part of a [local key](crate::local_keys): label, hash, grants, times | until a thousand were revoked after it |
//! | 19 users | part u16 | a part of the [users](crate::users) as central sent them, sealed | until central sends others |
//! | 20 user at node | user id 16, part u16 | what this node knows of a user: PIN, its failures, last password; sealed | while central names the user |
//! | 21 failed logins | hash 32, part u16 | failed logins of an account or an address | an hour after the last one, at the next |
//! | 22 session | hash of its token 32, part u16 | a user's session, sealed | until it ends |
//! | 23 trusted time | part u16 | the highest [time](crate::users) that counted | replaced as it moves |
//! | 24 derivation root | | the first key of the node's secrets, [sealed](super::secret_key): other secrets are derived from it | absent before a [rotation](super::rotation), sealed again with each one |

use comptoir_core::id::UserId;
use comptoir_core::position::Seq;

/// Ordinals 10 to 15 and 18 to 23 are [`KeySpace`]'s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum RecordKind {
    Identity = 1,
    Epoch = 2,
    Page = 3,
    Decisions = 4,
    Acked = 5,
    IdRun = 6,
    IdRuns = 7,
    Reseal = 8,
    Boot = 9,
    Clock = 16,
    ClockMark = 17,
    DerivationRoot = 24,
}

/// The key spaces of the log's tree beyond the records. Ordinals never move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum KeySpace {
    /// How far central's changes are applied here. One value, under the empty key.
    PullProgress = 10,
    /// Central's rows.
    Row = 11,
    /// Forms that users save before they submit them.
    SavedForm = 12,
    /// Notifications for the node's users.
    Notification = 13,
    /// The files that central holds.
    Blob = 14,
    /// The rulebook in force at central. One value, under the empty key.
    Rulebook = 15,
    /// The local keys, without their secrets.
    LocalKey = 18,
    /// The users whom central sent. One sealed value, under the empty key.
    Users = 19,
    /// What this node knows of a user besides, sealed.
    UserAtNode = 20,
    /// Failed logins.
    FailedLogins = 21,
    /// Sessions of users, sealed.
    Session = 22,
    /// The highest time that counted. One value, under the empty key.
    TrustedTime = 23,
}

impl KeySpace {
    /// The spaces whose values are sealed with the node's secret key.
    pub(super) const SEALED: [KeySpace; 3] = [KeySpace::Users, KeySpace::UserAtNode, KeySpace::Session];

    /// What a value is sealed as: under another key it does not unseal.
    pub(super) fn sealed_as(self, key: &[u8]) -> String {
        match self {
            KeySpace::Users => "comptoir/users/1".to_owned(),
            KeySpace::UserAtNode => match key.try_into() {
                Ok(id) => format!("comptoir/user-at-node/1 {}", UserId::from_bytes(id)),
                Err(_) => format!("comptoir/user-at-node/1 {}", hex::encode(key)),
            },
            KeySpace::Session => format!("comptoir/session/1 {}", hex::encode(key)),
            other => format!("comptoir/key-space/1 {} {}", other as u8, hex::encode(key)),
        }
    }
}

/// The key of a kind with a single value.
pub(crate) fn single(kind: RecordKind) -> Vec<u8> {
    vec![kind as u8]
}

/// `Epoch` and `Acked`.
pub(crate) fn of_epoch(kind: RecordKind, epoch: u32) -> Vec<u8> {
    let mut key = single(kind);
    key.extend_from_slice(&epoch.to_be_bytes());
    key
}

/// `Page` and `Decisions`.
pub(crate) fn part(kind: RecordKind, epoch: u32, first: Seq, part: u16) -> Vec<u8> {
    let mut key = of_epoch(kind, epoch);
    key.extend_from_slice(&first.0.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// The epoch of an `Epoch` or `Acked` key.
pub(crate) fn epoch_in(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(key.get(1..)?.try_into().ok()?))
}

/// The first seq and the part number of a `Page` or `Decisions` key.
pub(crate) fn part_in(key: &[u8]) -> Option<(Seq, u16)> {
    let (first, rest) = key.get(5..)?.split_first_chunk()?;
    Some((Seq(u64::from_be_bytes(*first)), u16::from_be_bytes(rest.try_into().ok()?)))
}

/// `IdRun`.
pub(crate) fn id_run(run: u32, first: &[u8; 16]) -> Vec<u8> {
    let mut key = of_epoch(RecordKind::IdRun, run);
    key.extend_from_slice(first);
    key
}

/// The run of an `IdRun` key.
pub(crate) fn run_in(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*key.get(1..)?.first_chunk()?))
}

/// Key of one part of a value.
pub(crate) fn in_space(space: KeySpace, key: &[u8], part: u16) -> Vec<u8> {
    [&[space as u8], key, &part.to_be_bytes()[..]].concat()
}

/// The key and part number of a value's part.
pub(crate) fn key_in_space(key: &[u8]) -> Option<(&[u8], u16)> {
    let (key, part) = key.get(1..)?.split_last_chunk()?;
    Some((key, u16::from_be_bytes(*part)))
}

/// The first key of a kind, and one past its last.
pub(crate) fn all_of(kind: RecordKind) -> (Vec<u8>, Vec<u8>) {
    (vec![kind as u8], vec![kind as u8 + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_numbers_do_and_read_back() {
        let keys = [
            part(RecordKind::Page, 1, Seq(2), 0),
            part(RecordKind::Page, 1, Seq(2), 1),
            part(RecordKind::Page, 1, Seq(300), 0),
            part(RecordKind::Page, 2, Seq(1), 0),
        ];
        assert!(keys.is_sorted());
        assert_eq!(part_in(&keys[2]), Some((Seq(300), 0)));
        assert_eq!(epoch_in(&of_epoch(RecordKind::Acked, 7)), Some(7));
        assert_eq!(run_in(&id_run(9, &[1; 16])), Some(9));
        assert_eq!(part_in(b"\x03short"), None);
    }
}
