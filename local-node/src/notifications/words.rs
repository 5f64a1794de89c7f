use comptoir_proto::instant;
use comptoir_proto::start_page::Language;
use jiff::tz::TimeZone;

use super::{ALREADY_VALIDATED, DECISION_CHANGED, NotificationEntry, ROW_TOO_LARGE};

const CONFLICT: &str = "CONFLICT";

/// One line, and what it means.
pub(super) fn text_of(entry: &NotificationEntry, language: Language) -> (String, String) {
    of_zone(entry, language, TimeZone::system())
}

fn of_zone(entry: &NotificationEntry, language: Language, zone: TimeZone) -> (String, String) {
    let what = format!("{} {}", entry.entity_type, entry.entity_id);
    let why = entry.words.as_deref().or(entry.code.as_deref()).map(|why| format!(" ({why})")).unwrap_or_default();
    let (title, detail) = match language {
        Language::French => match entry.kind.as_str() {
            ALREADY_VALIDATED => (
                first_french(entry, zone),
                format!("{what} était déjà validée. Votre validation reste au journal et ne compte pas."),
            ),
            CONFLICT => (
                format!("Modification en conflit : {what}"),
                format!("Une autre modification était déjà acceptée ; une personne choisit au central{why}."),
            ),
            "REJECTED" => (
                format!("Refusé par le central : {what}"),
                format!("L'événement reste au journal et n'a pas d'effet{why}."),
            ),
            "QUARANTINED" => (
                format!("Mis de côté par le central : {what}"),
                format!("Une personne doit le vérifier au central avant qu'il prenne effet{why}."),
            ),
            "SUPERSEDED" => (
                format!("La valeur du central reste : {what}"),
                format!("L'événement reste au journal ; seul le central change cette valeur{why}."),
            ),
            "RELEASED" => released_french(entry, &what, zone),
            "RESOLVED" => (
                format!("Conflit réglé : {what}"),
                format!(
                    "{} a choisi : {}{}.",
                    entry.by.as_deref().unwrap_or("Une personne"),
                    match entry.data["choice"].as_str() {
                        Some("server") => "la version du central reste, la vôtre ne compte pas",
                        Some("local") => "votre version vaut",
                        Some("merged") => "les deux versions sont fusionnées",
                        _ => "voyez la fiche",
                    },
                    reason(entry)
                ),
            ),
            DECISION_CHANGED => (
                format!("Le central a décidé autrement : {what}"),
                format!(
                    "Le central a été restauré, et a décidé cet événement une seconde fois{why}. Voyez avec le siège ce qui vaut."
                ),
            ),
            ROW_TOO_LARGE => (
                format!("Trop grand pour ce poste : {what}"),
                format!(
                    "La fiche a {} octets et n'est à jour qu'au central : lisez-la là-bas, et allégez-la.",
                    entry.words.as_deref().unwrap_or("trop d'")
                ),
            ),
            other => (format!("{other} : {what}"), format!("Le central le signale{why}.")),
        },
        Language::English => match entry.kind.as_str() {
            ALREADY_VALIDATED => (
                first_english(entry, zone),
                format!("{what} was validated already. Your validation stays in the log and does not count."),
            ),
            CONFLICT => (
                format!("Conflicting edit: {what}"),
                format!("Another edit was accepted before; a person chooses at central{why}."),
            ),
            "REJECTED" => {
                (format!("Refused by central: {what}"), format!("The event stays in the log and has no effect{why}."))
            }
            "QUARANTINED" => (
                format!("Set apart by central: {what}"),
                format!("A person has to look at it at central before it takes effect{why}."),
            ),
            "SUPERSEDED" => (
                format!("Central's value stays: {what}"),
                format!("The event stays in the log; central alone changes this value{why}."),
            ),
            "RELEASED" => released_english(entry, &what, zone),
            "RESOLVED" => (
                format!("Conflict resolved: {what}"),
                format!(
                    "{} chose: {}{}.",
                    entry.by.as_deref().unwrap_or("A person"),
                    match entry.data["choice"].as_str() {
                        Some("server") => "central's version stays, yours does not count",
                        Some("local") => "your version counts",
                        Some("merged") => "the two versions are merged",
                        _ => "look at the record",
                    },
                    reason(entry)
                ),
            ),
            DECISION_CHANGED => (
                format!("Central decided otherwise: {what}"),
                format!(
                    "Central was restored and decided this event a second time{why}. Ask head office which decision holds."
                ),
            ),
            ROW_TOO_LARGE => (
                format!("Too large for this machine: {what}"),
                format!(
                    "The record has {} bytes and is up to date at central alone: read it there, and make it smaller.",
                    entry.words.as_deref().unwrap_or("too many")
                ),
            ),
            other => (format!("{other}: {what}"), format!("Central says so{why}.")),
        },
    };
    (title, detail)
}

