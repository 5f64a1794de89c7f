//! The first record of an epoch, as its bytes stand in a log.

use comptoir_proto::{opening, stored_v1};

pub(crate) use comptoir_proto::opening::{EpochEnd, opens as is_opening};

/// What the first record says of the epoch before. The error is in words, for the break that it makes.
pub(crate) fn read(record: &[u8]) -> Result<Option<EpochEnd>, String> {
    let event = stored_v1::decode(record).map_err(|error| error.to_string())?;
    opening::read(&event).map(|opening| opening.previous).map_err(|error| error.to_string())
}
