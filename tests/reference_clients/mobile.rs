//! The mobile document: its double validation, its table of failures, its audit, and its list of mandatory tests, line by line.
//! From section 10, "Device révoqué" and "Grace period 72h" are in `identity.rs`.

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
    an_invoice_made_offline_a_day_ago_is_accepted_and_numbered => "invoice_made_a_day_ago";
    /// §10: "Validation livraison sans réseau → sync OK".
    a_delivery_validated_without_network_is_accepted => "delivery_validated_without_network";
    /// §10: "Double validation même BL → conflit géré"; §5: T1 to T4 of the example.
    of_two_phones_the_second_to_validate_reads_validee_par_chauffeur_a => "double_validation";
    /// §10: "100 events en queue → sync batch OK".
    a_hundred_events_are_pushed_in_one_batch => "a_hundred_events_in_one_batch";
    /// §10: "Stock jamais modifié localement"; §1: "Modifier quantité stock: INTERDIT", "Valider production: INTERDIT".
    stock_is_never_changed_by_a_phone => "stock_is_never_changed";
    /// §1: "Consulter stock: oui, cache RO".
    stock_is_read_without_network => "stock_is_read_offline";
    /// §11: "Ignorer les conflits: non".
    a_driver_with_a_wrong_code_is_notified_and_does_not_send_it_again => "wrong_qr_code";
    rows_of_the_documents_own_tables_are_payloads => "rows_of_the_tables";
    /// §10: "Pas de duplication events (UUID)"; §7: "Double clic: UUID idempotent, ignoré".
    a_double_click_is_one_event => "double_click";
    /// §10: "Audit complet même offline"; §8: `LocalAuditEntry`.
    an_audit_written_offline_is_complete => "audit_is_complete";
    /// §7: "App killée pendant saisie: draft auto-sauvé 5s, reprendre".
    a_phone_killed_while_its_user_types_resumes_from_the_draft => "killed_while_typing";
    /// §10: "App killée pendant sync → reprise OK"; §7: "Events PENDING, retry".
    a_phone_killed_before_sending_resumes => "killed_before_sending";
    /// §10: "App killée pendant sync → reprise OK", during the request.
    a_phone_killed_during_the_request_resumes => "killed_during_the_request";
    /// §10: "App killée pendant sync → reprise OK", with the answer read but not stored.
    a_phone_killed_before_storing_the_answer_resumes_without_duplicates => "killed_before_storing_the_answer";
    /// §7: "Téléphone éteint: SQLite persiste, sync au boot".
    a_phone_that_was_switched_off_syncs_when_it_starts => "phone_switched_off";
    /// §7: "Payload corrompu: checksum invalide, reject + log".
    a_corrupted_payload_fails_alone_and_is_resent => "corrupted_payload";
    /// The vectors of `docs/spec/mobile.md`.
    checksums_match_the_specification => "checksums";
}

lines! { run_with_kills:
    /// §7: "Serveur down: queue locale, sync quand OK", and the table of attempts: 1s, 2s, 4s, 8s, 16s (max).
    a_phone_retries_with_growing_delay_while_the_server_is_down => "server_down";
    /// §10: "App killée pendant sync → reprise OK", on the server's side.
    a_server_killed_while_phones_sync_loses_and_duplicates_nothing => "server_killed_while_syncing";
    /// §10: "App killée pendant sync → reprise OK", on both sides at once.
    a_phone_and_its_server_killed_together_resume => "both_killed_while_syncing";
}
