//! Entities made of fields: last writer wins, the version check, central only, and what a rulebook may choose.

use super::*;
use crate::rulebook::{Rule, Rulebook};

const ADA: &str = "name=\"Ada\"";

fn adopted(node: u8, rules: &[(&str, Rule)]) -> Step {
    let mut rulebook = Rulebook { version: 2, ..Rulebook::default() };
    rulebook.rules.extend(rules.iter().map(|(entity_type, rule)| (name(entity_type), *rule)));
    step(node, "RULEBOOK", "r", Fact::RulebookAdopted(rulebook))
}

mod last_writer_wins {
    use super::*;

    #[test]
    fn each_field_is_won_by_the_latest_effective_time_whatever_arrives_first() {
        given([created(1, "CLIENT", "c", &[ADA, "city=\"Lyon\""]).at(10)])
            .when(updated(2, "CLIENT", "c", &["city=\"Paris\""]).at(30))
            .then_accepted()
            .when(updated(3, "CLIENT", "c", &["city=\"Nice\"", "phone=\"1\""]).at(20))
            .then_accepted()
            .entity("CLIENT", "c", &["city=\"Paris\"", ADA, "phone=\"1\""]);
    }

    #[test]
    fn a_write_is_superseded_only_if_no_field_of_it_won() {
        given([created(1, "CLIENT", "c", &[ADA]).at(10)])
            .when(updated(2, "CLIENT", "c", &["name=\"Bea\""]).at(5))
            .then(Verdict::Superseded, Code::Overwritten)
            .with_resolution(Resolution::ServerEntity { version: Position(1), fields: fields(&[ADA]) })
            .entity("CLIENT", "c", &[ADA])
            .when(updated(2, "CLIENT", "c", &["name=\"Bea\"", "phone=\"1\""]).at(5))
            .then_accepted()
            .entity("CLIENT", "c", &[ADA, "phone=\"1\""]);
    }

    #[test]
    fn at_the_same_time_the_node_then_its_own_order_decides() {
        given([created(2, "CLIENT", "c", &["a=2"]).at(10)])
            .when(updated(1, "CLIENT", "c", &["a=1"]).at(10))
            .then(Verdict::Superseded, Code::Overwritten)
            .when(updated(2, "CLIENT", "c", &["a=3"]).at(10))
            .then_accepted()
            .entity("CLIENT", "c", &["a=3"]);
    }

    #[test]
    fn a_time_given_in_the_future_loses_to_an_edit_made_after_it_was_taken_in() {
        use crate::clock::{ClockHistory, IntakeTime, Timing};
        use crate::event::{Event, TimeSource};

        const MINUTE: i64 = 60_000_000;
        let given_at = updated(1, "CLIENT", "c", &["name=\"Bea\""]);
        let event = Event {
            occurred_at: Timestamp(9_999 * MINUTE),
            time_source: TimeSource::Caller,
            ..given_at.known.event.clone()
        };
        // Recorded after ten minutes, received after sixty; another node wrote after forty.
        let timing =
            |known| Timing::new(&event, &ClockHistory::default(), known, Timestamp(60 * MINUTE)).effective_at.0;
        let reported = IntakeTime { at: Some(Timestamp(10 * MINUTE)), before: None };
        let unreported = IntakeTime { at: None, before: Some(Timestamp(8 * MINUTE)) };
        for known in [reported, unreported] {
            given([created(2, "CLIENT", "c", &[ADA]).at(40 * MINUTE)])
                .when(given_at.clone().at(timing(known)))
                .then(Verdict::Superseded, Code::Overwritten)
                .entity("CLIENT", "c", &[ADA]);
        }
        // A time that can be true is accepted.
        let event = Event { occurred_at: Timestamp(50 * MINUTE), ..event };
        let timing = Timing::new(&event, &ClockHistory::default(), IntakeTime::default(), Timestamp(60 * MINUTE));
        given([created(2, "CLIENT", "c", &[ADA]).at(40 * MINUTE)])
            .when(given_at.at(timing.effective_at.0))
            .then_accepted()
            .entity("CLIENT", "c", &["name=\"Bea\""]);
    }

    #[test]
    fn a_removed_field_stays_removed_against_an_older_write() {
        given([created(1, "CLIENT", "c", &[ADA, "phone=\"1\""]).at(10), updated(1, "CLIENT", "c", &["phone="]).at(30)])
            .when(updated(2, "CLIENT", "c", &["phone=\"2\""]).at(20))
            .then(Verdict::Superseded, Code::Overwritten)
            .entity("CLIENT", "c", &[ADA]);
    }

