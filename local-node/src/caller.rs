//! Who makes a request, and what they may do: the holder of a local key, or a user.

use std::sync::Arc;

use comptoir_core::access::{AccessOperation, AccessRequest, Permission, Role, RoleAt, allows, allows_somewhere};
use comptoir_core::event::{Content, KEY_USER};
use comptoir_core::id::{Name, SiteId, UserId};

use crate::local_keys::LocalKeyId;

/// The holder of a credential at this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallerId {
    /// The holder of a local key.
    Key(LocalKeyId),
    /// A user of the node's site.
    User(UserId),
}

/// Who makes a request.
#[derive(Clone, Debug)]
pub struct Caller {
    id: CallerId,
    permissions: Arc<[Permission]>,
    roles: Arc<[RoleAt]>,
    /// On a user's device: the only roles that the device has.
    device_roles: Option<Arc<[Role]>>,
    identity_position: u64,
}

impl Caller {
    /// The holder of a local key, whose grants are a role of its own.
    pub(crate) fn of_key(key: LocalKeyId, permissions: Arc<[Permission]>, roles: Arc<[RoleAt]>) -> Caller {
        Caller { id: CallerId::Key(key), permissions, roles, device_roles: None, identity_position: 0 }
    }

    /// A user, by what this node knows of the tenant's rights.
    pub(crate) fn of_user(
        user: UserId,
        permissions: Arc<[Permission]>,
        roles: Arc<[RoleAt]>,
        identity_position: u64,
    ) -> Caller {
        Caller { id: CallerId::User(user), permissions, roles, device_roles: None, identity_position }
    }

    /// The same user on a device, which has these roles and no other of its user's.
    pub(crate) fn on_device(self, device_roles: Arc<[Role]>) -> Caller {
        let roles = self.roles.iter().filter(|held| device_roles.contains(&held.role)).cloned().collect();
        Caller { roles, device_roles: Some(device_roles), ..self }
    }

    /// The same caller as `now`, who has the rights of now, on this caller's device.
    pub(crate) fn again(&self, now: Caller) -> Caller {
        match &self.device_roles {
            Some(device_roles) => now.on_device(device_roles.clone()),
            None => now,
        }
    }

    /// Who it is.
    pub fn id(&self) -> CallerId {
        self.id
    }

    /// The local key, unless it is a user.
    pub fn key(&self) -> Option<LocalKeyId> {
        match self.id {
            CallerId::Key(key) => Some(key),
            CallerId::User(_) => None,
        }
    }

    /// The user, unless it is a local key.
    pub fn user(&self) -> Option<UserId> {
        match self.id {
            CallerId::User(user) => Some(user),
            CallerId::Key(_) => None,
        }
    }

    /// The user in the events that the caller records. A key names itself only if the event names nobody.
    pub(crate) fn name(&self) -> Name {
        let text = match self.id {
            CallerId::Key(key) => format!("{KEY_USER}{key}"),
            CallerId::User(user) => user.to_string(),
        };
        Name::new(text).expect("hexadecimal text and a UUID are names")
    }

    /// Up to which position this node knew users and rights; 0 for a key, whose grants are the node's own.
    pub(crate) fn identity_position(&self) -> u64 {
        self.identity_position
    }

    /// Whether the caller may do this; for recording and reading: something of it.
    pub fn may(&self, operation: AccessOperation) -> bool {
        allows_somewhere(&self.permissions, &self.roles, operation)
    }

    /// Whether the caller may read entities of a type at a site.
    pub(crate) fn may_read(&self, entity_type: &Name, site: SiteId) -> bool {
        self.allows(&AccessRequest::new(AccessOperation::Read).about(entity_type).at(Some(site)))
    }

    /// Whether the caller may see what goods cost: a user who may see reports, where the value of stock is, or the holder of a
    /// local key, which is a program's.
    pub(crate) fn sees_costs(&self) -> bool {
        self.key().is_some() || self.may(AccessOperation::Report)
    }

    /// Whether the caller may record an event.
    pub fn may_record(&self, content: &Content) -> bool {
        self.allows(&AccessRequest::record(&content.action, &content.entity_type, content.site))
    }

    fn allows(&self, request: &AccessRequest<'_>) -> bool {
        allows(&self.permissions, &self.roles, request)
    }

    /// The permissions that apply to the caller at a site.
    pub(crate) fn permissions_at(&self, site: SiteId) -> impl Iterator<Item = &Permission> {
        self.permissions.iter().filter(move |permission| {
            let (action, entity_type) = (permission.action.as_ref(), permission.entity_type.as_ref());
            let request = AccessRequest { operation: permission.operation, action, entity_type, site: Some(site) };
            allows(std::slice::from_ref(permission), &self.roles, &request)
        })
    }
}

impl std::fmt::Display for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.id {
            CallerId::Key(key) => write!(f, "local key {key}"),
            CallerId::User(user) => write!(f, "user {user}"),
        }
    }
}
