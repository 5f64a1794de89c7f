//! The desktop document: its flows, its example of a conflict, and its complete example.

use crate::against::{run_client, run_with_kills};

macro_rules! flows {
    ($by:ident: $($(#[$doc:meta])* $test:ident => $scenario:literal;)*) => {
        $($(#[$doc])* #[test] fn $test() {
            $by("desktop", $scenario);
        })*
    };
}

flows! { run_client:
    /// "Exemple complet: création d'un élève hors ligne", steps 1 to 6.
    a_pupil_made_offline_reaches_the_server_and_the_other_desktop => "a_pupil_made_offline";
    /// "Mettre à jour l'ID local si création".
    a_taken_id_is_replaced_and_what_refers_to_it_follows => "a_taken_id_is_replaced";
    /// "Exemple de conflit", `resolveConflict('evt_123', true)`: "Accepter la version serveur".
    a_conflict_shows_the_servers_data_and_the_user_takes_them => "a_conflict_is_shown_and_the_server_s_version_taken";
    /// "Rejeter la version serveur: garder la version locale".
    a_conflict_is_decided_for_the_local_version => "a_conflict_is_decided_for_the_local_version";
    /// "Le serveur renvoie le conflit avec les données serveur", those of now.
    a_choice_about_what_moved_on_meanwhile_is_made_again => "a_choice_is_about_what_was_shown";
    /// "Les conflits sont détectés et résolus explicitement", field by field.
    a_conflict_is_merged_field_by_field => "a_conflict_is_merged_field_by_field";
    /// "Accepter la version serveur: écraser la version locale", by the sample's `update`.
    the_servers_data_put_away_what_was_written_here => "the_server_s_data_overwrite_the_local_ones";
    /// "Appliquer chaque changement localement", `insert`, `update` and `delete`.
    changes_leave_nothing_of_what_was => "changes_leave_nothing_of_what_was";
    /// "Les conflits sont détectés et résolus explicitement", where one side deleted.
    a_deletion_in_conflict_loses_no_row_on_either_desktop => "a_deletion_in_conflict_loses_no_row";
    /// "Permet la retry automatique en cas d'échec".
    a_lost_answer_is_no_second_event => "a_lost_answer_is_no_second_event";
    /// "Outbox pattern: garantit qu'aucune modification n'est perdue", killed before the request leaves.
    a_desktop_killed_before_its_outbox_leaves_goes_on => "killed_with_the_request_in_its_hand";
    /// "Outbox pattern: garantit qu'aucune modification n'est perdue", killed before the answer is kept.
    a_desktop_killed_with_the_answer_in_its_hand_goes_on => "killed_with_the_answer_in_its_hand";
    /// "Types d'entités synchronisables", CREATE, UPDATE and DELETE.
    every_entity_type_is_created_updated_and_deleted => "every_entity_type";
    /// "Optionnellement filtrer par `entityTypes`".
    only_the_wanted_types_come_down => "only_the_wanted_types_come_down";
    /// "Pagination", `hasMore`, and "Synchronisation incrémentale".
    many_changes_come_page_by_page_and_once => "many_changes_come_page_by_page";
    /// "SQLite est une cache locale".
    a_wiped_desktop_is_given_its_own_rows_too => "a_wiped_desktop_is_given_its_own_rows";
    /// "Appliquer chaque changement localement", CREATE and UPDATE of what is no entity.
    documents_are_created_once_and_then_updated => "documents_come_as_what_they_are";
    /// "Isolation stricte", "Les changements serveur sont filtrés par `tenantId`".
    tenants_are_kept_apart => "tenants_are_kept_apart";
    /// "SyncLog: chaque synchronisation est journalisée".
    every_synchronisation_is_logged => "every_synchronisation_is_logged";
    /// "Analytics: statistiques de synchronisation par tenant".
    statistics_are_kept_for_each_tenant => "statistics_are_kept_for_each_tenant";
}

flows! { run_with_kills:
    /// "Retry automatique: en cas d'échec, retenter avec backoff exponentiel".
    a_server_killed_while_a_desktop_syncs_is_waited_for_and_nothing_is_lost => "server_killed_while_syncing";
}
