//! Payloads, action by action: which are accepted, which are refused and where the error points, and totals that are not the sum
//! of their lines.

use comptoir_core::decision::Code;
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::fact::{Fact, PriceBasis};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_core::money::plain;
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::rulebook::{Rule, Rulebook};
use comptoir_core::time::Timestamp;
use comptoir_proto::api_v1::{Author, DraftDto, check_draft};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::payload::{
    PayloadError, actions, entity_type_of, is_central_only, is_recorded_by_the_till, is_sealed_by_the_log,
    newest_version, read_fact,
};
use comptoir_proto::problem::Problem;
use comptoir_proto::rulebook_file::to_payload;
use serde_json::{Value, json};
use uuid::Uuid;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn read(action: &str, payload: &Value) -> Result<Fact, PayloadError> {
    read_version(action, 1, payload)
}

fn read_version(action: &str, version: u16, payload: &Value) -> Result<Fact, PayloadError> {
    let entity_type = entity_type_of(action).unwrap_or("STUDENT");
    let (fact, objection) = read_fact(&name(entity_type), &name(action), version, payload.to_string().as_bytes())?;
    assert_eq!(objection, None);
    Ok(fact)
}

/// A payload of each action with every field it knows.
fn full(action: &str) -> Value {
    let sale = json!({
        "currency": "EUR", "total_minor": 1530, "price_basis": "gross", "receipt_no": "R-1", "customer": "c-1", "country": "France",
        "lines": [{"product": "85123A", "quantity": "6", "unit_price": "2.55", "description": "d", "vat_rate": "20", "discount_minor": 0}],
        "payments": [{"method": "cash", "amount_minor": 1530}],
    });
    let refund = || {
        let mut refund = sale.clone();
        refund["original"] = "536365".into();
        refund["reason"] = "broken".into();
        refund
    };
    let event_id = "0199a000-0000-7000-8000-000000000001";
    let hash = "ab".repeat(32);
    let goods = json!({
        "lines": [{"product": "p", "quantity": "1.5", "unit_cost": "12.3450", "lot": "l-1"}],
        "supplier": "s", "reference": "r", "currency": "EUR",
    });
    match action {
        "SALE_RECORDED" | "TRAINING_SALE_RECORDED" => sale,
        "SALE_REFUNDED" | "SALE_CANCELLED" => refund(),
        "REVENUE_ADJUSTED" => json!({
            "currency": "EUR", "amount_minor": -5, "reason": "bad debt", "product": "B", "quantity": "-1", "customer": "c-1", "country": "F",
        }),
        "GOODS_RECEIVED" | "GOODS_RETURNED" => goods,
        "PRODUCTION_VALIDATED" => json!({"lines": [{"product": "p", "quantity": "1", "unit_cost": "1"}]}),
        "STOCK_WRITTEN_OFF" => {
            json!({"lines": [{"product": "p", "quantity": "1"}], "reason": "lost", "customer": "c-1", "country": "F"})
        }
        "STOCK_COUNTED" => json!({"lines": [{"product": "p", "quantity": "0"}], "reason": "yearly"}),
        "STOCK_COUNT_ACCEPTED" | "QUARANTINE_RELEASED" => json!({"event_id": event_id}),
        "STOCK_ADJUSTED" => {
            json!({"lines": [{"product": "p", "quantity": "-1", "unit_cost": "2"}], "reason": "found"})
        }
        "DELIVERY_CREATED" => {
            json!({"reference": "D-1", "client": "c", "total_minor": 1, "qr": "q", "assigned_to": "u-1", "lines": []})
        }
        "DELIVERY_VALIDATED" => json!({
            "qr": "q", "validated_at": "2026-01-02T03:04:05.678+01:00", "latitude": 48.856613, "longitude": "2.352222",
            "signature_hash": hash, "photo_hash": hash,
        }),
        "INVOICE_CREATED" => json!({
            "client": "c-1", "currency": "EUR", "total_minor": 1530, "due_on": "2026-02-01", "provisional_reference": "P-1",
            "price_basis": "gross", "lines": sale["lines"],
        }),
        "INVOICE_CANCELLED" => json!({"invoice": "i-1", "reason": "twice"}),
        "CREATE" | "UPDATE" | "DELETE" => json!({"name": "Zoé", "grade": 12.5, "left": null, "tags": [1, {"a": "b"}]}),
        "AUDIT_RECORDED" => json!({
            "action": "LOGIN", "subject": {"entity_type": "USER", "entity_id": "u-1"}, "payload_hash": hash,
            "context": {"app_version": "1", "battery_level": 50, "network_type": "wifi", "location": {"lat": 1.5, "lng": "2.5"}},
        }),
        "TILL_OPENED" => json!({
            "number": 1, "currency": "EUR", "float_minor": 10_000, "counted": [{"value_minor": 2_000, "count": 5}],
        }),
        "CASH_MOVED" => json!({"number": 1, "currency": "EUR", "amount_minor": -1_250, "reason": "window cleaner"}),
        "TILL_CLOSED" => json!({
            "number": 1, "currency": "EUR", "opened_at": "2026-11-30T08:00:00Z", "float_minor": 10_000, "sales": 1,
            "sales_minor": 1530, "refunds": 0, "refunds_minor": 0, "payments": [{"method": "cash", "amount_minor": 1530}],
            "taxes": [{"rate": "20", "amount_minor": 255}], "cash_in_minor": 0, "cash_out_minor": 1_250, "other_currencies": 0,
            "expected_minor": 10_280, "counted_minor": 10_279, "difference_minor": -1, "reason": "a cent fell",
            "counted": [{"value_minor": 1, "count": 10_279}], "grand_total_minor": 1530, "unsent": 3,
        }),
        "INVOICE_REFERENCE_ASSIGNED" => json!({"reference": "F-PAR-2026-000001", "event_id": event_id}),
        "CONFLICT_RESOLVED" => json!({"event_id": event_id, "fields": {"a": 1, "b": null}, "choice": "merged"}),
        "RULEBOOK_ADOPTED" => to_payload(&Rulebook::default()),
        "CLOCK_CHANGED" => json!({
            "change": "stepped", "clock": "2026-11-30T10:00:00Z", "compared_with": "1970-01-01T00:00:12.5Z",
        }),
        "CENTRAL_RESTORED" => json!({"head": 49, "awaited_nodes": 3, "reason": "the disk of Monday"}),
        "SECURITY_RECORDED" => json!({
            "kind": "FOREIGN_QR", "subject": {"entity_type": "DELIVERY", "entity_id": "d-1"}, "node": event_id, "user": "u-1",
            "event_id": event_id, "details": {"detail": "x"},
        }),
        "IDENTITY_CHANGED" => json!({
            "change": "role_assigned", "role": "cashier", "site": event_id, "operation": "record", "action": "SALE_RECORDED",
            "entity_type": "SALE", "scope": "own_site", "until": "2026-11-30T10:00:00Z", "by": "console",
            "permissions": [{"role": "cashier", "operation": "record", "action": null, "entity_type": "SALE", "scope": "own_site"}],
            "node": event_id, "reason": "lost in the tram", "unsent": 3,
        }),
        "EPOCH_OPENED" => json!({
            "public_key": hash, "reason": "restore",
            "previous": {"epoch": 1, "epoch_id": event_id, "seq": 7, "chain": hash},
        }),
        other => panic!("give {other} an example"),
    }
}