    #[test]
    fn a_delete_is_a_tombstone_that_only_a_later_create_revives() {
        given([created(1, "CLIENT", "c", &[ADA]).at(10)])
            .when(deleted(2, "CLIENT", "c").at(20))
            .then_accepted()
            .deleted("CLIENT", "c")
            .when(updated(1, "CLIENT", "c", &["phone=\"1\""]).at(15))
            .then(Verdict::Superseded, Code::Overwritten)
            .when(created(1, "CLIENT", "c", &[ADA]).at(18))
            .then(Verdict::Superseded, Code::Overwritten)
            .when(updated(1, "CLIENT", "c", &["phone=\"2\""]).at(25))
            .then_accepted()
            .deleted("CLIENT", "c")
            .when(created(3, "CLIENT", "c", &["name=\"Bea\""]).at(30))
            .then_accepted()
            .entity("CLIENT", "c", &["name=\"Bea\"", "phone=\"2\""]);
    }

    #[test]
    fn a_delete_older_than_the_create_leaves_it_alive() {
        given([created(1, "CLIENT", "c", &[ADA]).at(20)])
            .when(deleted(2, "CLIENT", "c").at(10))
            .then_accepted()
            .entity("CLIENT", "c", &[ADA])
            .when(deleted(3, "CLIENT", "c").at(5))
            .then(Verdict::Superseded, Code::Overwritten);
    }

    #[test]
    fn an_update_that_comes_before_its_create_is_kept() {
        given([updated(2, "CLIENT", "c", &["phone=\"1\""]).at(20)])
            .then_accepted()
            .when(created(1, "CLIENT", "c", &[ADA, "phone=\"0\""]).at(10))
            .then_accepted()
            .entity("CLIENT", "c", &[ADA, "phone=\"1\""]);
    }
}

mod version_check {
    use super::*;

    #[test]
    fn an_edit_conflicts_if_another_node_changed_the_entity_since() {
        given([created(1, "STUDENT", "s", &[ADA]), updated(2, "STUDENT", "s", &["class=\"A\""]).based_on(1)])
            .then_accepted()
            .when(updated(1, "STUDENT", "s", &["class=\"B\""]).based_on(1))
            .then(Verdict::Conflict, Code::VersionConflict)
            .with_resolution(Resolution::ServerEntity { version: Position(2), fields: fields(&["class=\"A\"", ADA]) })
            .entity("STUDENT", "s", &["class=\"A\"", ADA]);
    }

    #[test]
    fn a_nodes_own_chain_of_offline_edits_is_none() {
        given([created(1, "STUDENT", "s", &[ADA])])
            .when(updated(1, "STUDENT", "s", &["class=\"A\""]))
            .then_accepted()
            .when(updated(1, "STUDENT", "s", &["class=\"B\""]).based_on(1))
            .then_accepted()
            .entity("STUDENT", "s", &["class=\"B\"", ADA]);
    }

    #[test]
    fn an_edit_without_a_base_has_seen_nothing() {
        given([created(1, "STUDENT", "s", &[ADA])])
            .when(updated(2, "STUDENT", "s", &["class=\"A\""]))
            .then(Verdict::Conflict, Code::VersionConflict);
    }

    #[test]
    fn while_a_conflict_is_open_that_nodes_further_edits_join_it_and_others_go_on() {
        let story = given([
            created(1, "STUDENT", "s", &[ADA]),
            updated(2, "STUDENT", "s", &["class=\"A\""]),
            updated(2, "STUDENT", "s", &["class=\"B\""]),
        ])
        .then(Verdict::Conflict, Code::VersionConflict)
        .when(updated(1, "STUDENT", "s", &["class=\"C\""]).based_on(1))
        .then_accepted();
        let conflicts = &story.entity_of("STUDENT", "s").expect("it was created").open_conflicts;
        assert_eq!(conflicts.iter().collect::<Vec<_>>(), [(&node_id(2), &event(2))], "the first edit opened it");
    }

