//! The mobile document: its example of a double validation, its chaos table, its audit, and its list of obligatory tests, line by line.
//! Of section 10, "Device révoqué" and "Grace period 72h" come with identity.

use crate::against::{run_client, run_with_kills};

macro_rules! lines {
    ($by:ident: $($(#[$doc:meta])* $test:ident => $scenario:literal;)*) => {
        $($(#[$doc])* #[test] fn $test() {
            $by("mobile", $scenario);
        })*
    };
}

lines! { run_client:
    /// §10: "Création facture offline 24h → sync OK".
    an_invoice_made_offline_a_day_ago_is_taken_and_numbered => "invoice_made_a_day_ago";
    /// §10: "Validation livraison sans réseau → sync OK".
    a_delivery_validated_without_network_is_taken => "delivery_validated_without_network";
    /// §10: "Double validation même BL → conflit géré"; §5: T1 to T4 of the example.
    two_phones_validate_one_delivery_and_the_second_reads_validee_par_chauffeur_a => "double_validation";
    /// §10: "100 events en queue → sync batch OK".
    a_hundred_events_go_up_in_one_batch => "a_hundred_events_in_one_batch";
    /// §10: "Stock jamais modifié localement"; §1: "Modifier quantité stock: INTERDIT", "Valider production: INTERDIT".
    stock_is_never_changed_by_a_phone => "stock_is_never_changed";
    /// §1: "Consulter stock: oui, cache RO".
    stock_is_read_without_network => "stock_is_read_offline";
    /// §11: "Ignorer les conflits: non".
    a_driver_whose_code_does_not_fit_is_told_though_the_event_is_acked => "a_code_that_does_not_fit";
    /// §10: "Pas de duplication events (UUID)"; §7: "Double clic: UUID idempotent, ignoré".
    a_double_click_is_one_event => "double_click";
    /// §10: "Audit complet même offline"; §8: `LocalAuditEntry`.
    the_audit_is_complete_though_it_was_written_offline => "audit_is_complete";
    /// §7: "App killée pendant saisie: draft auto-sauvé 5s, reprendre".
    a_phone_killed_while_its_user_types_goes_on_from_the_draft => "killed_while_typing";
    /// §10: "App killée pendant sync → reprise OK"; §7: "Events PENDING, retry".
    a_phone_killed_before_its_request_leaves_goes_on => "killed_with_the_request_in_its_hand";
    /// §10: "App killée pendant sync → reprise OK", while the request is on its way.
    a_phone_killed_while_its_request_is_on_its_way_goes_on => "killed_with_the_request_on_its_way";
    /// §10: "App killée pendant sync → reprise OK", with the answer read and not kept.
    a_phone_killed_with_the_answer_in_its_hand_goes_on_and_nothing_is_there_twice => "killed_with_the_answer_in_its_hand";
    /// §7: "Téléphone éteint: SQLite persiste, sync au boot".
    a_phone_that_was_switched_off_syncs_when_it_starts => "phone_switched_off";
    /// §7: "Payload corrompu: checksum invalide, reject + log".
    a_corrupted_payload_fails_alone_and_is_sent_again => "corrupted_payload";
    /// The vectors of `docs/spec/mobile.md`.
    checksums_are_computed_as_the_paper_says => "checksums";
}

lines! { run_with_kills:
    /// §7: "Serveur down: queue locale, sync quand OK", and the table of attempts: 1s, 2s, 4s, 8s, 16s (max).
    a_server_that_is_down_is_waited_for_with_growing_patience => "server_down";
    /// §10: "App killée pendant sync → reprise OK", the server's side of it.
    a_server_killed_while_phones_sync_loses_nothing_and_takes_nothing_twice => "server_killed_while_syncing";
    /// §10: "App killée pendant sync → reprise OK", both sides at once.
    a_phone_and_its_server_killed_together_go_on => "both_killed_while_syncing";
}
