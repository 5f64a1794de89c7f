//! `TENANT_ID`, `SITE_ID` and `NODE_ID`, issued with the node's key. Each may be absent: the log stores them at the first start,
//! and before that central knows whose the key is.

use comptoir_core::id::{NodeId, SiteId, TenantId};
use uuid::Uuid;

use super::ConfigError;
use crate::event_log::Identity;

/// The parts of an identity that the settings have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GivenIdentity {
    /// `TENANT_ID`.
    pub tenant: Option<TenantId>,
    /// `SITE_ID`.
    pub site: Option<SiteId>,
    /// `NODE_ID`.
    pub node: Option<NodeId>,
}

impl GivenIdentity {
    pub(super) fn from_settings(get: &dyn Fn(&str) -> Option<String>, wrong: &mut Vec<ConfigError>) -> GivenIdentity {
        let mut id = |setting: &'static str| {
            let value = get(setting)?;
            let id = Uuid::parse_str(&value).map_err(|_| ConfigError::Invalid {
                setting,
                value,
                needed: "a UUID is needed",
            });
            id.map_err(|error| wrong.push(error)).ok()
        };
        GivenIdentity {
            tenant: id("TENANT_ID").map(TenantId::new),
            site: id("SITE_ID").map(SiteId::new),
            node: id("NODE_ID").map(NodeId::new),
        }
    }

    /// The identity, if every part was given.
    pub fn complete(self) -> Option<Identity> {
        Some(Identity { tenant: self.tenant?, site: self.site?, node: self.node? })
    }

    /// The names of the absent parts.
    pub fn missing(self) -> Vec<&'static str> {
        let parts =
            [("TENANT_ID", self.tenant.is_some()), ("SITE_ID", self.site.is_some()), ("NODE_ID", self.node.is_some())];
        parts.into_iter().filter(|(_, is_given)| !is_given).map(|(setting, _)| setting).collect()
    }

    /// The parts that were given, and the others from elsewhere.
    pub fn or(self, known: Identity) -> Identity {
        Identity {
            tenant: self.tenant.unwrap_or(known.tenant),
            site: self.site.unwrap_or(known.site),
            node: self.node.unwrap_or(known.node),
        }
    }
}