    /// D4: the writer has read what central holds, so nothing of another node is at stake.
    #[test]
    fn while_a_conflict_is_open_an_edit_of_the_present_version_is_decided_by_itself() {
        let in_conflict = || {
            given([
                created(1, "STUDENT", "s", &[ADA]),
                updated(1, "STUDENT", "s", &["class=\"A\""]),
                updated(2, "STUDENT", "s", &["class=\"B\""]).based_on(1),
            ])
            .then(Verdict::Conflict, Code::VersionConflict)
        };
        let story = in_conflict()
            .when(updated(2, "STUDENT", "s", &["class=\"C\""]).based_on(2))
            .then_accepted()
            .entity("STUDENT", "s", &["class=\"C\"", ADA])
            // Its own change is no obstacle to an edit that it made before its base moved.
            .when(updated(2, "STUDENT", "s", &["room=\"1\""]).based_on(2))
            .then_accepted();
        let open = &story.entity_of("STUDENT", "s").expect("it was created").open_conflicts;
        assert_eq!(open.values().collect::<Vec<_>>(), [&event(3)], "the conflict stays open");
        story.when(resolved(CENTRAL, "STUDENT", "s", 3, None)).then_accepted().entity(
            "STUDENT",
            "s",
            &["class=\"C\"", ADA, "room=\"1\""],
        );
        in_conflict()
            .when(deleted(2, "STUDENT", "s").based_on(2))
            .then_accepted()
            .deleted("STUDENT", "s")
            .when(updated(2, "STUDENT", "s", &["class=\"C\""]).based_on(2))
            .then(Verdict::Conflict, Code::EntityDeleted);
        in_conflict()
            .when(updated(2, "STUDENT", "s", &["class=\"C\""]).based_on(1))
            .then(Verdict::Conflict, Code::VersionConflict);
    }

    #[test]
    fn a_person_keeps_the_servers_fields_or_gives_others() {
        let conflict =
            || given([created(1, "STUDENT", "s", &[ADA, "class=\"A\""]), updated(2, "STUDENT", "s", &["class=\"B\""])]);
        conflict()
            .when(resolved(CENTRAL, "STUDENT", "s", 2, None))
            .then_accepted()
            .entity("STUDENT", "s", &["class=\"A\"", ADA])
            .when(updated(2, "STUDENT", "s", &["class=\"C\""]).based_on(1))
            .then_accepted();
        conflict()
            .when(resolved(CENTRAL, "STUDENT", "s", 2, Some(&["class=\"B\""])))
            .then_accepted()
            .entity("STUDENT", "s", &["class=\"B\"", ADA])
            // The resolution is central's change: a writer that has not read it conflicts.
            .when(updated(1, "STUDENT", "s", &["class=\"D\""]).based_on(1))
            .then(Verdict::Conflict, Code::VersionConflict);
    }

    #[test]
    fn a_conflict_is_resolved_once_by_central_and_by_the_event_that_opened_it() {
        given([
            created(1, "STUDENT", "s", &[ADA]),
            updated(2, "STUDENT", "s", &["class=\"B\""]),
            updated(2, "STUDENT", "s", &["class=\"C\""]),
        ])
        .when(resolved(1, "STUDENT", "s", 2, None))
        .then(Verdict::Rejected, Code::CentralOnly)
        .when(resolved(CENTRAL, "STUDENT", "s", 3, None))
        .then(Verdict::Rejected, Code::UnknownEvent)
        .when(resolved(CENTRAL, "STUDENT", "other", 2, None))
        .then(Verdict::Rejected, Code::UnknownEvent)
        .when(resolved(CENTRAL, "STUDENT", "s", 2, None))
        .then_accepted()
        .when(resolved(CENTRAL, "STUDENT", "s", 2, None))
        .then(Verdict::Rejected, Code::UnknownEvent);
    }

    #[test]
    fn a_second_create_is_a_conflict_for_another_node_and_an_update_for_its_own() {
        given([created(1, "STUDENT", "s", &[ADA])])
            .when(created(1, "STUDENT", "s", &["class=\"A\""]))
            .then_accepted()
            .entity("STUDENT", "s", &["class=\"A\"", ADA])
            .when(created(2, "STUDENT", "s", &["class=\"B\""]).based_on(2))
            .then(Verdict::Conflict, Code::EntityExists)
            .when(created(CENTRAL, "STUDENT", "s", &["class=\"B\""]))
            .then(Verdict::Conflict, Code::EntityExists);
    }