/// What the person gave as their reason.
fn reason(entry: &NotificationEntry) -> String {
    entry.data["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default()
}

/// A quarantined event is decided at its release, which may be too late.
fn released_french(entry: &NotificationEntry, what: &str, zone: TimeZone) -> (String, String) {
    let looked_at = "Ce qui était mis de côté a été vérifié au central";
    match (released_as(entry), entry.code.as_deref()) {
        (CONFLICT, Some(ALREADY_VALIDATED)) => (
            format!("Vérifié, sans effet : {what}"),
            format!("{looked_at} ; une autre validation vaut. {}.", first_french(&first_of(entry), zone)),
        ),
        (CONFLICT, _) => (
            format!("Vérifié, en conflit : {what}"),
            format!("{looked_at} ; une autre modification était déjà acceptée, une personne choisit au central."),
        ),
        ("SUPERSEDED", _) => (
            format!("Vérifié, sans effet : {what}"),
            format!("{looked_at} ; une valeur plus récente du central reste."),
        ),
        _ => (format!("Vérifié, a pris effet : {what}"), format!("{looked_at} et a pris effet.")),
    }
}

fn released_english(entry: &NotificationEntry, what: &str, zone: TimeZone) -> (String, String) {
    let looked_at = "The quarantined event was reviewed at central";
    match (released_as(entry), entry.code.as_deref()) {
        (CONFLICT, Some(ALREADY_VALIDATED)) => (
            format!("Looked at, without effect: {what}"),
            format!("{looked_at}; another validation counts. {}.", first_english(&first_of(entry), zone)),
        ),
        (CONFLICT, _) => (
            format!("Looked at, in conflict: {what}"),
            format!("{looked_at}; another edit was accepted before, and a person chooses at central."),
        ),
        ("SUPERSEDED", _) => {
            (format!("Looked at, without effect: {what}"), format!("{looked_at}; a later value of central's stays."))
        }
        _ => (format!("Looked at, and in effect: {what}"), format!("{looked_at} and took effect.")),
    }
}

/// The verdict of a release.
fn released_as(entry: &NotificationEntry) -> &str {
    entry.data["verdict"].as_str().unwrap_or_default()
}

/// Who was first, as the resolution of a release names them.
fn first_of(entry: &NotificationEntry) -> NotificationEntry {
    let data = entry.data["resolution"].clone();
    NotificationEntry { by: data["data"]["user"].as_str().map(str::to_owned), data, ..entry.clone() }
}

fn first_french(entry: &NotificationEntry, zone: TimeZone) -> String {
    let by = entry.by.as_deref().unwrap_or("quelqu'un d'autre");
    match first_at(entry, zone, "%d/%m/%Y à %H:%M") {
        Some(at) => format!("Validée par {by} le {at}"),
        None => format!("Validée par {by}"),
    }
}

fn first_english(entry: &NotificationEntry, zone: TimeZone) -> String {
    let by = entry.by.as_deref().unwrap_or("somebody else");
    match first_at(entry, zone, "%Y-%m-%d at %H:%M") {
        Some(at) => format!("Validated by {by} on {at}"),
        None => format!("Validated by {by}"),
    }
}

/// When the first did it, as the clock on this wall shows it.
fn first_at(entry: &NotificationEntry, zone: TimeZone, format: &str) -> Option<String> {
    let at = instant::parse(entry.data["data"]["at"].as_str()?)?;
    let at = jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(zone);
    Some(at.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn a_driver_hears_who_was_first_in_their_own_language() {
        let entry = NotificationEntry {
            kind: ALREADY_VALIDATED.to_owned(),
            code: Some(ALREADY_VALIDATED.to_owned()),
            event_id: Uuid::nil(),
            entity_type: "DELIVERY".to_owned(),
            entity_id: "BL-7".to_owned(),
            position: 7,
            at: 0,
            by: Some("Amadou".to_owned()),
            words: None,
            data: json!({"action": "DISCARD_LOCAL", "data": {"user": "Amadou", "at": "2026-01-05T09:00:00Z"}}),
            seen_at: None,
        };
        let title = |language| of_zone(&entry, language, TimeZone::UTC).0;
        assert_eq!(title(Language::French), "Validée par Amadou le 05/01/2026 à 09:00");
        assert_eq!(title(Language::English), "Validated by Amadou on 2026-01-05 at 09:00");
    }

    #[test]
    fn an_editor_hears_whose_version_stays_and_why() {
        let text = |data: serde_json::Value, language| {
            let entry = NotificationEntry {
                kind: "RESOLVED".to_owned(),
                code: None,
                event_id: Uuid::nil(),
                entity_type: "STUDENT".to_owned(),
                entity_id: "s-1".to_owned(),
                position: 7,
                at: 0,
                by: Some("Amina".to_owned()),
                words: None,
                data,
                seen_at: None,
            };
            of_zone(&entry, language, TimeZone::UTC).1
        };
        let chosen = json!({"choice": "server", "reason": "registre"});
        assert_eq!(
            text(chosen, Language::French),
            "Amina a choisi : la version du central reste, la vôtre ne compte pas (registre)."
        );
        assert_eq!(text(json!({"choice": "local"}), Language::English), "Amina chose: your version counts.");
        assert_eq!(text(json!({"choice": "merged"}), Language::English), "Amina chose: the two versions are merged.");
        assert_eq!(text(json!({}), Language::French), "Amina a choisi : voyez la fiche.");
    }

    /// A validation was quarantined for its code, another driver came first, then a person released it.
    #[test]
    fn a_late_release_is_not_reported_as_effective() {
        let resolution = json!({"action": "DISCARD_LOCAL", "data": {"user": "Amadou", "at": "2026-01-05T09:00:00Z"}});
        let text = |verdict: &str, code: Option<&str>, language| {
            let entry = NotificationEntry {
                kind: "RELEASED".to_owned(),
                code: code.map(str::to_owned),
                event_id: Uuid::nil(),
                entity_type: "DELIVERY".to_owned(),
                entity_id: "BL-7".to_owned(),
                position: 7,
                at: 0,
                by: Some("u-9".to_owned()),
                words: None,
                data: json!({"verdict": verdict, "code": code, "resolution": resolution}),
                seen_at: None,
            };
            of_zone(&entry, language, TimeZone::UTC)
        };
        let (title, detail) = text("CONFLICT", Some(ALREADY_VALIDATED), Language::French);
        assert_eq!(title, "Vérifié, sans effet : DELIVERY BL-7");
        assert!(detail.ends_with("une autre validation vaut. Validée par Amadou le 05/01/2026 à 09:00."), "{detail}");
        let (title, detail) = text("CONFLICT", Some(ALREADY_VALIDATED), Language::English);
        assert_eq!(title, "Looked at, without effect: DELIVERY BL-7");
        assert!(detail.ends_with("Validated by Amadou on 2026-01-05 at 09:00."), "{detail}");
        let title = |verdict, language| text(verdict, None, language).0;
        assert_eq!(title("CONFLICT", Language::French), "Vérifié, en conflit : DELIVERY BL-7");
        assert_eq!(title("CONFLICT", Language::English), "Looked at, in conflict: DELIVERY BL-7");
        assert_eq!(title("SUPERSEDED", Language::English), "Looked at, without effect: DELIVERY BL-7");
        assert_eq!(title("ACCEPTED", Language::French), "Vérifié, a pris effet : DELIVERY BL-7");
    }

    #[test]
    fn french_is_spoken_unless_english_is_asked_for_first() {
        let of = |accepted| Language::accepted(Some(accepted));
        assert_eq!((Language::accepted(None), of("de, *")), (Language::French, Language::French));
        assert_eq!((of("en-GB,en;q=0.9,fr;q=0.5"), of("fr-FR, en")), (Language::English, Language::French));
    }
}
