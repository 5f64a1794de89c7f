use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::{AccessScope, allows, default_permissions};
use crate::event::{Content, TimeSource};
use crate::id::{EventId, SiteId, TenantId};
use crate::position::{Epoch, Seq};
use crate::time::Timestamp;

const AMELIE: UserId = UserId::from_bytes([1; 16]);
const LYON: SiteId = SiteId::from_bytes([7; 16]);
const PARIS: SiteId = SiteId::from_bytes([8; 16]);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn role(text: &str, site: Option<SiteId>) -> RoleAt {
    RoleAt { role: Role::new(text).unwrap(), site }
}

fn sale_by(user: Option<&str>, identity_position: u64, site: SiteId) -> Event {
    let content = Content::new(name("SALE"), name("s-1"), name("SALE_RECORDED"), b"{}".to_vec());
    Event {
        id: EventId::new(Uuid::nil()),
        tenant: TenantId::from_bytes([1; 16]),
        node: NodeId::from_bytes([2; 16]),
        epoch: Epoch { number: 1, id: Uuid::nil() },
        seq: Seq(1),
        occurred_at: Timestamp(0),
        time_source: TimeSource::Node,
        identity_position,
        content: Content { user: user.map(name), site: Some(site), ..content },
    }
}

/// Changes at the positions from 1 on, before an event arrives.
struct Given(RightsHistory, u64);

fn given(changes: impl IntoIterator<Item = RightsChange>) -> Given {
    let mut history = RightsHistory::default();
    let mut last = 0;
    for (position, change) in (1..).zip(changes) {
        history.apply(Position(position), change);
        last = position;
    }
    Given(history, last)
}

impl Given {
    /// The code of a sale that Amélie made in Lyon when her node knew the changes up to a position.
    fn when_sold_at(&self, identity_position: u64) -> Option<Code> {
        self.when(&sale_by(Some(&AMELIE.to_string()), identity_position, LYON))
    }

    fn when(&self, event: &Event) -> Option<Code> {
        self.0.objection(event, None, Position(self.1), self.0.device_role(event.node)).map(|objection| objection.code)
    }
}

/// A cashier in Lyon, from position 3 on.
fn hired() -> Vec<RightsChange> {
    vec![
        RightsChange::TenantCreated(default_permissions()),
        RightsChange::UserCreated(AMELIE),
        RightsChange::RoleAssigned(AMELIE, role("cashier", Some(LYON))),
    ]
}

fn hired_and(then: RightsChange) -> Given {
    given(hired().into_iter().chain([then]))
}

/// A price that a person changed is judged like an action of its own.
#[test]
fn a_cashier_may_sell_and_may_not_change_a_price() {
    let line = crate::fact::SaleLine {
        product: name("p"),
        quantity: rust_decimal::Decimal::ONE,
        unit_price: rust_decimal::Decimal::ONE,
        vat_rate: None,
        discount_minor: 0,
        description: None,
        price_reason: Some("the box is torn".to_owned()),
    };
    let sale = crate::fact::Sale {
        currency: crate::money::Currency::parse("EUR").unwrap(),
        lines: vec![line],
        total_minor: 100,
        price_basis: crate::fact::PriceBasis::Gross,
        customer: None,
        country: None,
        receipt_no: None,
    };
    let fact = Fact::SaleRecorded(sale);
    let judged = |given: Given, fact: &Fact| {
        let event = sale_by(Some(&AMELIE.to_string()), given.1, LYON);
        given.0.objection(&event, Some(fact), Position(given.1), None).map(|objection| objection.code)
    };
    assert_eq!(judged(given(hired()), &fact), Some(Code::NotPermitted));
    let promoted = hired_and(RightsChange::RoleAssigned(AMELIE, role("manager", Some(LYON))));
    assert_eq!(judged(promoted, &fact), None);
}

