//! Signatures and photos, by the BLAKE3 of their bytes: kept in the database in chunks, whole or not at all.
//!
//! A file is read within the memory that all requests share, checked, and written in one transaction: a slow sender holds no
//! connection. It is sent chunk by chunk, each read by itself: a slow reader holds none either. `docs/adr/0010` says why the database.

mod routes;
mod store;

pub(crate) use routes::router;
