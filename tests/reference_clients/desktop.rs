//! The desktop document: its flows, its conflict example and its complete example.

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
    a_taken_id_is_replaced_and_references_follow => "a_taken_id_is_replaced";
    /// "Exemple de conflit", `resolveConflict('evt_123', true)`: "Accepter la version serveur".
    a_conflict_shows_the_server_s_data_and_the_user_accepts_them => "a_conflict_is_shown_and_the_server_s_version_taken";
    /// "Rejeter la version serveur: garder la version locale".
    a_conflict_is_decided_for_the_local_version => "a_conflict_is_decided_for_the_local_version";
    /// "Le serveur renvoie le conflit avec les données serveur", the current ones.
    a_resolution_based_on_outdated_data_is_refused => "a_choice_is_about_what_was_shown";
    /// "Les conflits sont détectés et résolus explicitement", field by field.
    a_conflict_is_merged_field_by_field => "a_conflict_is_merged_field_by_field";
    /// "Accepter la version serveur: écraser la version locale", by the sample's `update`.
    the_server_s_data_overwrite_the_local_row => "the_server_s_data_overwrite_the_local_ones";
    /// "Appliquer chaque changement localement", `insert`, `update` and `delete`.
    changes_remove_old_fields => "changes_remove_old_fields";
    /// "Les conflits sont détectés et résolus explicitement", where one side deleted.
    a_deletion_in_conflict_loses_no_row_on_either_desktop => "a_deletion_in_conflict_loses_no_row";
    /// "Permet la retry automatique en cas d'échec".
    a_retry_after_a_lost_answer_creates_no_second_event => "a_retry_after_a_lost_answer_creates_no_second_event";
    /// "Outbox pattern: garantit qu'aucune modification n'est perdue", killed before sending.
    a_desktop_killed_before_sending_resumes => "killed_before_sending";
    /// "Outbox pattern: garantit qu'aucune modification n'est perdue", killed before storing the answer.
    a_desktop_killed_before_storing_the_answer_resumes => "killed_before_storing_the_answer";
    /// "Types d'entités synchronisables", CREATE, UPDATE and DELETE.
    every_entity_type_is_created_updated_and_deleted => "every_entity_type";
    /// "Optionnellement filtrer par `entityTypes`".
    only_the_requested_types_are_pulled => "only_the_requested_types_are_pulled";
    /// "Pagination", `hasMore`, and "Synchronisation incrémentale".
    many_changes_arrive_page_by_page_and_once => "many_changes_arrive_page_by_page";
    /// "SQLite est une cache locale".
    a_wiped_desktop_gets_its_own_rows => "a_wiped_desktop_gets_its_own_rows";
    /// "Appliquer chaque changement localement", CREATE and UPDATE of documents.
    documents_are_created_once_then_updated => "documents_are_created_once_then_updated";
    /// "Isolation stricte", "Les changements serveur sont filtrés par `tenantId`".
    tenants_are_isolated => "tenants_are_isolated";
    /// "SyncLog: chaque synchronisation est journalisée".
    every_synchronisation_is_logged => "every_synchronisation_is_logged";
    /// "Analytics: statistiques de synchronisation par tenant".
    statistics_are_kept_for_each_tenant => "statistics_are_kept_for_each_tenant";
}

flows! { run_with_kills:
    /// "Retry automatique: en cas d'échec, retenter avec backoff exponentiel".
    a_desktop_retries_while_a_killed_server_restarts_and_loses_nothing => "server_killed_while_syncing";
}
