//! Behaviour that only a node has, beyond the contract it shares with central: log states, reads, queue and export.

mod access;
mod blobs;
mod editing;
mod log_states;
mod openapi;
mod prices;
mod printing;
mod reads;
mod receipts;
mod receptions;
mod sales_list;
mod saved_forms;
mod shop;
mod streams;
mod till;
mod tokens;
mod users;

use shop::{Reply, Shop, sale};