#[test]
fn a_cashier_sells_at_the_own_site_and_nowhere_else() {
    let lyon = given(hired());
    assert_eq!(lyon.when_sold_at(3), None);
    assert_eq!(lyon.when(&sale_by(Some(&AMELIE.to_string()), 3, PARIS)), Some(Code::NotPermitted));
}

#[test]
fn the_rights_count_that_the_node_knew_and_not_later_ones() {
    let hired = given(hired());
    assert_eq!(hired.when_sold_at(1), Some(Code::UserUnknown), "before she was created");
    assert_eq!(hired.when_sold_at(2), Some(Code::NotPermitted), "before she had a role");
}

#[test]
fn rights_that_were_withdrawn_since_quarantine_what_was_allowed_then() {
    let cashier = role("cashier", Some(LYON));
    let denied = RightsChange::PermissionDenied {
        role: cashier.role.clone(),
        operation: AccessOperation::Record,
        action: Some(name("SALE_RECORDED")),
        entity_type: Some(name("SALE")),
    };
    for change in [
        RightsChange::RoleRemoved(AMELIE, cashier),
        denied,
        RightsChange::UserDisabled(AMELIE),
        RightsChange::UserErased(AMELIE),
    ] {
        let withdrawn = hired_and(change.clone());
        assert_eq!(withdrawn.when_sold_at(3), Some(Code::RightsWithdrawn), "{change:?}");
        assert_eq!(withdrawn.when_sold_at(4), Some(Code::NotPermitted), "{change:?}: her node knew");
    }
}

#[test]
fn rights_that_came_back_are_no_objection() {
    let changes = [RightsChange::UserDisabled(AMELIE), RightsChange::UserEnabled(AMELIE)];
    let back = given(hired().into_iter().chain(changes));
    assert_eq!(
        (back.when_sold_at(3), back.when_sold_at(4), back.when_sold_at(5)),
        (None, Some(Code::NotPermitted), None)
    );
}

#[test]
fn an_event_of_a_program_is_not_judged_and_its_user_is_text() {
    let nobody = given([]);
    assert_eq!(nobody.when(&sale_by(Some("u-12"), 0, LYON)), None);
    assert_eq!(nobody.when(&sale_by(None, 0, LYON)), None);
}

#[test]
fn an_event_of_a_user_names_a_user_by_id_in_its_only_form() {
    let hired = given(hired());
    let id = AMELIE.to_string();
    for user in [
        None,
        Some("amelie"),
        Some("key:01020304"),
        Some(id.to_uppercase().as_str()),
        Some(id.replace('-', "").as_str()),
    ] {
        let is_other = user != Some(id.as_str());
        let code = hired.when(&sale_by(user, 3, LYON));
        assert_eq!(code, is_other.then_some(Code::UserUnknown), "{user:?}");
    }
}

#[test]
fn a_position_that_the_log_has_not_reached_says_nothing_about_rights() {
    assert_eq!(given(hired()).when_sold_at(4), Some(Code::RightsUnknown));
}

#[test]
fn a_permission_that_is_allowed_with_another_scope_replaces_the_first() {
    let at_own_site = |scope| Permission {
        role: Role::new("cashier").unwrap(),
        operation: AccessOperation::Record,
        action: None,
        entity_type: None,
        scope,
    };
    let changes = [
        RightsChange::UserCreated(AMELIE),
        RightsChange::RoleAssigned(AMELIE, role("cashier", Some(LYON))),
        RightsChange::PermissionAllowed(at_own_site(AccessScope::Tenant)),
        RightsChange::PermissionAllowed(at_own_site(AccessScope::OwnSite)),
    ];
    let history = given(changes);
    let in_paris = |position| history.when(&sale_by(Some(&AMELIE.to_string()), position, PARIS));
    assert_eq!((in_paris(3), in_paris(4)), (Some(Code::RightsWithdrawn), Some(Code::NotPermitted)));
    assert_eq!(history.when_sold_at(3), None, "her own site is in both");
}