    /// D6: there is no second entity, and nothing to decide.
    #[test]
    fn a_second_create_with_the_same_content_is_superseded() {
        given([created(1, "STUDENT", "s", &[ADA])])
            .when(created(2, "STUDENT", "s", &[ADA]))
            .then(Verdict::Superseded, Code::EntityExists)
            .with_resolution(Resolution::ServerEntity { version: Position(1), fields: fields(&[ADA]) })
            .when(created(2, "STUDENT", "s", &[ADA, "class=\"A\""]))
            .then(Verdict::Conflict, Code::EntityExists)
            .entity("STUDENT", "s", &[ADA]);
    }

    #[test]
    fn an_unknown_entity_cannot_be_changed_and_a_person_may_still_make_it() {
        given([])
            .when(updated(1, "STUDENT", "s", &[ADA]))
            .then(Verdict::Conflict, Code::UnknownEntity)
            .when(deleted(2, "STUDENT", "s"))
            .then(Verdict::Conflict, Code::UnknownEntity)
            .when(created(3, "STUDENT", "t", &[ADA]))
            .then_accepted()
            .when(resolved(CENTRAL, "STUDENT", "s", 1, Some(&[ADA])))
            .then_accepted()
            .entity("STUDENT", "s", &[ADA]);
    }

    #[test]
    fn an_entity_known_only_by_a_conflict_can_be_created_by_another_node() {
        given([updated(1, "STUDENT", "s", &[ADA])])
            .when(created(2, "STUDENT", "s", &["name=\"Bea\""]))
            .then_accepted()
            .entity("STUDENT", "s", &["name=\"Bea\""]);
    }

    #[test]
    fn a_deleted_entity_can_be_created_again_but_not_updated() {
        given([created(1, "STUDENT", "s", &[ADA, "class=\"A\""]), deleted(1, "STUDENT", "s")])
            .then_accepted()
            .deleted("STUDENT", "s")
            .when(updated(1, "STUDENT", "s", &[ADA]))
            .then(Verdict::Conflict, Code::EntityDeleted)
            .when(created(2, "STUDENT", "s", &["name=\"Bea\""]))
            .then(Verdict::Conflict, Code::VersionConflict)
            .when(created(3, "STUDENT", "s", &["name=\"Cid\""]).based_on(2))
            .then_accepted()
            .entity("STUDENT", "s", &["name=\"Cid\""]);
    }

    #[test]
    fn what_two_have_deleted_is_no_conflict() {
        let deleted_by_one = given([created(1, "STUDENT", "s", &[ADA]), deleted(1, "STUDENT", "s")]).then_accepted();
        deleted_by_one.when(deleted(3, "STUDENT", "s").based_on(1)).then_accepted().deleted("STUDENT", "s");
    }

    #[test]
    fn a_delete_of_a_deleted_entity_joins_its_writers_open_conflict() {
        given([created(1, "STUDENT", "s", &[ADA]), deleted(1, "STUDENT", "s")])
            .when(updated(2, "STUDENT", "s", &["class=\"A\""]).based_on(1))
            .then(Verdict::Conflict, Code::EntityDeleted)
            .when(deleted(2, "STUDENT", "s"))
            .then(Verdict::Conflict, Code::EntityDeleted)
            .when(deleted(2, "STUDENT", "s").based_on(2))
            .then_accepted();
    }

    #[test]
    fn centrals_own_edits_are_checked_the_same_way() {
        given([created(1, "STUDENT", "s", &[ADA]), updated(1, "STUDENT", "s", &["class=\"A\""])])
            .when(updated(CENTRAL, "STUDENT", "s", &["class=\"B\""]).based_on(1))
            .then(Verdict::Conflict, Code::VersionConflict);
    }
}

mod central_only {
    use super::*;

    #[test]
    fn a_node_may_not_write() {
        given([])
            .when(created(1, "PRODUCT", "p", &["label=\"Thé\""]))
            .then(Verdict::Rejected, Code::CentralOnly)
            .when(created(CENTRAL, "PRODUCT", "p", &["label=\"Thé\""]))
            .then_accepted()
            .when(deleted(1, "PRODUCT", "p").based_on(2))
            .then(Verdict::Rejected, Code::CentralOnly)
            .entity("PRODUCT", "p", &["label=\"Thé\""]);
    }

    #[test]
    fn central_changes_what_it_made() {
        given([created(CENTRAL, "PRODUCT", "p", &["label=\"Thé\""])])
            .when(updated(CENTRAL, "PRODUCT", "p", &["price=1"]).based_on(1))
            .then_accepted()
            .entity("PRODUCT", "p", &["label=\"Thé\"", "price=1"]);
    }
}

