//! Computes read models from the log.
//!
//! Deciding read models (stock, deliveries, invoices, entities, quarantine) change in the ingest transaction; reporting ones
//! (sales) follow by a cursor: [`runner`]. Any of them can be rebuilt: [`rebuild`] fills a new version next to the active
//! one, [`compare`] checks whether both are equal byte by byte, and [`switch`] makes the other version active. Nothing is
//! decided here: stored decisions are applied as they are.

pub mod compare;
mod cursor;
pub(crate) mod fold;
pub(crate) mod head_watch;
mod parked;
pub mod progress;
pub(crate) mod read;
pub mod rebuild;
pub mod runner;
mod sales;
pub mod sales_lines;
pub mod status;
pub mod switch;

use std::fmt;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::store_check_v1::StoreFinding;

use crate::database::{StoreError, as_bigint, natural};

pub use crate::event_store::PageSize;
pub(crate) use status::active_version;

/// A read model, named in `projection_version`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Projection {
    /// Stock in lots, what each sale consumed, and proposed counts.
    Stock,
    /// Deliveries.
    Deliveries,
    /// Invoices and their series.
    Invoices,
    /// Everything made of fields, such as clients and products.
    Entities,
    /// Events in quarantine, and whether they were released.
    Quarantine,
    /// The lines of the sales report.
    Sales,
}

/// One table of a projection. Its rows begin with `tenant_id` and `version`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ProjectionTable {
    pub(crate) name: &'static str,
    /// The rest of the table's primary key: the order in which rows are compared.
    pub(crate) key: &'static str,
}

impl Projection {
    /// Every projection.
    pub const ALL: [Projection; 6] = [
        Projection::Stock,
        Projection::Deliveries,
        Projection::Invoices,
        Projection::Entities,
        Projection::Quarantine,
        Projection::Sales,
    ];

    /// The projection's name in the database and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Projection::Stock => "stock",
            Projection::Deliveries => "deliveries",
            Projection::Invoices => "invoices",
            Projection::Entities => "entities",
            Projection::Quarantine => "quarantine",
            Projection::Sales => "sales",
        }
    }

    /// Parses a projection's name. Clients and products are entities.
    pub fn parse(name: &str) -> Option<Projection> {
        match name {
            "clients" | "products" => Some(Projection::Entities),
            _ => Projection::ALL.into_iter().find(|projection| projection.name() == name),
        }
    }

    /// Whether decisions read its state: it then changes in the ingest transaction and is complete to the tenant's head.
    pub fn is_deciding(self) -> bool {
        match self {
            Projection::Stock
            | Projection::Deliveries
            | Projection::Invoices
            | Projection::Entities
            | Projection::Quarantine => true,
            Projection::Sales => false,
        }
    }

    /// A table that is filled and dropped with a version but not compared: snapshots are an index into the log, not a result.
    pub(crate) fn companion_table(self) -> Option<&'static str> {
        (self == Projection::Entities).then_some("entity_snapshot")
    }

    pub(crate) fn tables(self) -> &'static [ProjectionTable] {
        match self {
            Projection::Stock => &[
                ProjectionTable { name: "stock_item", key: "site_id, product" },
                ProjectionTable { name: "stock_consumed", key: "site_id, sale" },
                ProjectionTable { name: "stock_count", key: "event_id" },
            ],
            Projection::Deliveries => &[ProjectionTable { name: "delivery", key: "delivery_id" }],
            Projection::Invoices => &[
                ProjectionTable { name: "invoice", key: "invoice_id" },
                ProjectionTable { name: "invoice_series", key: "document, site_id, year" },
            ],
            Projection::Entities => &[ProjectionTable { name: "entity", key: "entity_type, entity_id" }],
            Projection::Quarantine => &[ProjectionTable { name: "quarantine", key: "event_id" }],
            Projection::Sales => &[ProjectionTable { name: "sales_line", key: "position, line" }],
        }
    }
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One version of a projection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version {
    /// The projection.
    pub projection: Projection,
    /// The version's number, from 1; each rebuild creates the next.
    pub number: i32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.projection, self.number)
    }
}

/// Why an operation on a projection failed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another owner has claimed this cursor; this one stops.
    #[error("tenant {tenant}: another owner moves the cursor of {of}")]
    Fenced {
        /// The version.
        of: Version,
        /// The tenant.
        tenant: TenantId,
    },
    /// The version does not exist.
    #[error("tenant {tenant}: there is no {of}")]
    NoVersion {
        /// The version.
        of: Version,
        /// The tenant.
        tenant: TenantId,
    },
    /// The version is active, so it cannot be built or dropped.
    #[error("tenant {tenant}: {of} is the one that is read")]
    Active {
        /// The version.
        of: Version,
        /// The tenant.
        tenant: TenantId,
    },
    /// The tenant does not exist.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// A row differs from its sealed bytes, or cannot be decoded: the store is damaged.
    #[error("{0}")]
    Damaged(Box<StoreFinding>),
    /// A task of this process panicked or was cancelled.
    #[error("a task ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<tokio_postgres::Error> for ProjectionError {
    fn from(error: tokio_postgres::Error) -> Self {
        ProjectionError::Store(error.into())
    }
}

/// A position from a Postgres bigint.
pub(crate) fn position_of(number: i64) -> Result<Position, StoreError> {
    natural(number).map(Position)
}

/// A position as a Postgres bigint.
pub(crate) fn position_sql(position: Position) -> i64 {
    as_bigint(position.0)
}
