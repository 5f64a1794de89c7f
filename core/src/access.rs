//! Who may do what. A role is data: a set of permissions, each for one operation, narrowed by action, entity type and scope.
//!
//! Both servers ask [`allows`] and nothing else. What no permission names is refused.

use std::fmt;

use crate::id::{Name, SiteId};

/// Characters of a role's name.
pub const ROLE_CHARS_MAX: usize = 32;

/// The name of a role: a lower-case letter, then lower-case letters, digits, `-` or `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(Name);

/// Why a text is no role's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a role has 1 to {ROLE_CHARS_MAX} characters: a lower-case letter, then lower-case letters, digits, - or _; got {0:?}"
)]
pub struct RoleError(pub String);

impl Role {
    /// Checks a text and wraps it.
    pub fn new(text: &str) -> Result<Role, RoleError> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let rest = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        let name = Name::new(text).ok().filter(|_| first && rest && text.len() <= ROLE_CHARS_MAX);
        name.map(Role).ok_or_else(|| RoleError(text.chars().take(ROLE_CHARS_MAX * 2).collect()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The role that may administer a new tenant.
pub const ADMIN: &str = "admin";

/// What a request does. The words are stored and sent: they never change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessOperation {
    /// Reads rows, single events and files.
    Read,
    /// Reads reports.
    Report,
    /// Records an event. The only operation with an action; its entity type is the event's.
    Record,
    /// Synchronises the log of a device: push, pull and bootstrap.
    Sync,
    /// Chooses a side of a conflict.
    DecideConflict,
    /// Releases an event from quarantine.
    ReleaseQuarantine,
    /// Reads the log, audit entries, security events and the synchronisation log.
    Audit,
    /// Exports the log.
    Export,
    /// Manages users, roles, devices, nodes and keys.
    Administer,
}

impl AccessOperation {
    /// Every operation.
    pub const ALL: [AccessOperation; 9] = [
        AccessOperation::Read,
        AccessOperation::Report,
        AccessOperation::Record,
        AccessOperation::Sync,
        AccessOperation::DecideConflict,
        AccessOperation::ReleaseQuarantine,
        AccessOperation::Audit,
        AccessOperation::Export,
        AccessOperation::Administer,
    ];

    /// The word in tables, commands and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            AccessOperation::Read => "read",
            AccessOperation::Report => "report",
            AccessOperation::Record => "record",
            AccessOperation::Sync => "sync",
            AccessOperation::DecideConflict => "decide_conflict",
            AccessOperation::ReleaseQuarantine => "release_quarantine",
            AccessOperation::Audit => "audit",
            AccessOperation::Export => "export",
            AccessOperation::Administer => "administer",
        }
    }

    /// The operation of that word.
    pub fn parse(text: &str) -> Option<AccessOperation> {
        AccessOperation::ALL.into_iter().find(|operation| operation.as_str() == text)
    }
}

/// How far a permission reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessScope {
    /// The site at which the user has the role.
    OwnSite,
    /// All sites, and what belongs to no site.
    Tenant,
}

impl AccessScope {
    /// The word in tables, commands and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            AccessScope::OwnSite => "own_site",
            AccessScope::Tenant => "tenant",
        }
    }

    /// The scope of that word.
    pub fn parse(text: &str) -> Option<AccessScope> {
        [AccessScope::OwnSite, AccessScope::Tenant].into_iter().find(|scope| scope.as_str() == text)
    }
}

/// One row of the table of roles.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Permission {
    /// Who has it.
    pub role: Role,
    /// What it allows.
    pub operation: AccessOperation,
    /// Only this action; `None` for any. Other operations than recording have no action, so this is `None` for them.
    pub action: Option<Name>,
    /// Only this entity type; `None` for any.
    pub entity_type: Option<Name>,
    /// How far it reaches.
    pub scope: AccessScope,
}

/// A role of a user, an API key or a device.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RoleAt {
    /// The role.
    pub role: Role,
    /// The own site; `None` for a role that is held at every site of the tenant.
    pub site: Option<SiteId>,
}

impl RoleAt {
    /// Whether it is the same role, held at this site or at every site.
    pub fn is_part_of(&self, held: &RoleAt) -> bool {
        self.role == held.role && (held.site.is_none() || held.site == self.site)
    }
}

/// What a caller asks to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessRequest<'a> {
    /// What it does.
    pub operation: AccessOperation,
    /// The action of the event to be recorded.
    pub action: Option<&'a Name>,
    /// The entity type; `None` if the request is about entities of every type.
    pub entity_type: Option<&'a Name>,
    /// The site; `None` if the request is about the whole tenant.
    pub site: Option<SiteId>,
}

impl<'a> AccessRequest<'a> {
    /// An operation on the whole tenant, about entities of every type.
    pub fn new(operation: AccessOperation) -> AccessRequest<'a> {
        AccessRequest { operation, action: None, entity_type: None, site: None }
    }

    /// Recording an event.
    pub fn record(action: &'a Name, entity_type: &'a Name, site: Option<SiteId>) -> AccessRequest<'a> {
        AccessRequest { operation: AccessOperation::Record, action: Some(action), entity_type: Some(entity_type), site }
    }

    /// The same, about one entity type.
    #[must_use]
    pub fn about(self, entity_type: &'a Name) -> AccessRequest<'a> {
        AccessRequest { entity_type: Some(entity_type), ..self }
    }

    /// The same, at one site.
    #[must_use]
    pub fn at(self, site: Option<SiteId>) -> AccessRequest<'a> {
        AccessRequest { site, ..self }
    }
}

/// Whether one of the roles has a permission for the request.
pub fn allows(permissions: &[Permission], roles: &[RoleAt], request: &AccessRequest<'_>) -> bool {
    permissions.iter().any(|permission| permission.allows(roles, request))
}

