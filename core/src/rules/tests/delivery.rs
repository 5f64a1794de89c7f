use super::*;

#[test]
fn the_first_accepted_validation_wins_and_later_ones_name_it() {
    let story = given([ordered("d1", "QR")]).when(validated(1, "d1", "QR")).then_accepted();
    let first = Resolution::DiscardLocal {
        event: event(2),
        user: Some(name("user-1")),
        node: node_id(1),
        at: Timestamp(1),
        place: Some("45.75,4.85".to_owned()),
    };
    let story = story
        .when(validated(2, "d1", "QR"))
        .then(Verdict::Conflict, Code::AlreadyValidated)
        .with_resolution(first.clone())
        // Permanently, whatever was scanned.
        .when(validated(3, "d1", "other"))
        .then(Verdict::Conflict, Code::AlreadyValidated)
        .with_resolution(first);
    let validation = story.state.deliveries["d1"].validation.clone().expect("it was validated");
    assert_eq!((validation.event, validation.node), (event(2), node_id(1)));
}

#[test]
fn another_code_than_the_deliverys_is_quarantined_and_its_own_stays_secret() {
    let story = given([ordered("d1", "QR-SECRET")])
        .when(validated(1, "d1", "QR-WRONG"))
        .then(Verdict::Quarantined, Code::QrMismatch);
    let detail = story.judgement().detail.clone().unwrap_or_default();
    assert!(detail.contains("QR-WRONG") && !detail.contains("SECRET"), "{detail}");
    assert_eq!(story.state.deliveries["d1"].validation, None);
    story.when(validated(2, "d1", "QR-SECRET")).then_accepted();
}

#[test]
fn a_validation_of_an_unknown_delivery_is_accepted_and_central_fills_it_in_later() {
    let story = given([])
        .when(validated(1, "d1", "QR"))
        .then_accepted_with(&[Flag::UnknownReference])
        .when(ordered("d1", "QR"))
        .then_accepted();
    let delivery = &story.state.deliveries["d1"];
    assert_eq!((delivery.reference.as_str(), delivery.qr.as_deref()), ("BL-d1", Some("QR")));
    assert!(delivery.validation.is_some(), "the first validation counts");
    story.when(validated(2, "d1", "QR")).then(Verdict::Conflict, Code::AlreadyValidated);
}

#[test]
fn a_delivery_is_created_once_and_by_central() {
    given([])
        .when(ordered("d1", "QR").by(1))
        .then(Verdict::Rejected, Code::CentralOnly)
        .when(ordered("d1", "QR"))
        .then_accepted()
        .when(ordered("d1", "QR"))
        .then(Verdict::Conflict, Code::EntityExists);
}

#[test]
fn a_delivery_is_no_set_of_fields() {
    given([ordered("d1", "QR")])
        .when(updated(1, "DELIVERY", "d1", &["status=\"DELIVERED\""]))
        .then(Verdict::Rejected, Code::ActionNotAllowed);
}
