//! Stock in lots. The figures are worked out by hand.

use super::*;

/// Products and clients are unknown in most of these stories. Every step would have that flag, so the product is made known
/// first.
fn tea_is_known() -> Step {
    created(CENTRAL, "PRODUCT", "TEA", &["label=\"Thé\""])
}

fn tea(steps: impl IntoIterator<Item = Step>) -> Story {
    given([tea_is_known()].into_iter().chain(steps))
}

#[test]
fn a_sale_takes_the_oldest_lot_first() {
    tea([received("TEA", "10", "1.50"), received("TEA", "10", "2")])
        .when(sold("s1", &[("TEA", "12")]))
        .then_accepted()
        .stock("TEA", &["8@2"], "0")
        .taken("TEA", "12", "19"); // 10 x 1.50 + 2 x 2
}

#[test]
fn a_lot_of_another_shop_is_not_taken() {
    let story = tea([received("TEA", "10", "1").in_site(2)])
        .when(sold("s1", &[("TEA", "1")]))
        .then_accepted_with(&[Flag::StockShortage])
        .stock("TEA", &[], "1");
    assert_eq!(story.item(2, "TEA").quantity(), decimal("10"));
}

#[test]
fn goods_without_a_site_go_to_the_tenants_own_stock() {
    let story = tea([received("TEA", "10", "1").without_site()]);
    let key = StockKey { site: None, product: name("TEA") };
    assert_eq!(story.state.stock[&key].quantity(), decimal("10"));
    story.stock("TEA", &[], "0");
}

#[test]
fn selling_below_zero_is_accepted_and_flagged_and_owed() {
    tea([received("TEA", "2", "1")])
        .when(sold("s1", &[("TEA", "5")]))
        .then_accepted_with(&[Flag::StockShortage])
        .stock("TEA", &[], "3")
        .taken("TEA", "2", "2");
}

#[test]
fn selling_exactly_what_is_there_is_no_shortage() {
    tea([received("TEA", "2", "1")]).when(sold("s1", &[("TEA", "2")])).then_accepted().stock("TEA", &[], "0");
}

#[test]
fn the_second_line_of_a_product_sees_what_the_first_took() {
    tea([received("TEA", "5", "1")])
        .when(sold("s1", &[("TEA", "3"), ("TEA", "3")]))
        .then_accepted_with(&[Flag::StockShortage])
        .stock("TEA", &[], "1");
    tea([received("TEA", "6", "1")]).when(sold("s1", &[("TEA", "3"), ("TEA", "3")])).then_accepted();
}

#[test]
fn a_new_lot_pays_what_is_owed_first_at_its_own_cost() {
    tea([sold("s1", &[("TEA", "3")]), received("TEA", "10", "2")])
        .then_accepted()
        .stock("TEA", &["7@2"], "0")
        .taken("TEA", "3", "6");
}

#[test]
fn a_lot_smaller_than_what_is_owed_leaves_no_lot() {
    tea([sold("s1", &[("TEA", "3")]), received("TEA", "1", "2")]).stock("TEA", &[], "2").taken("TEA", "1", "2");
}

#[test]
fn value_covers_lots_only() {
    let story = tea([received("TEA", "3", "1.25"), sold("s1", &[("TEA", "1")])]);
    assert_eq!(story.item(SHOP, "TEA").value(), decimal("2.50"));
    let owed = story.when(sold("s2", &[("TEA", "5")]));
    assert_eq!(owed.item(SHOP, "TEA").value(), Decimal::ZERO);
}

#[test]
fn a_refund_returns_as_a_new_lot_at_the_sales_average_cost() {
    // 10 at 1 and 2 at 4 make 18 for 12: 1.5 each.
    tea([received("TEA", "10", "1"), received("TEA", "5", "4"), sold("s1", &[("TEA", "12")])])
        .when(refunded(Some("s1"), &[("TEA", "2")]))
        .then_accepted()
        .stock("TEA", &["3@4", "2@1.5"], "0");
}

#[test]
fn an_average_cost_is_rounded_half_up_to_ten_decimals() {
    tea([received("TEA", "1", "1"), received("TEA", "2", "0.5"), sold("s1", &[("TEA", "3")])])
        .when(refunded(Some("s1"), &[("TEA", "3")]))
        .stock("TEA", &["3@0.6666666667"], "0");
}

