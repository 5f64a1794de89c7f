//! A node's identity: `TENANT_ID`, `SITE_ID` and `NODE_ID`, issued with its key. The log stores them at the first start.

use comptoir_core::id::{NodeId, SiteId, TenantId};
use uuid::Uuid;

use super::{ConfigError, required};
use crate::event_log::Identity;

pub(super) fn from_settings(get: &dyn Fn(&str) -> Option<String>) -> Result<Identity, ConfigError> {
    Ok(Identity {
        tenant: TenantId::new(id(get, "TENANT_ID")?),
        site: SiteId::new(id(get, "SITE_ID")?),
        node: NodeId::new(id(get, "NODE_ID")?),
    })
}

fn id(get: &dyn Fn(&str) -> Option<String>, setting: &'static str) -> Result<Uuid, ConfigError> {
    let value = required(get, setting, "a UUID, printed by `comptoir admin node create`")?;
    Uuid::parse_str(&value).map_err(|_| ConfigError::Invalid { setting, value, needed: "a UUID is needed" })
}
