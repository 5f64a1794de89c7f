//! Rights over time, and how central judges an event by them.
//!
//! A right begins and ends at the position of the event that changed it. So the rights at any earlier position are known for
//! ever, and an event that was recorded offline is judged by the rights that its node knew. [`RightsHistory::apply`] builds the
//! history from these events; central's tables are another copy of the same.

use std::collections::BTreeMap;

use crate::access::{AccessOperation, AccessRequest, Permission, Role, RoleAt, default_permissions};
use crate::decision::Code;
use crate::event::Event;
use crate::fact::{Fact, Objection, PRICE_OVERRIDDEN};
use crate::id::{Name, NodeId, UserId};
use crate::position::Position;

/// From the position of the event that gave the right to that of the event that ended it; `None` if it lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RightsPeriod {
    /// The right exists at this position.
    pub from: Position,
    /// The right does not exist at this position any more.
    pub to: Option<Position>,
}

impl RightsPeriod {
    fn contains(self, moment: Moment) -> bool {
        match moment {
            Moment::At(position) => self.from <= position && self.to.is_none_or(|to| position < to),
            Moment::Now => self.to.is_none(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Moment {
    At(Position),
    Now,
}

/// A change of who may do what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RightsChange {
    /// A new tenant's roles: these permissions and no others.
    TenantCreated(Vec<Permission>),
    /// A new user, without roles.
    UserCreated(UserId),
    /// The user has no rights for now.
    UserDisabled(UserId),
    /// The user has the rights of the user's roles again.
    UserEnabled(UserId),
    /// The user has no rights for ever.
    UserErased(UserId),
    /// A user has a role.
    RoleAssigned(UserId, RoleAt),
    /// A user has a role no more.
    RoleRemoved(UserId, RoleAt),
    /// A role may do something; a permission that differs only in its scope ends.
    PermissionAllowed(Permission),
    /// A role may not do something any more, whatever the scope was.
    PermissionDenied {
        /// The role.
        role: Role,
        /// The operation.
        operation: AccessOperation,
        /// The action of the permission.
        action: Option<Name>,
        /// The entity type of the permission.
        entity_type: Option<Name>,
    },
    /// A user's device has this role of its user's, at its site, and no other.
    DeviceEnrolled(NodeId, RoleAt),
    /// Nothing of this node's log takes effect from here on.
    NodeRevoked(NodeId),
}

/// A thing that was held during periods: by its first position, the position of its end.
type Held<T> = BTreeMap<(T, Position), Option<Position>>;

/// The users, roles and permissions of a tenant at every position.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RightsHistory {
    users: BTreeMap<UserId, UserHistory>,
    permissions: Held<Permission>,
    devices: BTreeMap<NodeId, RoleAt>,
    revoked_nodes: BTreeMap<NodeId, Position>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct UserHistory {
    created: Position,
    disabled: Held<()>,
    roles: Held<RoleAt>,
}

impl RightsHistory {
    /// Of a tenant without events: its roles have the default permissions.
    pub fn of_new_tenant() -> RightsHistory {
        let mut history = RightsHistory::default();
        let period = RightsPeriod { from: Position::ZERO, to: None };
        default_permissions().into_iter().for_each(|permission| history.add_permission(permission, period));
        history
    }

    /// Adds a user, created at a position. Periods are added after their user.
    pub fn add_user(&mut self, user: UserId, created: Position) {
        self.users.entry(user).or_default().created = created;
    }

    /// Adds a period in which a user was disabled.
    pub fn add_disabled(&mut self, user: UserId, period: RightsPeriod) {
        self.users.entry(user).or_default().disabled.insert(((), period.from), period.to);
    }

    /// Adds a period in which a user had a role.
    pub fn add_role(&mut self, user: UserId, held: RoleAt, period: RightsPeriod) {
        self.users.entry(user).or_default().roles.insert((held, period.from), period.to);
    }

    /// Adds a period in which a role had a permission.
    pub fn add_permission(&mut self, permission: Permission, period: RightsPeriod) {
        self.permissions.insert((permission, period.from), period.to);
    }

    /// Adds a device of a user, with its role. A device is enrolled once.
    pub fn add_device(&mut self, node: NodeId, role: RoleAt) {
        self.devices.entry(node).or_insert(role);
    }

    /// Adds a node that was revoked at a position.
    pub fn add_revoked_node(&mut self, node: NodeId, at: Position) {
        self.revoked_nodes.entry(node).or_insert(at);
    }

    /// Applies a change that was recorded at a position. Changes are applied in the order of their positions. A change that
    /// changes nothing has no effect.
    pub fn apply(&mut self, at: Position, change: RightsChange) {
        match change {
            RightsChange::TenantCreated(permissions) => {
                // Those of an earlier version may have been others than the defaults of this one.
                end(&mut self.permissions, |other| !permissions.contains(other), at);
                permissions.into_iter().for_each(|permission| begin(&mut self.permissions, permission, at));
            }
            RightsChange::UserCreated(user) => self.add_user(user, at),
            RightsChange::UserDisabled(user) => begin(&mut self.user(user).disabled, (), at),
            RightsChange::UserEnabled(user) => end(&mut self.user(user).disabled, |()| true, at),
            RightsChange::UserErased(user) => {
                let user = self.user(user);
                end(&mut user.roles, |_| true, at);
                begin(&mut user.disabled, (), at);
            }
            RightsChange::RoleAssigned(user, held) => begin(&mut self.user(user).roles, held, at),
            RightsChange::RoleRemoved(user, held) => end(&mut self.user(user).roles, |other| *other == held, at),
            RightsChange::PermissionAllowed(permission) => {
                let of = (&permission.role, permission.operation, &permission.action, &permission.entity_type);
                let rescoped = |other: &Permission| is_about(other, of) && other.scope != permission.scope;
                end(&mut self.permissions, rescoped, at);
                begin(&mut self.permissions, permission, at);
            }
            RightsChange::PermissionDenied { role, operation, action, entity_type } => {
                let of = (&role, operation, &action, &entity_type);
                end(&mut self.permissions, |other| is_about(other, of), at);
            }
            RightsChange::DeviceEnrolled(node, role) => self.add_device(node, role),
            RightsChange::NodeRevoked(node) => self.add_revoked_node(node, at),
        }
    }

    fn user(&mut self, user: UserId) -> &mut UserHistory {
        self.users.entry(user).or_default()
    }

    /// Whether a node has been revoked: nothing that it sends takes effect.
    pub fn revoked(&self, node: NodeId) -> Option<Objection> {
        self.revoked_nodes.get(&node).map(|at| device_revoked(*at))
    }

    /// The role of a user's device.
    pub fn device_role(&self, node: NodeId) -> Option<&RoleAt> {
        self.devices.get(&node)
    }

    /// Judges an event of a node's user by the rights that the node knew, and by those of now. `head` is the end of the
    /// tenant's order before the event. An event without an identity position was recorded by a program, and is not judged.
    /// On a device its user has the device's role and no other.
    pub fn objection(
        &self,
        event: &Event,
        fact: Option<&Fact>,
        head: Position,
        device: Option<&RoleAt>,
    ) -> Option<Objection> {
        let known_to = Position(event.identity_position);
        if known_to == Position::ZERO {
            return None;
        }
        let object = |code, detail| Some(Objection { code, detail });
        if known_to > head {
            let detail = format!("identity_position is {known_to}, the log ends at {head}");
            return object(Code::RightsUnknown, detail);
        }
        let named = event.content.user.as_ref().map_or("nobody", Name::as_str);
        // Only one text names a user.
        let user = named.parse::<UserId>().ok().filter(|user| user.to_string() == named);
        let user = user.and_then(|user| self.users.get(&user)).filter(|user| user.created <= known_to);
        let Some(user) = user else {
            return object(Code::UserUnknown, format!("there was no user {named:?} at position {known_to}"));
        };
        let content = &event.content;
        let on_device = device.map_or_else(String::new, |device| format!(" on a device of a {}", device.role));
        let price =
            Name::new(PRICE_OVERRIDDEN).ok().filter(|_| fact.is_some_and(|fact| fact.overridden_price().is_some()));
        std::iter::once(&content.action).chain(&price).find_map(|action| {
            let request = AccessRequest::record(action, &content.entity_type, content.site);
            let what = || format!("{action} of {}{on_device}", content.entity_type);
            if !self.allows(user, device, &request, Moment::At(known_to)) {
                let detail = format!("user {named} was not allowed to record {} at position {known_to}", what());
                return object(Code::NotPermitted, detail);
            }
            if !self.allows(user, device, &request, Moment::Now) {
                let detail =
                    format!("user {named} was allowed to record {} at position {known_to}, and is no more", what());
                return object(Code::RightsWithdrawn, detail);
            }
            None
        })
    }

    fn allows(&self, user: &UserHistory, device: Option<&RoleAt>, request: &AccessRequest<'_>, moment: Moment) -> bool {
        if held_at(&user.disabled, moment).next().is_some() {
            return false;
        }
        let held: Vec<&RoleAt> = match device {
            Some(role) => {
                held_at(&user.roles, moment).find(|held| role.is_part_of(held)).map(|_| role).into_iter().collect()
            }
            None => held_at(&user.roles, moment).collect(),
        };
        held_at(&self.permissions, moment).any(|permission| permission.allows(held.iter().copied(), request))
    }
}

/// The objection to every event of a node that was revoked at a position.
pub fn device_revoked(at: Position) -> Objection {
    Objection { code: Code::DeviceRevoked, detail: format!("the device was revoked at position {at}") }
}

fn is_about(permission: &Permission, of: (&Role, AccessOperation, &Option<Name>, &Option<Name>)) -> bool {
    (&permission.role, permission.operation, &permission.action, &permission.entity_type) == of
}

fn held_at<T>(held: &Held<T>, moment: Moment) -> impl Iterator<Item = &T> {
    let during = move |from, to| RightsPeriod { from, to }.contains(moment);
    held.iter().filter(move |((_, from), to)| during(*from, **to)).map(|((what, _), _)| what)
}

fn begin<T: Ord>(held: &mut Held<T>, what: T, at: Position) {
    let lasts = held.iter().any(|((other, _), to)| to.is_none() && *other == what);
    if !lasts {
        held.insert((what, at), None);
    }
}

fn end<T: Ord>(held: &mut Held<T>, which: impl Fn(&T) -> bool, at: Position) {
    for ((what, _), to) in held.iter_mut() {
        if to.is_none() && which(what) {
            *to = Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
