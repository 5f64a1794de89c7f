use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn site(number: u8) -> SiteId {
    SiteId::from_bytes([number; 16])
}

fn held(role: &str, at: Option<u8>) -> RoleAt {
    RoleAt { role: Role::new(role).unwrap(), site: at.map(site) }
}

fn may_record(role: &str, (action, entity_type): (&str, &str), at: u8) -> bool {
    let (action, entity_type) = (name(action), name(entity_type));
    let request = AccessRequest::record(&action, &entity_type, Some(site(at)));
    allows(&default_permissions(), &[held(role, Some(1))], &request)
}

#[test]
fn by_default_each_role_records_its_own_work_at_its_own_site() {
    let work = [
        ("cashier", ("SALE_RECORDED", "SALE")),
        ("cashier", ("TILL_OPENED", "TILL_SESSION")),
        ("cashier", ("TILL_CLOSED", "TILL_SESSION")),
        ("manager", ("CASH_MOVED", "TILL_SESSION")),
        ("seller", ("INVOICE_CREATED", "INVOICE")),
        ("seller", ("CREATE", "CLIENT")),
        ("driver", ("DELIVERY_VALIDATED", "DELIVERY")),
        ("driver", ("AUDIT_RECORDED", "AUDIT")),
        ("warehouse", ("GOODS_RECEIVED", "RECEPTION")),
        ("warehouse", ("STOCK_COUNTED", "STOCK")),
        ("secretary", ("UPDATE", "STUDENT")),
        ("manager", ("SALE_CANCELLED", "SALE")),
        ("manager", ("PRICE_OVERRIDDEN", "SALE")),
    ];
    for (role, what) in work {
        assert!(may_record(role, what, 1), "{role} {what:?}");
        assert!(!may_record(role, what, 2), "{role} {what:?} at another site");
    }
}

#[test]
fn by_default_only_the_warehouse_and_the_administrator_receive_and_count_goods() {
    for what in [("GOODS_RECEIVED", "RECEPTION"), ("STOCK_COUNTED", "STOCK"), ("STOCK_WRITTEN_OFF", "STOCK")] {
        for role in ["cashier", "seller", "driver", "secretary", "manager", "auditor"] {
            assert!(!may_record(role, what, 1), "{role} {what:?}");
        }
        assert!(may_record("admin", what, 2), "admin {what:?}");
    }
}

/// A cashier sells at the prices of head office.
#[test]
fn by_default_a_cashier_changes_no_price() {
    assert!(!may_record("cashier", ("PRICE_OVERRIDDEN", "SALE"), 1));
}

#[test]
fn by_default_an_auditor_reads_and_exports_everything_and_records_nothing() {
    let may = |operation| allows(&default_permissions(), &[held("auditor", None)], &AccessRequest::new(operation));
    let allowed: Vec<&str> =
        AccessOperation::ALL.into_iter().filter(|operation| may(*operation)).map(AccessOperation::as_str).collect();
    assert_eq!(allowed, ["read", "report", "audit", "export"]);
}

#[test]
fn by_default_only_an_administrator_administers() {
    let table = default_permissions();
    let holders: Vec<&str> = table
        .iter()
        .filter(|permission| permission.operation == AccessOperation::Administer)
        .map(|permission| permission.role.as_str())
        .collect();
    assert_eq!(holders, ["admin"]);
}

#[test]
fn words_of_operations_and_scopes_read_back_and_a_role_has_a_plain_name() {
    for operation in AccessOperation::ALL {
        assert_eq!(AccessOperation::parse(operation.as_str()), Some(operation));
    }
    for scope in [AccessScope::OwnSite, AccessScope::Tenant] {
        assert_eq!(AccessScope::parse(scope.as_str()), Some(scope));
    }
    assert_eq!(AccessOperation::parse("READ"), None);
    for bad in ["", "Admin", "1a", "a b", "é", "-a", &"a".repeat(33)] {
        assert!(Role::new(bad).is_err(), "{bad}");
    }
    assert!(Role::new("night-shift_2").is_ok());
}

const ROLES: [&str; 3] = ["cashier", "driver", "admin"];
const ACTIONS: [&str; 3] = ["SALE_RECORDED", "CREATE", "UPDATE"];
const TYPES: [&str; 3] = ["SALE", "CLIENT", "STUDENT"];

