//! What a node may see.

use comptoir_core::id::SiteId;
use uuid::Uuid;

/// Raised when a node may see other kinds of rows than before: every node then loads again.
const VERSION: u32 = 1;

/// The rows of one site: entities of every type, deliveries, the site's invoices, its stock and the tenant's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Scope {
    /// The shop; without one there are no invoices, and of stock only the tenant's own.
    pub(crate) site: Option<SiteId>,
    /// Whether its reader is shown which conflicts are open about an entity, and so has to hear when one is opened or closed: a
    /// node is. A device is given fields alone, and an entity's position is its version.
    pub(crate) shows_conflicts: bool,
}

impl Scope {
    /// What a cursor remembers of it: a node that is moved to another site loads again.
    pub(crate) fn name(self) -> String {
        match self.site {
            Some(site) => format!("{VERSION}-{}", site.uuid().simple()),
            None => format!("{VERSION}-none"),
        }
    }

    /// The site as the queries take it.
    pub(super) fn site_column(self) -> Option<Uuid> {
        self.site.map(SiteId::uuid)
    }
}
