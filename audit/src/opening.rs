use comptoir_proto::{opening, stored_v1};

pub(crate) use comptoir_proto::opening::{EpochEnd, opens as is_opening};

/// The end of the previous epoch as an epoch's first record names it. The error is text for a break.
pub(crate) fn read_opening(record: &[u8]) -> Result<Option<EpochEnd>, String> {
    let event = stored_v1::decode(record).map_err(|error| error.to_string())?;
    opening::read(&event).map(|opening| opening.previous).map_err(|error| error.to_string())
}