#[test]
fn a_sales_cost_comes_back_once_and_then_the_last_cost_counts() {
    tea([
        received("TEA", "2", "1"),
        received("TEA", "2", "3"),
        sold("s1", &[("TEA", "2")]),
        sold("s2", &[("TEA", "1")]),
    ])
    .when(refunded(Some("s1"), &[("TEA", "2")]))
    .then_accepted()
    .when(refunded(Some("s1"), &[("TEA", "1")]))
    .then_accepted()
    .stock("TEA", &["1@3", "2@1", "1@3"], "0");
}

#[test]
fn two_refund_lines_of_a_product_share_what_the_sale_took() {
    tea([
        received("TEA", "2", "1"),
        received("TEA", "2", "3"),
        sold("s1", &[("TEA", "2")]),
        sold("s2", &[("TEA", "1")]),
    ])
    .when(refunded(Some("s1"), &[("TEA", "2"), ("TEA", "1")]))
    .stock("TEA", &["1@3", "2@1", "1@3"], "0");
}

#[test]
fn a_sale_recorded_twice_under_one_id_adds_up_for_its_refund() {
    tea([
        received("TEA", "2", "1"),
        received("TEA", "2", "3"),
        sold("s1", &[("TEA", "2")]),
        sold("s1", &[("TEA", "2")]),
    ])
    .when(refunded(Some("s1"), &[("TEA", "4")]))
    .stock("TEA", &["4@2"], "0");
}

#[test]
fn a_refund_of_an_unknown_sale_returns_at_the_last_cost_taken() {
    tea([received("TEA", "1", "5"), sold("s1", &[("TEA", "1")]), received("TEA", "1", "7")])
        .when(refunded(Some("elsewhere"), &[("TEA", "1")]))
        .then_accepted()
        .stock("TEA", &["1@7", "1@5"], "0")
        .when(refunded(None, &[("TEA", "1")]))
        .then_accepted()
        .stock("TEA", &["1@7", "1@5", "1@5"], "0");
}

#[test]
fn where_nothing_was_taken_yet_the_last_cost_is_that_of_the_last_lot() {
    tea([received("TEA", "1", "5")]).when(refunded(None, &[("TEA", "1")])).then_accepted().stock(
        "TEA",
        &["1@5", "1@5"],
        "0",
    );
}

#[test]
fn a_refund_without_any_known_cost_enters_at_zero_and_says_so() {
    let flags = [Flag::CostUnknown];
    tea([])
        .when(refunded(None, &[("TEA", "1")]))
        .then_accepted_with(&flags)
        .stock("TEA", &["1@0"], "0")
        // A lot without a cost does not set the last cost.
        .when(refunded(None, &[("TEA", "1")]))
        .then_accepted_with(&flags);
}

#[test]
fn a_refund_of_a_short_sale_pays_what_the_sale_owes() {
    tea([sold("s1", &[("TEA", "3")])])
        .when(refunded(Some("s1"), &[("TEA", "1")]))
        .then_accepted_with(&[Flag::CostUnknown])
        .stock("TEA", &[], "2");
}

#[test]
fn a_cancelled_sale_moves_stock_as_a_refund() {
    let cancelled = Refund { sale: basket(&[("TEA", "2")]), original: Some(name("s1")), reason: None };
    tea([received("TEA", "2", "1.10"), sold("s1", &[("TEA", "2")])])
        .when(step(1, "SALE", "s1", Fact::SaleCancelled(cancelled)))
        .then_accepted()
        .stock("TEA", &["2@1.1"], "0");
}

#[test]
fn a_return_takes_its_named_lot_and_then_the_oldest() {
    tea([received("TEA", "5", "1"), received_lot("TEA", "5", "2", "L7"), received("TEA", "5", "3")])
        .when(returned("TEA", "6", "L7"))
        .then_accepted()
        .stock("TEA", &["4@1", "5@3"], "0")
        .when(returned("TEA", "1", "L7"))
        .stock("TEA", &["3@1", "5@3"], "0")
        .when(returned("TEA", "9", ""))
        .then_accepted_with(&[Flag::StockShortage])
        .stock("TEA", &[], "1");
}

