//! The rows that a node may see.

use comptoir_core::id::{NodeId, SiteId};
use uuid::Uuid;

/// Raised when nodes may see other kinds of rows than before: every node then bootstraps again.
const VERSION: u32 = 1;

/// The rows of one site: entities of every type, deliveries, the site's invoices, its stock and the tenant's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Scope {
    /// The site; without one there are no invoices but a phone's own, and only the tenant's own stock.
    pub(crate) site: Option<SiteId>,
    /// The node whose own invoices of no site the reader receives too: a phone's, made before it was given to a shop.
    pub(crate) own_invoices: Option<NodeId>,
    /// Whether the reader sees an entity's open conflicts, and so has to receive their opening and closing. Nodes do; devices
    /// receive only fields, and an entity's position is its version.
    pub(crate) shows_conflicts: bool,
}

impl Scope {
    /// The scope's name in a cursor: a node that moves to another site bootstraps again.
    pub(crate) fn name(self) -> String {
        match self.site {
            Some(site) => format!("{VERSION}-{}", site.uuid().simple()),
            None => format!("{VERSION}-none"),
        }
    }

    /// The site as a query parameter.
    pub(super) fn site_column(self) -> Option<Uuid> {
        self.site.map(SiteId::uuid)
    }
}