/// Whether one of the roles has a permission for the operation anywhere: for some site, action or entity type. Requests that
/// name none of these are refused or narrowed later.
pub fn allows_somewhere(permissions: &[Permission], roles: &[RoleAt], operation: AccessOperation) -> bool {
    let held = |permission: &Permission| roles.iter().any(|held| held.role == permission.role);
    permissions.iter().any(|permission| permission.operation == operation && held(permission))
}

impl Permission {
    /// Whether one of the roles has this permission for the request.
    pub(crate) fn allows<'r>(&self, roles: impl IntoIterator<Item = &'r RoleAt>, request: &AccessRequest<'_>) -> bool {
        self.matches(request) && self.reaches(roles, request.site)
    }

    fn matches(&self, request: &AccessRequest<'_>) -> bool {
        let covers = |own: &Option<Name>, asked: Option<&Name>| own.is_none() || own.as_ref() == asked;
        self.operation == request.operation
            && covers(&self.action, request.action)
            && covers(&self.entity_type, request.entity_type)
    }

    fn reaches<'r>(&self, roles: impl IntoIterator<Item = &'r RoleAt>, site: Option<SiteId>) -> bool {
        let at = |held: &RoleAt| match self.scope {
            AccessScope::Tenant => true,
            AccessScope::OwnSite => held.site.is_none() || held.site == site,
        };
        roles.into_iter().any(|held| held.role == self.role && at(held))
    }
}

/// The permissions of a new tenant. An administrator changes them.
pub fn default_permissions() -> Vec<Permission> {
    use AccessOperation::{Audit, DecideConflict, Export, Read, Record, ReleaseQuarantine, Report, Sync};
    use AccessScope::{OwnSite, Tenant};
    let name = |text: &str| Name::new(text).expect("a valid name");
    let mut table = Vec::new();
    let mut allow = |roles: &[&str], operation, what: Option<(&str, &str)>, scope| {
        let named = |text: &str| (text != "*").then(|| name(text));
        let (action, entity_type) = what.map_or((None, None), |(action, of)| (named(action), named(of)));
        table.extend(roles.iter().map(|role| Permission {
            role: Role::new(role).expect("a valid role"),
            operation,
            action: action.clone(),
            entity_type: entity_type.clone(),
            scope,
        }));
    };
    let shop = ["cashier", "seller", "driver", "warehouse", "secretary", "manager"];
    allow(&shop, Read, None, OwnSite);
    allow(&shop, Sync, None, OwnSite);
    // Master data belongs to no site.
    for shared in ["PRODUCT", "CLIENT"] {
        allow(&shop, Read, Some(("*", shared)), Tenant);
    }
    allow(&shop, Record, Some(("AUDIT_RECORDED", "AUDIT")), OwnSite);
    for action in ["SALE_RECORDED", "SALE_REFUNDED", "SALE_CANCELLED"] {
        allow(&["cashier"], Record, Some((action, "SALE")), OwnSite);
    }
    allow(&["cashier", "manager"], Record, Some(("TRAINING_SALE_RECORDED", "TRAINING")), OwnSite);
    for action in ["TILL_OPENED", "TILL_CLOSED"] {
        allow(&["cashier", "manager"], Record, Some((action, "TILL_SESSION")), OwnSite);
    }
    for action in ["CREATE", "UPDATE"] {
        allow(&["seller", "secretary"], Record, Some((action, "CLIENT")), OwnSite);
    }
    allow(&["seller", "secretary"], Record, Some(("INVOICE_CREATED", "INVOICE")), OwnSite);
    allow(&["secretary"], Record, Some(("INVOICE_CANCELLED", "INVOICE")), OwnSite);
    // The files of a school: pupils, enrolments, and other entities that consist of fields.
    for action in ["CREATE", "UPDATE", "DELETE"] {
        allow(&["secretary"], Record, Some((action, "*")), OwnSite);
    }
    allow(&["driver"], Record, Some(("DELIVERY_VALIDATED", "DELIVERY")), OwnSite);
    for action in ["GOODS_RECEIVED", "GOODS_RETURNED"] {
        allow(&["warehouse"], Record, Some((action, "RECEPTION")), OwnSite);
    }
    for action in ["STOCK_COUNTED", "STOCK_WRITTEN_OFF"] {
        allow(&["warehouse"], Record, Some((action, "STOCK")), OwnSite);
    }
    // A manager corrects and decides. Goods are received and counted by the warehouse alone.
    for action in ["SALE_RECORDED", "SALE_REFUNDED", "SALE_CANCELLED", "REVENUE_ADJUSTED"] {
        allow(&["manager"], Record, Some((action, "SALE")), OwnSite);
    }
    allow(&["manager"], Record, Some(("CASH_MOVED", "TILL_SESSION")), OwnSite);
    allow(&["manager"], Record, Some((crate::fact::PRICE_OVERRIDDEN, "SALE")), OwnSite);
    for action in ["INVOICE_CREATED", "INVOICE_CANCELLED"] {
        allow(&["manager"], Record, Some((action, "INVOICE")), OwnSite);
    }
    allow(&["manager"], Record, Some(("DELIVERY_VALIDATED", "DELIVERY")), OwnSite);
    for action in ["CREATE", "UPDATE", "DELETE"] {
        allow(&["manager"], Record, Some((action, "*")), OwnSite);
    }
    for operation in [Report, DecideConflict, ReleaseQuarantine] {
        allow(&["manager"], operation, None, OwnSite);
    }
    for operation in [Read, Report, Audit, Export] {
        allow(&["auditor"], operation, None, Tenant);
    }
    for operation in AccessOperation::ALL {
        allow(&[ADMIN], operation, None, Tenant);
    }
    table
}

#[cfg(test)]
mod tests;