/// Counted by mistake, and undone while goods of all three receptions are there.
#[test]
fn an_undone_reception_takes_its_own_lots_and_then_the_oldest() {
    let three =
        [received_as("r-1", "TEA", "5", "1"), received_as("r-2", "TEA", "5", "2"), received_as("r-3", "TEA", "5", "3")];
    tea(three)
        .when(undone("r-2", "TEA", "5"))
        .then_accepted()
        .stock("TEA", &["5@1", "5@3"], "0")
        .taken("TEA", "5", "10")
        .when(sold("s", &[("TEA", "7")]))
        .when(received_as("r-4", "TEA", "1", "4"))
        .stock("TEA", &["3@3", "1@4"], "0")
        // Two of it were sold since: others leave in their place, and one is owed.
        .when(undone("r-3", "TEA", "5"))
        .then_accepted_with(&[Flag::StockShortage])
        .stock("TEA", &[], "1");
}

#[test]
fn goods_received_without_a_cost_enter_at_the_last_one() {
    tea([received("TEA", "5", "1.5")])
        .when(received_as("r-1", "TEA", "2", ""))
        .then_accepted()
        .stock("TEA", &["5@1.5", "2@1.5"], "0")
        .when(received_as("r-1", "MINT", "2", ""))
        .then_accepted_with(&[Flag::UnknownReference, Flag::CostUnknown])
        .stock("MINT", &["2@0"], "0");
}

#[test]
fn a_write_off_moves_stock_as_a_sale_and_is_open_to_nodes() {
    tea([received("TEA", "5", "1")])
        .when(written_off(&[("TEA", "6")]))
        .then_accepted_with(&[Flag::StockShortage])
        .stock("TEA", &[], "1")
        .taken("TEA", "5", "5");
}

#[test]
fn what_was_produced_enters_at_its_cost_and_only_central_validates_it() {
    let production =
        |node| step(node, "PRODUCTION", "p", Fact::ProductionValidated(goods(&[("TEA", "4", "0.8", "P1")])));
    tea([])
        .when(production(1))
        .then(Verdict::Rejected, Code::CentralOnly)
        .stock("TEA", &[], "0")
        .when(production(CENTRAL))
        .then_accepted()
        .stock("TEA", &["4@0.8"], "0");
}

#[test]
fn an_adjustment_adds_a_lot_or_takes_the_oldest() {
    tea([received("TEA", "5", "1")])
        .when(adjusted(CENTRAL, &[("TEA", "-6", ""), ("TEA", "2", "3"), ("TEA", "1", "")]))
        .then_accepted_with(&[Flag::StockShortage])
        // The second line covers what the first backordered; the third is received at the last consumed cost.
        .stock("TEA", &["1@3", "1@3"], "0");
}

#[test]
fn a_count_is_a_proposal_compared_at_its_own_position() {
    tea([received("TEA", "10", "1"), received("TEA", "10", "2")])
        .when(counted(&[("TEA", "17")]))
        .then_accepted()
        .stock("TEA", &["10@1", "10@2"], "0")
        .when(sold("s1", &[("TEA", "4")]))
        .when(count_accepted(CENTRAL, 4))
        .then_accepted()
        // 17 counted where 20 were held: 3 less, whatever was sold since.
        .stock("TEA", &["3@1", "10@2"], "0");
}

#[test]
fn a_product_counted_on_two_shelves_is_counted_together() {
    tea([received("TEA", "10", "1"), counted(&[("TEA", "4"), ("TEA", "5")]), count_accepted(CENTRAL, 3)])
        .then_accepted()
        .stock("TEA", &["9@1"], "0");
}

#[test]
fn a_surplus_enters_at_the_last_cost_and_without_one_says_so() {
    tea([received("TEA", "1", "5"), counted(&[("TEA", "3")]), count_accepted(CENTRAL, 3)]).then_accepted().stock(
        "TEA",
        &["1@5", "2@5"],
        "0",
    );
    tea([counted(&[("TEA", "3")]), count_accepted(CENTRAL, 2)]).then_accepted_with(&[Flag::CostUnknown]).stock(
        "TEA",
        &["3@0"],
        "0",
    );
}

