//! Phones and desktops whose contracts were written by others: `/api/sync/*`, field by field as their documents have it.
//!
//! They keep no chain, so central keeps a log for each ([`device`]) and seals their events on arrival, through the same queue and the same
//! turn as a node's push. Going down they name a time where a node names a position; [`time_cursor`] makes one of the other.

mod changes;
pub(crate) mod desktop;
pub(crate) mod device;
pub(crate) mod mobile;
pub(crate) mod offset;
pub(crate) mod seal;
pub(crate) mod time_cursor;

pub(crate) use changes::change_id;