#[test]
fn on_a_device_a_user_has_the_role_of_the_device_as_long_as_the_user_has_it() {
    let on = |device: RoleAt, sale: &Event| {
        let enrolled = RightsChange::DeviceEnrolled(sale.node, device);
        let also_driver = RightsChange::RoleAssigned(AMELIE, role("driver", Some(LYON)));
        given(hired().into_iter().chain([also_driver, enrolled])).when(sale)
    };
    let sale = sale_by(Some(&AMELIE.to_string()), 4, LYON);
    assert_eq!(on(role("cashier", Some(LYON)), &sale), None);
    assert_eq!(on(role("driver", Some(LYON)), &sale), Some(Code::NotPermitted), "a cashier, with a driver's phone");
    assert_eq!(on(role("seller", Some(LYON)), &sale), Some(Code::NotPermitted), "a role that she does not have");
    assert_eq!(on(role("cashier", Some(PARIS)), &sale), Some(Code::NotPermitted), "a shop where she does not have it");
    // Everywhere a cashier, with a device of one shop.
    let everywhere = RightsChange::RoleAssigned(AMELIE, role("cashier", None));
    let device = RightsChange::DeviceEnrolled(sale.node, role("cashier", Some(PARIS)));
    let of_paris = given(hired().into_iter().chain([everywhere, device]));
    assert_eq!(of_paris.when(&sale), Some(Code::NotPermitted), "a sale in Lyon");
    assert_eq!(of_paris.when(&sale_by(Some(&AMELIE.to_string()), 4, PARIS)), None);
    // The role ends, and the device's with it.
    let device = RightsChange::DeviceEnrolled(sale.node, role("cashier", Some(LYON)));
    let ended = RightsChange::RoleRemoved(AMELIE, role("cashier", Some(LYON)));
    assert_eq!(given(hired().into_iter().chain([device, ended])).when_sold_at(4), Some(Code::RightsWithdrawn));
}

#[test]
fn a_revoked_node_is_named_with_the_position_of_its_revocation() {
    let node = NodeId::from_bytes([5; 16]);
    let Given(history, _) = given([RightsChange::NodeRevoked(node), RightsChange::NodeRevoked(node)]);
    assert_eq!(history.revoked(node), Some(device_revoked(Position(1))), "the first one counts");
    assert_eq!(history.revoked(NodeId::from_bytes([6; 16])), None);
}

// ---------------------------------------------------------------------------------------------------------------------
// Against a model that keeps the state after each change, and knows no periods
// ---------------------------------------------------------------------------------------------------------------------

#[derive(Clone, Default)]
struct Rights {
    users: BTreeSet<UserId>,
    disabled: BTreeSet<UserId>,
    roles: BTreeSet<(UserId, RoleAt)>,
    permissions: BTreeSet<Permission>,
}

impl Rights {
    fn change(&mut self, change: &RightsChange) {
        match change.clone() {
            RightsChange::TenantCreated(permissions) => self.permissions = permissions.into_iter().collect(),
            RightsChange::UserCreated(user) => drop(self.users.insert(user)),
            RightsChange::UserDisabled(user) => drop(self.disabled.insert(user)),
            RightsChange::UserEnabled(user) => drop(self.disabled.remove(&user)),
            RightsChange::UserErased(user) => {
                self.roles.retain(|(of, _)| *of != user);
                self.disabled.insert(user);
            }
            RightsChange::RoleAssigned(user, held) => drop(self.roles.insert((user, held))),
            RightsChange::RoleRemoved(user, held) => drop(self.roles.remove(&(user, held))),
            RightsChange::PermissionAllowed(new) => {
                self.permissions.retain(|old| Permission { scope: new.scope, ..old.clone() } != new);
                self.permissions.insert(new);
            }
            RightsChange::PermissionDenied { role, operation, action, entity_type } => {
                let of = (&role, operation, &action, &entity_type);
                self.permissions.retain(|old| !is_about(old, of));
            }
            RightsChange::DeviceEnrolled(..) | RightsChange::NodeRevoked(_) => {}
        }
    }