fn any_role() -> impl Strategy<Value = Role> {
    select(&ROLES).prop_map(|role| Role::new(role).unwrap())
}

fn any_name(of: &'static [&'static str]) -> impl Strategy<Value = Name> {
    select(of).prop_map(name)
}

fn any_operation() -> impl Strategy<Value = AccessOperation> {
    select(&AccessOperation::ALL)
}

fn any_permission() -> impl Strategy<Value = Permission> {
    let scope = select(&[AccessScope::OwnSite, AccessScope::Tenant]);
    (any_role(), any_operation(), option::of(any_name(&ACTIONS)), option::of(any_name(&TYPES)), scope).prop_map(
        |(role, operation, action, entity_type, scope)| Permission { role, operation, action, entity_type, scope },
    )
}

fn any_held() -> impl Strategy<Value = RoleAt> {
    (any_role(), option::of(0u8..3)).prop_map(|(role, at)| RoleAt { role, site: at.map(site) })
}

type Asked = (AccessOperation, Option<Name>, Option<Name>, Option<SiteId>);

fn any_asked() -> impl Strategy<Value = Asked> {
    let at = option::of((0u8..3).prop_map(site));
    (any_operation(), option::of(any_name(&ACTIONS)), option::of(any_name(&TYPES)), at)
}

fn request((operation, action, entity_type, site): &Asked) -> AccessRequest<'_> {
    AccessRequest { operation: *operation, action: action.as_ref(), entity_type: entity_type.as_ref(), site: *site }
}

proptest! {
    #[test]
    fn more_permissions_or_roles_never_allow_less(
        table in vec(any_permission(), 0..8), more in vec(any_permission(), 0..4),
        roles in vec(any_held(), 0..3), others in vec(any_held(), 0..3), asked in any_asked(),
    ) {
        let before = allows(&table, &roles, &request(&asked));
        let after = allows(&[table, more].concat(), &[roles, others].concat(), &request(&asked));
        prop_assert!(!before || after);
    }

    #[test]
    fn what_is_allowed_is_named_by_a_permission_of_a_held_role_that_reaches_the_site(
        table in vec(any_permission(), 0..8), roles in vec(any_held(), 0..3), asked in any_asked(),
    ) {
        let (operation, action, entity_type, at) = &asked;
        let named = table.iter().any(|row| {
            let fits = row.operation == *operation
                && (row.action.is_none() || row.action == *action)
                && (row.entity_type.is_none() || row.entity_type == *entity_type);
            fits && roles.iter().any(|held| {
                held.role == row.role && (row.scope == AccessScope::Tenant || held.site.is_none() || held.site == *at)
            })
        });
        prop_assert_eq!(allows(&table, &roles, &request(&asked)), named);
        prop_assert!(!named || allows_somewhere(&table, &roles, *operation));
    }

    #[test]
    fn a_request_about_every_type_or_the_whole_tenant_needs_a_permission_for_all_of_it(
        table in vec(any_permission(), 0..8), roles in vec(any_held(), 0..3), asked in any_asked(),
        narrower in any_name(&TYPES), at in 0u8..3,
    ) {
        let (operation, action, ..) = asked;
        let (wide, narrow) = ((operation, action.clone(), None, None), (operation, action, Some(narrower), Some(site(at))));
        prop_assert!(!allows(&table, &roles, &request(&wide)) || allows(&table, &roles, &request(&narrow)));
    }

    #[test]
    fn an_own_site_permission_never_reaches_another_site(row in any_permission(), at in 0u8..3, other in 0u8..3) {
        prop_assume!(at != other);
        let own = Permission { scope: AccessScope::OwnSite, ..row };
        let roles = [RoleAt { role: own.role.clone(), site: Some(site(at)) }];
        let asked = (own.operation, own.action.clone(), own.entity_type.clone(), Some(site(other)));
        prop_assert!(!allows(std::slice::from_ref(&own), &roles, &request(&asked)));
        let everywhere = (own.operation, own.action.clone(), own.entity_type.clone(), None);
        prop_assert!(!allows(&[own], &roles, &request(&everywhere)));
    }
}
