//! The mobile document: its example of a double validation, its chaos table, and its list of obligatory tests.

use crate::head_office::run;

macro_rules! lines {
    ($($(#[$doc:meta])* $test:ident => $scenario:literal;)*) => {
        $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() {
            run("mobile", $scenario).await;
        })*
    };
}

lines! {
    /// "Création facture offline 24h → sync OK".
    an_invoice_made_offline_a_day_ago_is_taken_and_numbered => "invoice_made_a_day_ago";
    /// "Validation livraison sans réseau → sync OK".
    a_delivery_validated_without_network_is_taken => "delivery_validated_without_network";
    /// "Double validation même BL → conflit géré", and T1 to T4 of the example.
    two_phones_validate_one_delivery_and_the_second_reads_validee_par_chauffeur_a => "double_validation";
    /// "App killée pendant sync → reprise OK".
    a_phone_killed_while_it_syncs_goes_on_and_nothing_is_there_twice => "killed_while_syncing";
    /// "100 events en queue → sync batch OK".
    a_hundred_events_go_up_in_one_batch => "a_hundred_events_in_one_batch";
    /// "Stock jamais modifié localement".
    stock_is_never_changed_by_a_phone => "stock_is_never_changed";
    /// "Pas de duplication events (UUID)", "Double clic".
    a_double_click_is_one_event => "double_click";
    /// "Audit complet même offline".
    the_audit_is_complete_though_it_was_written_offline => "audit_is_complete";
    /// "Payload corrompu: reject + log".
    a_corrupted_payload_fails_alone_and_is_sent_again => "corrupted_payload";
    /// "Serveur down: queue locale, sync quand OK".
    a_server_that_is_down_is_waited_for => "server_down";
    /// The vectors of `docs/spec/mobile.md`.
    checksums_are_computed_as_the_paper_says => "checksums";
}