/// The same in a version.
fn full_of(action: &str, version: u16) -> Value {
    match (action, version) {
        ("DELIVERY_VALIDATED", 3) => json!({
            "delivery_id": "d-1", "qr_scanned": "q", "validated_at": "2026-01-02 03:04:05", "latitude": 48.856613, "longitude": 2.35,
            "signature_path": "/s.png", "photo_path": null, "status": "PENDING", "another": [1],
        }),
        ("INVOICE_CREATED", 2) => json!({
            "currency": "EUR", "row": {"id": "i-1", "client_id": 12, "total_ttc": 1530, "status": "DRAFT", "sync_event_id": null},
        }),
        ("AUDIT_RECORDED", 2) => json!({
            "id": "a-1", "action": "DELIVERY_SCANNED", "entity_type": "DELIVERY", "entity_id": "d-1", "user_id": "7",
            "device_id": "phone-1", "occurred_at": "2026-01-02T03:04:05Z", "payload_hash": "ab".repeat(32), "synced": false,
            "context": {"app_version": "1", "battery_level": 0.42, "network_type": "3g", "location": {"lat": 1.5, "lng": 2.5}},
        }),
        ("GOODS_RECEIVED", 2) => {
            let difference = json!({"product": "q", "quantity": "1", "kind": "damaged", "reason": "wet"});
            with(
                full(action),
                &[("order", json!("PO-1")), ("blind", json!(true)), ("differences", json!([difference]))],
            )
        }
        ("GOODS_RETURNED", 2) => with(full(action), &[("undoes", json!("r-1")), ("reason", json!("counted twice"))]),
        ("SALE_RECORDED", 2) => {
            let mut sale = full(action);
            (sale["lines"][0]["list_price"], sale["lines"][0]["price_reason"]) =
                ("3.10".into(), "the box is torn".into());
            sale
        }
        _ => full(action),
    }
}

