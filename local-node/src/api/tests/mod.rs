//! What is a node's own, beside the contract that it shares with central: its log's states, its reads, its queue and its export.

mod blobs;
mod door;
mod editing;
mod log_states;
mod openapi;
mod reads;
mod saved_forms;
mod streams;

use door::{Reply, Shop, sale};
