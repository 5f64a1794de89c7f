use super::*;
use crate::rulebook::Rulebook;
use crate::rules::Precheck;

#[test]
fn what_was_objected_to_has_no_effect_until_a_person_releases_it_and_then_once() {
    given([received("TEA", "5", "1"), sold("s1", &[("TEA", "2")]).objected()])
        .then(Verdict::Quarantined, Code::TotalMismatch)
        .stock("TEA", &["5@1"], "0")
        .when(released(CENTRAL, 2))
        .then_accepted_with(&[Flag::UnknownReference])
        .stock("TEA", &["3@1"], "0")
        .when(released(CENTRAL, 2))
        .then(Verdict::Rejected, Code::AlreadyApplied)
        .stock("TEA", &["3@1"], "0");
}

#[test]
fn the_detail_of_an_objection_is_in_the_decision() {
    let story = given([sold("s1", &[("TEA", "2")]).objected()]);
    assert_eq!(story.judgement().detail.as_deref(), Some("lines make 5, total 6"));
}

#[test]
fn only_what_is_in_quarantine_can_be_released_and_only_by_central() {
    given([sold("s1", &[("TEA", "2")]).objected(), received("TEA", "1", "1")])
        .when(released(1, 1))
        .then(Verdict::Rejected, Code::CentralOnly)
        .when(released(CENTRAL, 2))
        .then(Verdict::Rejected, Code::UnknownEvent)
        .when(released(CENTRAL, 77))
        .then(Verdict::Rejected, Code::UnknownEvent)
        .stock("TEA", &["1@1"], "0");
}

#[test]
fn a_release_cannot_be_released() {
    given([released(CENTRAL, 1).objected()])
        .then(Verdict::Quarantined, Code::TotalMismatch)
        .when(released(CENTRAL, 1))
        .then(Verdict::Rejected, Code::UnknownEvent);
}

#[test]
fn a_released_invoice_is_numbered_in_the_year_and_place_of_its_release_and_its_own_shop() {
    given([invoiced(1, "i0"), invoiced(1, "i1").objected(), invoiced(1, "i2")])
        .when(released(CENTRAL, 2).without_site().in_year(2026))
        .then_accepted_with(&[Flag::UnknownReference])
        .with_reference("F2026-LYO-000003");
    given([invoiced(1, "i0"), invoiced(1, "i1").objected()])
        .when(released(CENTRAL, 2).without_site().in_year(2027))
        .with_reference("F2027-LYO-000001");
}

#[test]
fn a_released_scan_takes_effect_at_its_release_and_loses_to_one_that_was_accepted_since() {
    given([ordered("d1", "QR"), validated(1, "d1", "smudged")])
        .then(Verdict::Quarantined, Code::QrMismatch)
        .when(released(CENTRAL, 2))
        .then_accepted()
        .when(validated(2, "d1", "QR"))
        .then(Verdict::Conflict, Code::AlreadyValidated);
    given([ordered("d1", "QR"), validated(1, "d1", "smudged"), validated(2, "d1", "QR")])
        .then_accepted()
        .when(released(CENTRAL, 2))
        .then(Verdict::Conflict, Code::AlreadyValidated)
        .when(released(CENTRAL, 2))
        .then(Verdict::Rejected, Code::AlreadyApplied);
}

#[test]
fn a_released_edit_keeps_its_own_writer_and_time() {
    given([created(1, "CLIENT", "c", &["a=1"]).at(10).objected(), created(2, "CLIENT", "c", &["a=2", "b=2"]).at(20)])
        .when(released(CENTRAL, 1).at(30))
        .then(Verdict::Superseded, Code::Overwritten)
        .entity("CLIENT", "c", &["a=2", "b=2"]);
}

#[test]
fn a_released_edit_that_conflicts_opens_the_conflict_of_its_own_node() {
    given([created(1, "STUDENT", "s", &["a=1"]), updated(2, "STUDENT", "s", &["a=2"]).objected()])
        .when(released(CENTRAL, 2))
        .then(Verdict::Conflict, Code::VersionConflict)
        .when(updated(2, "STUDENT", "s", &["a=3"]))
        .then(Verdict::Conflict, Code::VersionConflict)
        .when(resolved(CENTRAL, "STUDENT", "s", 2, None))
        .then_accepted();
}

#[test]
fn a_release_lends_a_node_no_right_of_centrals() {
    let forbidden = created(1, "PRODUCT", "p", &["a=1"]).objected();
    given([forbidden])
        .then(Verdict::Quarantined, Code::TotalMismatch)
        .when(released(CENTRAL, 1))
        .then(Verdict::Rejected, Code::CentralOnly);
    given([ordered("d1", "QR").by(1).objected()]).then(Verdict::Rejected, Code::CentralOnly);
}

#[test]
fn a_released_count_is_compared_at_its_release() {
    given([received("TEA", "10", "1"), counted(&[("TEA", "7")]).objected(), sold("s1", &[("TEA", "2")])])
        .when(count_accepted(CENTRAL, 2))
        .then(Verdict::Rejected, Code::UnknownEvent)
        .when(released(CENTRAL, 2))
        .when(count_accepted(CENTRAL, 2))
        .then_accepted_with(&[])
        .stock("TEA", &["7@1"], "0");
}

/// D3, M2: nobody can do anything about an edit without fields; something did happen where goods or money moved.
#[test]
fn an_edit_that_does_not_read_is_rejected_and_what_happened_waits_for_a_person() {
    let verdict = |action: &str, code: Code| {
        let mut event = sold("s1", &[("TEA", "2")]).known.event;
        event.content.action = name(action);
        Precheck::Unreadable { code, detail: "null" }.judgement(&Rulebook::default(), Some(&event)).verdict
    };
    for action in ["CREATE", "UPDATE", "DELETE"] {
        assert_eq!(verdict(action, Code::InvalidPayload), Verdict::Rejected, "{action}");
        assert_eq!(verdict(action, Code::UnknownSchema), Verdict::Quarantined, "a newer central may know it: {action}");
    }
    for action in ["SALE_RECORDED", "GOODS_RECEIVED", "DELIVERY_VALIDATED", "INVOICE_CREATED", "AUDIT_RECORDED"] {
        assert_eq!(verdict(action, Code::InvalidPayload), Verdict::Quarantined, "{action}");
    }
    let unreadable = Precheck::Unreadable { code: Code::InvalidPayload, detail: "null" };
    assert_eq!(unreadable.judgement(&Rulebook::default(), None).verdict, Verdict::Quarantined);
}
