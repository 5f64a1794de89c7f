use super::*;

fn client_is_known() -> Step {
    created(1, "CLIENT", "c1", &["name=\"Ada\""])
}

#[test]
fn an_invoice_is_numbered_when_it_is_accepted_per_site_and_year() {
    let story = given([client_is_known()])
        .when(invoiced(1, "i1"))
        .then_accepted()
        .with_reference("F2026-LYO-000001")
        .when(invoiced(2, "i2"))
        .with_reference("F2026-LYO-000002")
        .when(invoiced(1, "i3").without_site())
        .with_reference("F2026-000001")
        .when(invoiced(1, "i4").in_year(2027))
        .with_reference("F2027-LYO-000001")
        .when(invoiced(1, "i5").in_site(2).without_site_code())
        .with_reference("F2026-02020202-000001");
    let invoice = &story.state.invoices["i2"];
    assert_eq!(
        (invoice.reference.as_str(), invoice.provisional_reference.as_deref()),
        ("F2026-LYO-000002", Some("P-i2"))
    );
}

#[test]
fn rejected_and_quarantined_invoices_take_no_number() {
    given([client_is_known(), invoiced(1, "i1")])
        .when(invoiced(2, "i1"))
        .then(Verdict::Conflict, Code::EntityExists)
        .without_reference()
        .when(invoiced(2, "i2").objected())
        .then(Verdict::Quarantined, Code::TotalMismatch)
        .without_reference()
        .when(invoiced(2, "i3"))
        .with_reference("F2026-LYO-000002");
}

#[test]
fn a_cancelled_invoice_keeps_its_number_and_issues_a_credit_note() {
    let story = given([client_is_known(), invoiced(1, "i1"), invoiced(1, "i2")])
        .when(invoice_cancelled(2, "i2"))
        .then_accepted()
        .with_reference("A2026-LYO-000001");
    let invoice = &story.state.invoices["i2"];
    assert_eq!(
        (invoice.reference.as_str(), invoice.credit_note.as_deref()),
        ("F2026-LYO-000002", Some("A2026-LYO-000001"))
    );
    story
        .when(invoice_cancelled(1, "i2"))
        .then(Verdict::Conflict, Code::AlreadyCancelled)
        .without_reference()
        .when(invoice_cancelled(1, "i1"))
        .with_reference("A2026-LYO-000002");
}

#[test]
fn a_cancellation_that_overtook_its_invoice_waits_in_quarantine() {
    given([client_is_known()])
        .when(invoice_cancelled(1, "i1"))
        .then(Verdict::Quarantined, Code::UnknownEntity)
        .when(released(CENTRAL, 2))
        .then(Verdict::Rejected, Code::UnknownEntity)
        .when(invoiced(1, "i1"))
        .when(released(CENTRAL, 2))
        .then_accepted()
        .with_reference("A2026-LYO-000001");
}

#[test]
fn an_unknown_client_is_remarked() {
    given([]).when(invoiced(1, "i1")).then_accepted_with(&[Flag::UnknownReference]).with_reference("F2026-LYO-000001");
}

#[test]
fn an_invoice_of_which_only_the_total_is_known_is_numbered_and_remarked() {
    given([client_is_known()])
        .when(invoiced_in_total(1, "i1"))
        .then_accepted_with(&[Flag::LinesMissing])
        .with_reference("F2026-LYO-000001");
}

#[test]
fn an_invoice_is_no_set_of_fields() {
    given([client_is_known(), invoiced(1, "i1")])
        .when(updated(1, "INVOICE", "i1", &["total=0"]))
        .then(Verdict::Rejected, Code::ActionNotAllowed)
        .when(deleted(CENTRAL, "INVOICE", "i1"))
        .then(Verdict::Rejected, Code::ActionNotAllowed);
}

#[test]
fn the_event_that_tells_a_reference_is_centrals_and_changes_nothing() {
    let assigned = |node| step(node, "INVOICE", "i1", Fact::InvoiceReferenceAssigned);
    let story =
        given([]).when(assigned(1)).then(Verdict::Rejected, Code::CentralOnly).when(assigned(CENTRAL)).then_accepted();
    assert_eq!(story.state, DecisionState::default());
}