    fn allow(&self, user: UserId, event: &Event) -> bool {
        let roles: Vec<RoleAt> =
            self.roles.iter().filter(|(of, _)| *of == user).map(|(_, held)| held.clone()).collect();
        let permissions: Vec<Permission> = self.permissions.iter().cloned().collect();
        let content = &event.content;
        let request = AccessRequest::record(&content.action, &content.entity_type, content.site);
        !self.disabled.contains(&user) && allows(&permissions, &roles, &request)
    }
}

fn users() -> impl Strategy<Value = UserId> {
    (1..4u8).prop_map(|number| UserId::from_bytes([number; 16]))
}

fn held_roles() -> impl Strategy<Value = RoleAt> {
    let sites = prop_oneof![Just(None), Just(Some(LYON)), Just(Some(PARIS))];
    (prop_oneof![Just("cashier"), Just("driver")], sites).prop_map(|(text, site)| role(text, site))
}

fn permissions() -> impl Strategy<Value = Permission> {
    let scopes = prop_oneof![Just(AccessScope::OwnSite), Just(AccessScope::Tenant)];
    let actions = prop_oneof![Just(None), Just(Some(name("SALE_RECORDED"))), Just(Some(name("OTHER")))];
    (prop_oneof![Just("cashier"), Just("driver")], actions, scopes).prop_map(|(text, action, scope)| Permission {
        role: Role::new(text).unwrap(),
        operation: AccessOperation::Record,
        action,
        entity_type: None,
        scope,
    })
}

fn changes() -> impl Strategy<Value = RightsChange> {
    let denied = |Permission { role, operation, action, entity_type, .. }| RightsChange::PermissionDenied {
        role,
        operation,
        action,
        entity_type,
    };
    prop_oneof![
        users().prop_map(RightsChange::UserDisabled),
        users().prop_map(RightsChange::UserEnabled),
        users().prop_map(RightsChange::UserErased),
        (users(), held_roles()).prop_map(|(user, held)| RightsChange::RoleAssigned(user, held)),
        (users(), held_roles()).prop_map(|(user, held)| RightsChange::RoleAssigned(user, held)),
        (users(), held_roles()).prop_map(|(user, held)| RightsChange::RoleRemoved(user, held)),
        permissions().prop_map(RightsChange::PermissionAllowed),
        permissions().prop_map(RightsChange::PermissionAllowed),
        permissions().prop_map(denied),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_event_is_judged_as_if_the_rights_of_each_position_had_been_kept(
        made in vec(changes(), 1..40),
        user in users(),
        in_lyon in any::<bool>(),
    ) {
        let created = (1..4u8).map(|number| RightsChange::UserCreated(UserId::from_bytes([number; 16])));
        let made: Vec<RightsChange> = created.chain(made).collect();
        let mut history = RightsHistory::default();
        let mut kept = vec![Rights::default()];
        for (position, change) in (1..).zip(&made) {
            history.apply(Position(position), change.clone());
            let mut next = kept[kept.len() - 1].clone();
            next.change(change);
            kept.push(next);
        }
        let head = made.len();
        for position in 1..=head {
            let event = sale_by(Some(&user.to_string()), position as u64, if in_lyon { LYON } else { PARIS });
            let expected = match (kept[position].users.contains(&user), kept[position].allow(user, &event)) {
                (false, _) => Some(Code::UserUnknown),
                (true, false) => Some(Code::NotPermitted),
                (true, true) => (!kept[head].allow(user, &event)).then_some(Code::RightsWithdrawn),
            };
            let judged = history.objection(&event, None, Position(head as u64), None).map(|objection| objection.code);
            prop_assert_eq!(judged, expected, "at position {} of {}", position, head);
        }
    }
}