fn with(mut payload: Value, members: &[(&str, Value)]) -> Value {
    for (name, value) in members {
        payload[*name] = value.clone();
    }
    payload
}

#[test]
fn every_action_reads_its_full_payload_and_each_of_its_required_fields_is_missed() {
    for (action, version) in actions() {
        let payload = full_of(action, version);
        read_version(action, version, &payload).unwrap_or_else(|error| panic!("{action}: {error}"));
        let schema: Value = serde_json::from_str(comptoir_proto::payload::schema(action, version).unwrap()).unwrap();
        for field in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut without = payload.clone();
            without.as_object_mut().unwrap().remove(field);
            let error = read_version(action, version, &without).expect_err(field);
            assert_eq!((error.code, error.pointer.as_str()), (Code::InvalidPayload, "/payload"), "{action}.{field}");
            assert!(error.detail.contains(field), "{action}: {error}");
        }
        if schema["additionalProperties"] == false {
            let mut with = payload.clone();
            with["no_such_field"] = true.into();
            let error = read_version(action, version, &with).expect_err(action);
            assert!(error.detail.contains("no_such_field"), "{action}: {error}");
        }
        assert!(read_version(action, version, &json!([])).is_err(), "{action} is an object");
    }
}

#[test]
fn what_a_validation_does_not_know_is_null_or_absent_from_its_second_version_on() {
    let known = full("DELIVERY_VALIDATED");
    for field in ["latitude", "longitude", "signature_hash", "photo_hash"] {
        let (mut null, mut absent) = (known.clone(), known.clone());
        null[field].take();
        absent.as_object_mut().unwrap().remove(field);
        let read = |version, payload| read_version("DELIVERY_VALIDATED", version, payload);
        assert!(read(1, &null).is_err(), "{field}");
        assert_eq!(read(2, &null).unwrap(), read(2, &absent).unwrap(), "{field}");
        assert_eq!(read(2, &known).unwrap(), read(1, &known).unwrap());
    }
    assert_eq!(newest_version("DELIVERY_VALIDATED"), 2);
    assert_eq!((newest_version("SALE_RECORDED"), newest_version("NO_SUCH_ACTION")), (2, 1));
}

/// M1.
#[test]
fn a_row_of_a_phones_table_is_read_like_the_payload_of_the_other_versions() {
    let Fact::DeliveryValidated(row) =
        read_version("DELIVERY_VALIDATED", 3, &full_of("DELIVERY_VALIDATED", 3)).unwrap()
    else {
        panic!("it is a validation")
    };
    let same = json!({"qr": "q", "validated_at": "2026-01-02T03:04:05Z", "latitude": 48.856613, "longitude": 2.35});
    assert_eq!(Fact::DeliveryValidated(row), read("DELIVERY_VALIDATED", &same).unwrap());
    let invoice = |row: Value| read_version("INVOICE_CREATED", 2, &json!({"currency": "DZD", "row": row}));
    let line = json!({"product": "TOTAL", "quantity": "1", "unit_price": "1530.07"});
    let same = json!({"client": "12", "currency": "DZD", "total_minor": 153_007, "lines": [line]});
    let Fact::InvoiceCreated(expected) = read("INVOICE_CREATED", &same).unwrap() else { panic!("it is an invoice") };
    for client in [json!(12), json!("12")] {
        let Fact::InvoiceCreated(row) = invoice(json!({"client_id": client, "total_ttc": 153_007})).unwrap() else {
            panic!("it is an invoice")
        };
        assert!(row.lines_missing);
        assert_eq!(comptoir_core::fact::Invoice { lines_missing: false, ..row }, expected);
    }
    for wrong in [json!(120.5), json!("1530"), json!(-1), Value::Null] {
        let error = invoice(json!({"client_id": 12, "total_ttc": wrong})).unwrap_err();
        assert_eq!(error.pointer, "/payload/row/total_ttc", "{error}");
    }
    assert_eq!(newest_version("DELIVERY_VALIDATED"), 2, "rows are a phone's alone");
    assert_eq!((newest_version("INVOICE_CREATED"), newest_version("AUDIT_RECORDED")), (1, 1));
}