mod rulebook {
    use super::*;

    #[test]
    fn a_rulebook_is_centrals_and_holds_from_the_next_position_on() {
        let story = given([])
            .when(adopted(1, &[("STUDENT", Rule::LastWriterWins)]))
            .then(Verdict::Rejected, Code::CentralOnly)
            .when(adopted(CENTRAL, &[("RULEBOOK", Rule::AppendOnly)]))
            .then_accepted();
        assert_eq!(story.judgement().rule, Rule::VersionCheck, "its own judgement is by the old one");
        assert_eq!(story.state.rulebook.version, 2);
    }

    #[test]
    fn a_type_moved_to_last_writer_wins_keeps_its_entities() {
        let story = given([created(1, "STUDENT", "s", &[ADA]).at(10)])
            .when(adopted(CENTRAL, &[("STUDENT", Rule::LastWriterWins)]))
            .when(updated(2, "STUDENT", "s", &["name=\"Bea\""]).at(5))
            .then(Verdict::Superseded, Code::Overwritten);
        assert_eq!(story.judgement().rule, Rule::LastWriterWins);
        story.when(updated(2, "STUDENT", "s", &["name=\"Bea\""]).at(20)).then_accepted();
    }

    #[test]
    fn clients_can_use_the_version_check() {
        given([created(1, "CLIENT", "c", &[ADA]).at(10), adopted(CENTRAL, &[("CLIENT", Rule::VersionCheck)])])
            .when(updated(2, "CLIENT", "c", &["name=\"Bea\""]).at(20))
            .then(Verdict::Conflict, Code::VersionConflict);
    }

    #[test]
    fn what_is_only_appended_is_kept_as_an_event_and_nothing_else() {
        let story = given([adopted(CENTRAL, &[("NOTE", Rule::AppendOnly)])])
            .when(created(1, "NOTE", "n", &["text=\"x\""]))
            .then_accepted()
            .when(updated(2, "NOTE", "n", &["text=\"y\""]))
            .then_accepted()
            .when(deleted(3, "NOTE", "other"))
            .then_accepted();
        assert!(story.state.entities.is_empty());
    }

    #[test]
    fn under_server_wins_a_node_is_superseded_by_what_central_holds() {
        given([adopted(CENTRAL, &[("TARIFF", Rule::ServerWins)]), created(CENTRAL, "TARIFF", "t", &["price=1"])])
            .then_accepted()
            .when(updated(1, "TARIFF", "t", &["price=2"]).based_on(2))
            .then(Verdict::Superseded, Code::CentralOnly)
            .with_resolution(Resolution::ServerEntity { version: Position(2), fields: fields(&["price=1"]) })
            .entity("TARIFF", "t", &["price=1"]);
    }

    #[test]
    fn under_first_wins_the_first_create_wins() {
        let story = given([adopted(CENTRAL, &[("BADGE", Rule::FirstWins)])])
            .when(updated(1, "BADGE", "b", &["owner=1"]))
            .then(Verdict::Conflict, Code::UnknownEntity)
            .when(created(1, "BADGE", "b", &["owner=1"]))
            .then_accepted()
            .when(created(2, "BADGE", "b", &["owner=2"]))
            .then(Verdict::Conflict, Code::EntityExists)
            .when(deleted(1, "BADGE", "b").based_on(3))
            .then(Verdict::Conflict, Code::EntityExists)
            .entity("BADGE", "b", &["owner=1"]);
        let badge = story.entity_of("BADGE", "b").expect("it was created");
        assert!(badge.open_conflicts.is_empty(), "nobody has anything to decide");
    }

    #[test]
    fn there_is_nothing_to_number_in_a_set_of_fields() {
        given([adopted(CENTRAL, &[("TICKET", Rule::AcceptAssign)])])
            .when(created(1, "TICKET", "t", &["a=1"]))
            .then(Verdict::Rejected, Code::ActionNotAllowed);
    }

    #[test]
    fn goods_follow_their_own_logic_under_any_rulebook_and_the_judgement_names_the_rule() {
        let story = given([adopted(CENTRAL, &[("SALE", Rule::CentralOnly)]), received("TEA", "5", "1")])
            .when(sold("s1", &[("TEA", "2")]))
            .then_accepted_with(&[Flag::UnknownReference])
            .stock("TEA", &["3@1"], "0");
        assert_eq!(story.judgement().rule, Rule::CentralOnly);
    }
}
