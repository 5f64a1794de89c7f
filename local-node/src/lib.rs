//! A shop's node: it sells without the network and loses no acknowledged event.

mod api;
mod blobs;
mod blocking;
mod caller;
pub mod config;
mod demo_link;
pub mod event_log;
pub mod local_keys;
mod node;
mod notifications;
mod read_models;
mod receipt_printer;
pub mod retirement;
mod sessions;
pub mod sync_agent;
mod sync_worker;
mod till;
mod users;

pub use api::{BODIES_KIB, router, router_with};
pub use config::{ConfigError, NodeConfig, NodeSettings, SyncConfig};
pub use demo_link::DemoLink;
pub use node::{Node, StartError, refuse_destroyed};