#[test]
fn the_lines_of_a_row_come_to_its_total() {
    let lines = json!([{"product": "A", "quantity": "2", "unit_price": "2.55"}]);
    let read = |total: i64| {
        let payload = json!({"currency": "EUR", "row": {"client_id": "c-1", "total_ttc": total, "lines": lines}});
        read_fact(&name("INVOICE"), &name("INVOICE_CREATED"), 2, payload.to_string().as_bytes()).unwrap()
    };
    let (Fact::InvoiceCreated(invoice), None) = read(510) else { panic!("it is an invoice without objection") };
    assert!(!invoice.lines_missing);
    assert_eq!(read(511).1.map(|objection| objection.code), Some(Code::TotalMismatch));
}

/// Replaces one value of an action's full payload and expects an error that points to it.
fn refused(action: &str, pointer: &str, value: Value) {
    let mut payload = full(action);
    *payload.pointer_mut(pointer).unwrap_or_else(|| panic!("{action} has no {pointer}")) = value.clone();
    let error = read(action, &payload).expect_err(&format!("{action}{pointer} = {value}"));
    assert_eq!(error.code, Code::InvalidPayload);
    assert_eq!(error.pointer, format!("/payload{pointer}"), "{error}");
}

#[test]
fn a_wrong_value_is_pointed_to() {
    for quantity in ["0", "-1", "1e3", "1,5", "1234567890", "0.00001", "", "NaN", "0.0000"] {
        refused("SALE_RECORDED", "/lines/0/quantity", quantity.into());
        refused("SALE_REFUNDED", "/lines/0/quantity", quantity.into());
        refused("GOODS_RECEIVED", "/lines/0/quantity", quantity.into());
        refused("STOCK_WRITTEN_OFF", "/lines/0/quantity", quantity.into());
    }
    refused("SALE_RECORDED", "/lines/0/quantity", json!(6));
    refused("SALE_RECORDED", "/lines/0/unit_price", "-1".into());
    refused("SALE_RECORDED", "/lines/0/unit_price", "1.1234567".into());
    refused("SALE_RECORDED", "/lines/0/discount_minor", json!(-1));
    refused("SALE_RECORDED", "/lines/0/discount_minor", json!(0.5));
    refused("SALE_RECORDED", "/lines/0/product", " p".into());
    refused("SALE_RECORDED", "/lines/0/product", "a\u{7}b".into());
    refused("SALE_RECORDED", "/lines/0/product", "x".repeat(65).into());
    refused("SALE_RECORDED", "/lines", json!([]));
    refused("SALE_RECORDED", "/total_minor", json!(9_007_199_254_740_993i64));
    refused("SALE_RECORDED", "/total_minor", json!("1530"));
    refused("SALE_RECORDED", "/currency", "eur".into());
    refused("SALE_RECORDED", "/price_basis", "netto".into());
    refused("STOCK_COUNTED", "/lines/0/quantity", "-1".into());
    refused("STOCK_ADJUSTED", "/lines/0/quantity", "--1".into());
    refused("STOCK_COUNT_ACCEPTED", "/event_id", "no uuid".into());
    refused("QUARANTINE_RELEASED", "/event_id", Value::Null);
    refused("CONFLICT_RESOLVED", "/fields", json!([]));
    refused("CONFLICT_RESOLVED", "/choice", "mine".into());
    refused("DELIVERY_VALIDATED", "/validated_at", "yesterday at noon".into());
    refused("DELIVERY_VALIDATED", "/latitude", json!(90.5));
    refused("DELIVERY_VALIDATED", "/longitude", json!("east"));
    refused("DELIVERY_VALIDATED", "/photo_hash", "AB".into());
    refused("INVOICE_CANCELLED", "/invoice", "".into());
    refused("AUDIT_RECORDED", "/action", "".into());
    refused("AUDIT_RECORDED", "/context/battery_level", json!(101));
    refused("AUDIT_RECORDED", "/subject/entity_id", json!(7));
    refused("RULEBOOK_ADOPTED", "/rules/CLIENT", "newest_wins".into());
    refused("RULEBOOK_ADOPTED", "/default", "newest_wins".into());
    refused("CENTRAL_RESTORED", "/head", json!(-1));
    refused("IDENTITY_CHANGED", "/change", json!("renamed to Zoé"));
    refused("IDENTITY_CHANGED", "/scope", json!("everywhere"));
    refused("IDENTITY_CHANGED", "/permissions/0/scope", json!("everywhere"));
    refused("IDENTITY_CHANGED", "/unsent", json!(-1));
    refused("IDENTITY_CHANGED", "/node", json!("till-1"));
    refused("CENTRAL_RESTORED", "/reason", "x".repeat(501).into());
    refused("EPOCH_OPENED", "/public_key", "short".into());
    refused("CLOCK_CHANGED", "/change", "slewed".into());
    refused("CLOCK_CHANGED", "/compared_with", "some time in 1970".into());
}

