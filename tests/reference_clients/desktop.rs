//! The desktop document: its flows, its example of a conflict, and its complete example.

use crate::head_office::run;

macro_rules! flows {
    ($($(#[$doc:meta])* $test:ident => $scenario:literal;)*) => {
        $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() {
            run("desktop", $scenario).await;
        })*
    };
}

flows! {
    /// "Exemple complet: création d'un élève hors ligne".
    a_pupil_made_offline_reaches_the_server_and_the_other_desktop => "a_pupil_made_offline";
    /// "Mettre à jour l'ID local si création".
    a_taken_id_is_replaced_and_what_refers_to_it_follows => "a_taken_id_is_replaced";
    /// "Exemple de conflit", `resolveConflict('evt_123', true)`.
    a_conflict_shows_the_servers_data_and_the_user_takes_them => "a_conflict_is_shown_and_the_server_s_version_taken";
    /// "Rejeter la version serveur".
    a_conflict_is_decided_for_the_local_version => "a_conflict_is_decided_for_the_local_version";
    /// "Garantit qu'aucune modification n'est perdue; retry automatique".
    a_lost_answer_is_no_second_event => "a_lost_answer_is_no_second_event";
    /// "Types d'entités synchronisables".
    every_entity_type_is_created_updated_and_deleted => "every_entity_type";
    /// "Isolation stricte".
    tenants_are_kept_apart => "tenants_are_kept_apart";
    /// "SyncLog".
    every_synchronisation_is_logged => "every_synchronisation_is_logged";
}
