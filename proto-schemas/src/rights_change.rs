//! Reads changes of rights from the payloads of `IDENTITY_CHANGED`, and writes them. Central's tables of users, roles and
//! permissions follow from these events, and an audit follows them too.

use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role, RoleAt};
use comptoir_core::event::Content;
use comptoir_core::id::{Name, NodeId, SiteId, UserId};
use comptoir_core::rights::RightsChange;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::payload::IDENTITY_CHANGED;

/// Whether changes of such an entity raise the tenant's identity position: they change what a node knows of its users.
pub fn raises_identity_position(entity_type: &Name) -> bool {
    matches!(entity_type.as_str(), "TENANT" | "USER" | "ROLE" | "SIGNING_KEY")
}

#[derive(Deserialize)]
struct IdentityPayload {
    change: String,
    role: Option<String>,
    site: Option<Uuid>,
    operation: Option<String>,
    action: Option<String>,
    entity_type: Option<String>,
    scope: Option<String>,
    node: Option<Uuid>,
    #[serde(default)]
    permissions: Vec<PermissionPayload>,
}

#[derive(Deserialize)]
struct PermissionPayload {
    role: String,
    operation: String,
    action: Option<String>,
    entity_type: Option<String>,
    scope: String,
}

impl PermissionPayload {
    fn read(&self) -> Option<Permission> {
        Some(Permission {
            role: Role::new(&self.role).ok()?,
            operation: AccessOperation::parse(&self.operation)?,
            action: optional_name(self.action.as_deref())?,
            entity_type: optional_name(self.entity_type.as_deref())?,
            scope: AccessScope::parse(&self.scope)?,
        })
    }
}

/// The change of rights of an event's content; `None` for another action, and for changes of other things, such as a user's name.
pub fn rights_change(content: &Content) -> Option<RightsChange> {
    if content.action.as_str() != IDENTITY_CHANGED {
        return None;
    }
    let payload: IdentityPayload = serde_json::from_slice(&content.payload).ok()?;
    let id = || content.entity_id.as_str().parse::<Uuid>().ok();
    let user = || id().map(UserId::new);
    let role = || Role::new(payload.role.as_deref()?).ok();
    let held = || Some(RoleAt { role: role()?, site: payload.site.map(SiteId::new) });
    Some(match payload.change.as_str() {
        "tenant_created" => {
            RightsChange::TenantCreated(payload.permissions.iter().map(PermissionPayload::read).collect::<Option<_>>()?)
        }
        "user_created" => RightsChange::UserCreated(user()?),
        "user_disabled" => RightsChange::UserDisabled(user()?),
        "user_enabled" => RightsChange::UserEnabled(user()?),
        "user_erased" => RightsChange::UserErased(user()?),
        "role_assigned" => RightsChange::RoleAssigned(user()?, held()?),
        "role_removed" => RightsChange::RoleRemoved(user()?, held()?),
        "permission_allowed" => RightsChange::PermissionAllowed(
            PermissionPayload {
                role: payload.role.clone()?,
                operation: payload.operation.clone()?,
                action: payload.action.clone(),
                entity_type: payload.entity_type.clone(),
                scope: payload.scope.clone()?,
            }
            .read()?,
        ),
        "permission_denied" => RightsChange::PermissionDenied {
            role: role()?,
            operation: AccessOperation::parse(payload.operation.as_deref()?)?,
            action: optional_name(payload.action.as_deref())?,
            entity_type: optional_name(payload.entity_type.as_deref())?,
        },
        "device_enrolled" => RightsChange::DeviceEnrolled(NodeId::new(payload.node.or_else(id)?), held()?),
        // The entity of a device is named by the device; its log is the node's.
        "node_revoked" | "device_revoked" => RightsChange::NodeRevoked(NodeId::new(payload.node.or_else(id)?)),
        _ => return None,
    })
}

/// The members of a permission in a payload.
pub fn permission_members(permission: &Permission) -> Value {
    let Permission { role, operation, action, entity_type, scope } = permission;
    json!({
        "role": role.as_str(),
        "operation": operation.as_str(),
        "action": action.as_ref().map(Name::as_str),
        "entity_type": entity_type.as_ref().map(Name::as_str),
        "scope": scope.as_str(),
    })
}

/// `None` where the text is no name.
#[expect(clippy::option_option, reason = "an absent name is a value: any")]
fn optional_name(text: Option<&str>) -> Option<Option<Name>> {
    match text {
        Some(text) => Name::new(text).ok().map(Some),
        None => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use comptoir_core::access::default_permissions;

    use super::*;

    fn content(entity: (&str, &str), payload: &Value) -> Content {
        let name = |text: &str| Name::new(text).unwrap();
        Content::new(name(entity.0), name(entity.1), name(IDENTITY_CHANGED), payload.to_string().into_bytes())
    }

    #[test]
    fn the_permissions_of_a_new_tenant_read_back() {
        let rows: Vec<Value> = default_permissions().iter().map(permission_members).collect();
        let payload = json!({ "change": "tenant_created", "permissions": rows, "by": "console" });
        let change = rights_change(&content(("TENANT", "t"), &payload));
        assert_eq!(change, Some(RightsChange::TenantCreated(default_permissions())));
    }

    #[test]
    fn each_change_of_rights_is_read_with_its_ids_and_other_changes_are_none() {
        let id = "0199a8f0-0000-7000-8000-000000000001";
        let (user, node) = (UserId::new(id.parse().unwrap()), NodeId::new(id.parse().unwrap()));
        let held = RoleAt { role: Role::new("cashier").unwrap(), site: Some(SiteId::new(id.parse().unwrap())) };
        let of_user = |payload: Value| rights_change(&content(("USER", id), &payload));
        let assigned = json!({ "change": "role_assigned", "role": "cashier", "site": id, "by": "console" });
        assert_eq!(of_user(assigned), Some(RightsChange::RoleAssigned(user, held)));
        assert_eq!(of_user(json!({ "change": "user_erased", "by": "console" })), Some(RightsChange::UserErased(user)));
        assert_eq!(of_user(json!({ "change": "user_renamed", "by": "console" })), None);
        let revoked = json!({ "change": "node_revoked", "by": "console" });
        assert_eq!(rights_change(&content(("NODE", id), &revoked)), Some(RightsChange::NodeRevoked(node)));
        let device = json!({ "change": "device_revoked", "node": id, "by": "console" });
        assert_eq!(rights_change(&content(("DEVICE", "phone-1"), &device)), Some(RightsChange::NodeRevoked(node)));
        let enrolled = json!({ "change": "device_enrolled", "user": id, "role": "cashier", "site": id, "by": id });
        let role = RoleAt { role: Role::new("cashier").unwrap(), site: Some(SiteId::new(id.parse().unwrap())) };
        let change = rights_change(&content(("DEVICE", id), &enrolled));
        assert_eq!(change, Some(RightsChange::DeviceEnrolled(node, role)));
        let denied = json!({ "change": "permission_denied", "role": "cashier", "operation": "record", "action": null,
            "entity_type": "SALE", "by": "console" });
        assert!(matches!(
            rights_change(&content(("ROLE", "cashier"), &denied)),
            Some(RightsChange::PermissionDenied { action: None, entity_type: Some(_), .. })
        ));
    }
}