#[test]
fn a_total_that_is_not_the_sum_of_its_lines_is_an_objection() {
    for action in ["SALE_RECORDED", "SALE_REFUNDED", "SALE_CANCELLED", "INVOICE_CREATED"] {
        let mut payload = full(action);
        payload["total_minor"] = 1529.into();
        let entity_type = name(entity_type_of(action).unwrap());
        let (_, objection) = read_fact(&entity_type, &name(action), 1, payload.to_string().as_bytes()).unwrap();
        let objection = objection.expect("the fact is readable and the total wrong");
        assert_eq!(objection.code, Code::TotalMismatch);
        assert_eq!(objection.detail, "total_minor is 1529, the lines come to 1530");
    }
}

#[test]
fn a_day_that_no_calendar_has_is_an_objection() {
    for (day, exists) in [("2026-02-28", true), ("2026-02-29", false), ("0000-00-00", false), ("2026-13-01", false)] {
        let mut payload = full("INVOICE_CREATED");
        payload["due_on"] = day.into();
        let payload = payload.to_string();
        let (_, objection) = read_fact(&name("INVOICE"), &name("INVOICE_CREATED"), 1, payload.as_bytes()).unwrap();
        assert_eq!(objection.map(|objection| objection.code), (!exists).then_some(Code::InvalidPayload), "{day}");
    }
}

#[test]
fn totals_are_rounded_line_by_line_half_up_with_tax_where_prices_are_net() {
    let total = |lines: Value, basis: &str, currency: &str, total: i64| {
        let payload =
            json!({"currency": currency, "total_minor": total, "price_basis": basis, "lines": lines}).to_string();
        read_fact(&name("SALE"), &name("SALE_RECORDED"), 1, payload.as_bytes())
            .unwrap()
            .1
            .map(|objection| objection.detail)
    };
    let line = |quantity: &str, price: &str, vat: &str| json!({"product": "p", "quantity": quantity, "unit_price": price, "vat_rate": vat});
    // 0.005 twice is 1 + 1, not 1.
    assert_eq!(total(json!([line("1", "0.005", "20"), line("1", "0.005", "20")]), "gross", "EUR", 2), None);
    // 9.99 net, 20 %: 999 + 199.8 -> 200.
    assert_eq!(total(json!([line("1", "9.99", "20")]), "net", "EUR", 1199), None);
    // No minor unit in XOF, three decimals in TND.
    assert_eq!(total(json!([line("3", "500", "18")]), "gross", "XOF", 1500), None);
    assert_eq!(total(json!([line("1", "1.2345", "0")]), "gross", "TND", 1235), None);
    let largest = json!([line("999999999.9999", "999999999.999999", "999.9999")]);
    for basis in ["gross", "net"] {
        assert_eq!(
            total(largest.clone(), basis, "EUR", 1).unwrap(),
            "total_minor is 1, the lines come to more than a total can hold"
        );
    }
}

