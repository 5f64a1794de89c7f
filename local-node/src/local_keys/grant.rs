use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role};
use comptoir_core::id::Name;

/// One thing that a key may do, as a text: `read`, `record`, `record:SALE_RECORDED`, or `record:CREATE:CLIENT`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeyGrant {
    operation: AccessOperation,
    action: Option<Name>,
    entity_type: Option<Name>,
}

/// What a local key can be allowed. A node serves nothing for the other operations.
const OPERATIONS: [AccessOperation; 5] = [
    AccessOperation::Read,
    AccessOperation::Record,
    AccessOperation::Audit,
    AccessOperation::Export,
    AccessOperation::Administer,
];

/// A text that is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is nothing that a local key can be allowed: read, record, record:ACTION, record:ACTION:ENTITY_TYPE, audit, export or administer"
)]
pub struct GrantError(pub String);

impl KeyGrant {
    /// What a till program needs: it records and reads, and neither exports the log nor manages keys.
    pub fn of_till() -> Vec<KeyGrant> {
        [AccessOperation::Read, AccessOperation::Record].map(KeyGrant::any).into()
    }

    /// Everything.
    pub(super) fn of_administrator() -> Vec<KeyGrant> {
        OPERATIONS.map(KeyGrant::any).into()
    }

    fn any(operation: AccessOperation) -> KeyGrant {
        KeyGrant { operation, action: None, entity_type: None }
    }

    /// Reads a text.
    pub fn parse(text: &str) -> Result<KeyGrant, GrantError> {
        let mut parts = text.splitn(3, ':');
        let operation = parts.next().and_then(AccessOperation::parse).filter(|known| OPERATIONS.contains(known));
        let mut name = || parts.next().map(Name::new).transpose();
        match (operation, name(), name()) {
            (Some(operation), Ok(action), Ok(entity_type))
                if action.is_none() || operation == AccessOperation::Record =>
            {
                Ok(KeyGrant { operation, action, entity_type })
            }
            _ => Err(GrantError(text.chars().take(200).collect())),
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        let names = self.action.iter().chain(&self.entity_type).map(Name::as_str);
        std::iter::once(self.operation.as_str()).chain(names).collect::<Vec<_>>().join(":")
    }

    pub(super) fn permission(&self, role: Role) -> Permission {
        let KeyGrant { operation, action, entity_type } = self.clone();
        Permission { role, operation, action, entity_type, scope: AccessScope::OwnSite }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reads_back() {
        for text in ["read", "record", "record:SALE_RECORDED", "record:CREATE:CLIENT", "audit", "export", "administer"]
        {
            assert_eq!(KeyGrant::parse(text).map(|grant| grant.text()), Ok(text.to_owned()));
        }
        for wrong in ["", "write", "read:X", "record:", "record::CLIENT", "sync", "Read"] {
            assert!(KeyGrant::parse(wrong).is_err(), "{wrong}");
        }
    }
}