#[test]
fn a_count_is_accepted_once() {
    tea([received("TEA", "10", "1"), counted(&[("TEA", "9")]), count_accepted(CENTRAL, 3)])
        .when(count_accepted(CENTRAL, 3))
        .then(Verdict::Rejected, Code::AlreadyApplied)
        .stock("TEA", &["9@1"], "0");
    tea([]).when(count_accepted(CENTRAL, 77)).then(Verdict::Rejected, Code::UnknownEvent);
}

#[test]
fn a_nodes_attempt_to_set_stock_is_superseded_by_the_servers_figures() {
    let held = |quantity| Resolution::ServerStock { quantities: vec![(name("TEA"), decimal(quantity))] };
    tea([received("TEA", "10", "1"), counted(&[("TEA", "1")])])
        .when(adjusted(1, &[("TEA", "5", "")]))
        .then(Verdict::Superseded, Code::StockReadOnly)
        .with_resolution(held("10"))
        .when(count_accepted(1, 3))
        .then(Verdict::Superseded, Code::StockReadOnly)
        .with_resolution(held("10"))
        .when(updated(1, "STOCK", "TEA", &["quantity=5"]))
        .then(Verdict::Superseded, Code::StockReadOnly)
        .with_resolution(held("10"))
        .when(created(1, "STOCK", "TEA", &["quantity=5"]))
        .then(Verdict::Superseded, Code::StockReadOnly)
        .when(deleted(1, "STOCK", "TEA"))
        .then(Verdict::Superseded, Code::StockReadOnly)
        .stock("TEA", &["10@1"], "0");
}

#[test]
fn stock_is_no_set_of_fields_even_for_central() {
    tea([]).when(updated(CENTRAL, "STOCK", "TEA", &["quantity=5"])).then(Verdict::Rejected, Code::ActionNotAllowed);
}

#[test]
fn an_unknown_product_or_client_is_accepted_and_remarked() {
    given([received("TEA", "1", "1")])
        .then_accepted_with(&[Flag::UnknownReference])
        .when(sold("s1", &[("TEA", "2")]))
        .then_accepted_with(&[Flag::StockShortage, Flag::UnknownReference]);
    tea([received("TEA", "1", "1")])
        .when(sold_to("c1", &[("TEA", "1")]))
        .then_accepted_with(&[Flag::UnknownReference])
        .when(created(1, "CLIENT", "c1", &["name=\"Ada\""]))
        .when(sold_to("c1", &[]))
        .then_accepted();
}

#[test]
fn a_product_that_was_deleted_is_still_known() {
    tea([received("TEA", "1", "1"), deleted(CENTRAL, "PRODUCT", "TEA")])
        .when(sold("s1", &[("TEA", "1")]))
        .then_accepted();
}

#[test]
fn an_adjustment_of_revenue_moves_no_stock() {
    let adjustment = crate::fact::Adjustment {
        currency: euro(),
        amount_minor: -500,
        reason: "bad debt".to_owned(),
        product: Some(name("TEA")),
        quantity: Decimal::ONE,
        customer: None,
        country: None,
    };
    tea([received("TEA", "1", "1")])
        .when(step(1, "SALE", "a", Fact::RevenueAdjusted(adjustment)))
        .then_accepted()
        .stock("TEA", &["1@1"], "0");
}

#[test]
fn audit_facts_opened_epochs_restores_and_changes_of_identity_are_accepted_and_change_nothing() {
    let story = given([]).when(step(1, "AUDIT", "a", Fact::AuditRecorded)).then_accepted();
    let story = story.when(step(CENTRAL, "CENTRAL", "c", Fact::CentralRestored)).then_accepted();
    let story = story.when(step(CENTRAL, "AUDIT", "s", Fact::SecurityRecorded)).then_accepted();
    let story = story.when(step(CENTRAL, "USER", "u", Fact::IdentityChanged)).then_accepted();
    let story = story.when(step(1, "NODE", "n", Fact::EpochOpened)).then_accepted();
    assert_eq!(story.state, DecisionState::default());
    let story = story.when(step(1, "USER", "u", Fact::IdentityChanged)).then(Verdict::Rejected, Code::CentralOnly);
    let story = story.when(step(1, "CENTRAL", "c", Fact::CentralRestored)).then(Verdict::Rejected, Code::CentralOnly);
    story.when(step(1, "AUDIT", "s", Fact::SecurityRecorded)).then(Verdict::Rejected, Code::CentralOnly);
}