#[test]
fn what_was_written_is_what_is_read() {
    let Fact::SaleRecorded(sale) = read("SALE_RECORDED", &full("SALE_RECORDED")).unwrap() else { panic!() };
    assert_eq!((sale.currency.as_str(), sale.total_minor, sale.price_basis), ("EUR", 1530, PriceBasis::Gross));
    assert_eq!((plain(sale.lines[0].quantity), plain(sale.lines[0].unit_price)), ("6".into(), "2.55".into()));
    assert_eq!((sale.customer, sale.receipt_no.as_deref()), (Some(name("c-1")), Some("R-1")));

    let Fact::GoodsReceived(goods) = read("GOODS_RECEIVED", &full("GOODS_RECEIVED")).unwrap() else { panic!() };
    assert_eq!(
        (goods.lines[0].unit_cost.map(plain), goods.lines[0].lot.clone()),
        (Some("12.345".into()), Some(name("l-1")))
    );
    assert!(!goods.marks_lots && goods.undoes.is_none());
    let line = json!({"product": "p", "quantity": "2"});
    let counted = json!({"lines": [line], "order": "PO-1", "blind": true, "reference": "BL-9",
        "differences": [{"product": "q", "quantity": "1", "kind": "damaged", "reason": "wet"}]});
    let Fact::GoodsReceived(goods) = read_version("GOODS_RECEIVED", 2, &counted).unwrap() else { panic!() };
    assert_eq!((goods.lines[0].unit_cost, goods.marks_lots), (None, true));
    assert!(read("GOODS_RECEIVED", &json!({"lines": [line]})).is_err(), "the first version wants a cost");
    let back = json!({"lines": [line], "undoes": "r-1", "reason": "counted twice"});
    let Fact::GoodsReturned(goods) = read_version("GOODS_RETURNED", 2, &back).unwrap() else { panic!() };
    assert_eq!((goods.undoes, goods.marks_lots), (Some(name("r-1")), false));

    let Fact::DeliveryValidated(validation) = read("DELIVERY_VALIDATED", &full("DELIVERY_VALIDATED")).unwrap() else {
        panic!()
    };
    assert_eq!(validation.latitude.map(plain), Some("48.856613".into()));
    assert_eq!(comptoir_proto::instant::format(validation.validated_at), "2026-01-02T02:04:05.678Z");

    let Fact::Updated(fields) = read("UPDATE", &full("UPDATE")).unwrap() else { panic!() };
    assert_eq!(fields["left"], None, "null removes a field");
    assert_eq!(fields["grade"].as_deref(), Some("12.5"));

    let Fact::RulebookAdopted(book) = read("RULEBOOK_ADOPTED", &full("RULEBOOK_ADOPTED")).unwrap() else { panic!() };
    assert_eq!(book, Rulebook::default());
    assert_eq!(book.rule_for(&name("CLIENT")), Rule::LastWriterWins);
}

#[test]
fn what_took_effect_reads_the_same_without_its_schema() {
    let mut payloads: Vec<(&str, Value)> = actions().map(|(action, _)| (action, full(action))).collect();
    let sale = full("SALE_RECORDED");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut sale = sale.clone();
        change(&mut sale);
        sale
    };
    for action in ["SALE_RECORDED", "SALE_REFUNDED", "SALE_CANCELLED"] {
        for optional in ["price_basis", "customer", "country", "receipt_no", "payments"] {
            payloads.push((action, with(&|sale| drop(sale.as_object_mut().unwrap().remove(optional)))));
        }
        payloads.push((action, with(&|sale| sale["country"] = json!("Caf\u{e9} \"\n\\"))));
        payloads.push((action, with(&|sale| sale["price_basis"] = json!("net"))));
        // An integer that is written with a point takes the general path.
        payloads.push((action, with(&|sale| sale["total_minor"] = json!(1530.0))));
        payloads.push((action, with(&|sale| sale["lines"][0]["discount_minor"] = json!(0.0))));
        payloads.push((
            action,
            with(&|sale| sale["lines"][0] = json!({"product": "p", "quantity": "0.5", "unit_price": "-1"})),
        ));
    }
    let mut read_both_ways = 0;
    for (action, payload) in payloads {
        let entity_type = entity_type_of(action).unwrap_or("STUDENT");
        let content = Content::new(name(entity_type), name("e-1"), name(action), payload.to_string().into_bytes());
        let event = Event {
            id: EventId::from_bytes([1; 16]),
            tenant: TenantId::from_bytes([2; 16]),
            node: NodeId::from_bytes([3; 16]),
            epoch: Epoch { number: 1, id: uuid::Uuid::nil() },
            seq: Seq(1),
            occurred_at: Timestamp(0),
            time_source: TimeSource::Caller,
            identity_position: 0,
            content,
        };
        // An optional member may not be asked for by its schema; what does not fit never took effect.
        if let Ok(checked) = comptoir_proto::payload::parse(event.clone()) {
            let again = comptoir_proto::payload::parse_valid(event).map_err(|(_, error)| error).unwrap();
            assert_eq!(again.fact, checked.fact, "{action}: {payload}");
            read_both_ways += 1;
        }
    }
    assert!(read_both_ways >= actions().count() + 3 * 9, "{read_both_ways} payloads were read both ways");
}

