//! Phones and desktops, whose contracts are the customer's documents: `/api/sync/*` follows them field by field.
//!
//! Devices have no chain, so central has a log for each (`device`) and seals their events on arrival, through the same
//! queue and batches as a node's push. They pull by time, while a node pulls by position; `time_cursor` maps one to the
//! other.

mod changes;
pub(crate) mod desktop;
pub(crate) mod device;
mod grace;
pub(crate) mod mobile;
pub(crate) mod offset;
mod registry;
pub(crate) mod seal;
pub(crate) mod time_cursor;

pub(crate) use changes::change_id;
pub use registry::{DeviceOfUser, DeviceRow, devices, find_device, move_device};
