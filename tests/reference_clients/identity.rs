//! Devices of users: the mobile document's section 6, line by line, and section 10 on revoked devices and 72 hours.

use crate::against::run_client;

macro_rules! lines {
    ($($(#[$doc:meta])* $test:ident => $scenario:literal;)*) => {
        $($(#[$doc])* #[test] fn $test() {
            run_client("identity", $scenario);
        })*
    };
}

lines! {
    /// §6: "Enregistrement: UUID unique par device", "Limite: Max 3 devices par user".
    max_3_devices_par_user => "max_3_devices";
    /// §6: "Tokens dans SecureStorage"; §11: "Stocker tokens en clair: non".
    keys_and_tokens_stay_on_the_device => "keys_stay_on_the_device";
    /// §6: "Access: 15 min, API calls".
    a_token_that_ends_in_the_middle_of_an_upload_is_renewed => "refresh_in_the_middle_of_an_upload";
    /// §6: "Refresh: renouvellement", over a line that loses the answer.
    a_refresh_whose_answer_is_lost_is_repeated => "lost_refresh_answer";
    /// §6: "Refresh: renouvellement", killed right after it.
    a_phone_killed_after_a_refresh_goes_on_with_the_new_token => "killed_after_a_refresh";
    /// §6: "Refresh: 7 jours": afterwards the queue waits for the login.
    a_queue_goes_on_after_the_login => "queue_goes_on_after_the_login";
    /// §10: "Grace period 72h respectée"; §6: "Après 72h offline → Re-authentification obligatoire".
    grace_period_72h_respectee => "grace_72h";
    /// §10: "Device révoqué → wipe local"; §6: "Révocation: Admin peut révoquer à distance", "Wipe".
    device_revoque_wipe_local => "revoked_phone_wipes";
    /// §10: "Device révoqué → wipe local", killed on the way.
    a_phone_killed_while_it_wipes_itself_finishes => "killed_while_wiping";
    /// The desktop document: "Token JWT requis pour toutes les requêtes de synchronisation".
    a_desktop_synchronises_with_tokens_and_wipes_itself_when_revoked => "desktop_with_tokens";
}