#[test]
fn a_device_prints_degrees_as_it_likes() {
    for (written, plainly) in [
        ("-0.00000012345678901234567", "-0.0000001234567890123457"),
        ("1e-7", "0.0000001"),
        ("5e-324", "0"),
        ("2.3522219000000177", "2.3522219000000177"),
    ] {
        let payload = format!(r#"{{"qr":"q","validated_at":"2026-01-02T03:04:05Z","latitude":{written}}}"#);
        let (fact, _) = read_fact(&name("DELIVERY"), &name("DELIVERY_VALIDATED"), 1, payload.as_bytes()).unwrap();
        let Fact::DeliveryValidated(validation) = fact else { panic!() };
        let read = plain(validation.latitude.unwrap());
        assert!(read.starts_with(&plainly[..plainly.len() - 1]), "{written} reads {read}");
    }
}

#[test]
fn json_that_two_readers_would_read_differently_is_refused() {
    let read = |text: &str| read_fact(&name("STUDENT"), &name("CREATE"), 1, text.as_bytes());
    assert_eq!(read(r#"{"a":{"grade":1,"grade":2}}"#).unwrap_err().pointer, "/payload/a/grade");
    assert!(read(r#"{"a":12345678901234567890123}"#).unwrap_err().detail.contains("write it as a string"));
    assert!(read(r#"{"a":"12345678901234567890123"}"#).is_ok());
    assert!(read("{} {}").is_err());
    assert!(read("").is_err());
    assert!(read_fact(&name("STUDENT"), &name("CREATE"), 1, b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(read(&deep).unwrap_err().detail.contains("recursion limit"));
    let many: serde_json::Map<String, Value> = (0..257).map(|number| (number.to_string(), 1.into())).collect();
    assert!(read(&Value::Object(many).to_string()).is_err(), "more fields than an entity may have");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(PAYLOAD_BYTES_MAX));
    assert!(read(&large).unwrap_err().detail.contains("262144"));
}

#[test]
fn an_error_does_not_quote_a_hostile_payload_at_length() {
    let long = "\u{1}é".repeat(40_000);
    for payload in [json!([long]), json!({ "lines": long.clone() }), json!({"currency": {long.clone(): 1}})] {
        let error = read("SALE_RECORDED", &payload).unwrap_err();
        assert!(error.detail.chars().count() <= 503 && error.pointer.chars().count() <= 503, "{error}");
    }
    let twice = format!("{{\"{0}\":1,\"{0}\":1}}", "x".repeat(50_000));
    let error = read_fact(&name("STUDENT"), &name("CREATE"), 1, twice.as_bytes()).unwrap_err();
    assert!(error.detail.len() + error.pointer.len() <= 1006, "{error}");
}

#[test]
fn an_unknown_action_or_version_has_a_code_of_its_own() {
    for (action, version) in [("SALE_RECORDED", 3), ("SALE_RECORDED", 0), ("SALE_INVENTED", 1)] {
        let error = read_fact(&name("SALE"), &name(action), version, b"{}").unwrap_err();
        assert_eq!((error.code, error.pointer.as_str()), (Code::UnknownSchema, "/action"));
        assert!(error.detail.contains(&format!("schema {version} of {action}")), "{error}");
    }
    let error = read_fact(&name("INVOICE"), &name("SALE_RECORDED"), 1, b"{}").unwrap_err();
    assert_eq!((error.code, error.pointer.as_str()), (Code::InvalidPayload, "/entity_type"));
}

fn draft(entity_type: &str, action: &str, payload: &Value) -> DraftDto {
    let text = json!({"id": Uuid::from_u128(7), "entity_type": entity_type, "entity_id": "1", "action": action, "payload": payload});
    serde_json::from_value(text).unwrap()
}

fn check(dto: &DraftDto, central: bool) -> Result<(), Problem> {
    let author = Author { site: Some(SiteId::from_bytes([1; 16])), central, namespace: Uuid::from_u128(1) };
    check_draft(dto, &author, None, 0).map(|_| ())
}

#[test]
fn a_draft_is_refused_with_a_code_and_a_place() {
    let refused = |entity_type: &str, action: &str, payload: Value| {
        let problem = check(&draft(entity_type, action, &payload), false).unwrap_err();
        (problem.error_code().unwrap(), problem.pointer.unwrap())
    };
    let mut sale = full("SALE_RECORDED");
    sale["total_minor"] = 1.into();
    assert_eq!(refused("SALE", "SALE_RECORDED", sale), (ErrorCode::TotalMismatch, "/payload/total_minor".into()));
    let mut audit = full("AUDIT_RECORDED");
    audit["action"] = "".into();
    assert_eq!(refused("AUDIT", "AUDIT_RECORDED", audit), (ErrorCode::InvalidPayload, "/payload/action".into()));
    assert_eq!(refused("STOCK", "UPDATE", json!({"quantity": 5})), (ErrorCode::StockReadOnly, "/action".into()));
    assert_eq!(refused("SALE", "SALE_INVENTED", json!({})), (ErrorCode::UnknownSchema, "/action".into()));
    assert_eq!(refused("A\nB", "CREATE", json!({})), (ErrorCode::MalformedBody, "/entity_type".into()));
    for (action, _) in
        actions().filter(|(action, _)| is_central_only(action) && entity_type_of(action) != Some("STOCK"))
    {
        let entity_type = entity_type_of(action).unwrap_or("X");
        assert_eq!(refused(entity_type, action, full(action)), (ErrorCode::CentralOnly, "/action".into()));
        check(&draft(entity_type, action, &full(action)), true).unwrap();
    }
    for action in ["TILL_OPENED", "CASH_MOVED", "TILL_CLOSED"] {
        assert_eq!(refused("TILL_SESSION", action, full(action)), (ErrorCode::InvalidPayload, "/action".into()));
    }
    let is_anybodys =
        |action: &str| !is_central_only(action) && !is_sealed_by_the_log(action) && !is_recorded_by_the_till(action);
    for (action, _) in actions().filter(|(action, _)| is_anybodys(action)) {
        check(&draft(entity_type_of(action).unwrap_or("STUDENT"), action, &full(action)), false).unwrap();
    }
}

#[test]
fn a_draft_needs_an_id_or_a_key_to_derive_it_from() {
    let dto = DraftDto { id: None, ..draft("STUDENT", "CREATE", &json!({})) };
    let author = Author { site: None, central: false, namespace: Uuid::from_u128(1) };
    let id = |key: Option<&str>, index| check_draft(&dto, &author, key, index).map(|(draft, _)| draft.id);
    assert_eq!(id(None, 0).unwrap_err().error_code(), Some(ErrorCode::IdempotencyKeyMissing));
    assert_eq!(id(Some("k"), 0).unwrap(), id(Some("k"), 0).unwrap());
    assert_ne!(id(Some("k"), 0).unwrap(), id(Some("k"), 1).unwrap());
    let nil = DraftDto { id: Some(Uuid::nil()), ..draft("STUDENT", "CREATE", &json!({})) };
    assert_eq!(check(&nil, false).unwrap_err().pointer.as_deref(), Some("/id"));
    let misspelt = json!({"entity_type": "SALE", "entity_id": "1", "action": "A", "payload": {}, "occured_at": "x"});
    assert!(serde_json::from_value::<DraftDto>(misspelt).is_err());
}
