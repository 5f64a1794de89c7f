//! Which sites' data a credential is shown: the one answer for every list and every single event.

use comptoir_core::access::{AccessOperation, AccessRequest};
use comptoir_core::id::{Name, SiteId};
use uuid::Uuid;

use super::{Access, Credential};

/// The sites that a caller sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum SiteView {
    /// All, and what belongs to none.
    All,
    /// These alone.
    Only(Vec<SiteId>),
}

impl SiteView {
    /// The sites as a parameter of a query; `None` for all.
    pub(crate) fn ids(&self) -> Option<Vec<Uuid>> {
        match self {
            SiteView::All => None,
            SiteView::Only(sites) => Some(sites.iter().map(|site| site.uuid()).collect()),
        }
    }

    /// Whether a caller sees what belongs to this site; `None`: to no site.
    pub(crate) fn shows(&self, site: Option<SiteId>) -> bool {
        match self {
            SiteView::All => true,
            SiteView::Only(sites) => site.is_some_and(|site| sites.contains(&site)),
        }
    }
}

impl Credential {
    /// The sites for an operation, about entities of every type. A node sees its own site, whatever the operation.
    pub(crate) fn sites_for(&self, operation: AccessOperation) -> SiteView {
        self.sites_about(AccessRequest::new(operation))
    }

    /// The sites whose events of this type the caller reads.
    pub(crate) fn reads_events_of(&self, entity_type: &Name) -> SiteView {
        self.sites_about(AccessRequest::new(AccessOperation::Read).about(entity_type))
    }

    fn sites_about(&self, request: AccessRequest<'_>) -> SiteView {
        match &self.access {
            Access::Admin => SiteView::All,
            Access::Node { site, .. } => SiteView::Only(site.iter().copied().collect()),
            Access::User(user) if user.allows(&request) => SiteView::All,
            Access::User(user) => {
                let allowed = |site: &SiteId| user.allows(&request.at(Some(*site)));
                SiteView::Only(user.sites().into_iter().filter(allowed).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use comptoir_core::id::{NodeId, TenantId};

    use super::*;

    #[test]
    fn a_node_sees_its_own_site_and_an_administrator_all() {
        let own = SiteId::new(Uuid::from_u128(1));
        let (other, node) = (SiteId::new(Uuid::from_u128(2)), NodeId::new(Uuid::from_u128(3)));
        let credential = |access| Credential {
            tenant: TenantId::new(Uuid::from_u128(7)),
            key_id: "k".into(),
            access,
            is_revoked: false,
        };
        let of_node = credential(Access::Node { node, site: Some(own) }).sites_for(AccessOperation::Audit);
        assert!(of_node.shows(Some(own)) && !of_node.shows(Some(other)) && !of_node.shows(None));
        let of_central = credential(Access::Node { node, site: None }).sites_for(AccessOperation::Read);
        assert!(!of_central.shows(None) && !of_central.shows(Some(own)));
        let of_admin = credential(Access::Admin).sites_for(AccessOperation::Read);
        assert!(of_admin.shows(None) && of_admin.shows(Some(other)));
    }
}
