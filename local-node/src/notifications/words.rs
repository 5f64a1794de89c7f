use comptoir_messages::{Language, Message};
use comptoir_proto::instant;
use jiff::tz::TimeZone;

use super::{ALREADY_VALIDATED, DECISION_CHANGED, NotificationEntry, ROW_TOO_LARGE};

const CONFLICT: &str = "CONFLICT";

/// The title and the detail of a notification, with instants in the time zone of this machine.
pub(super) fn text_of(kept: &NotificationEntry, language: Language) -> (String, String) {
    text_in_zone(kept, language, TimeZone::system())
}

fn text_in_zone(kept: &NotificationEntry, language: Language, zone: TimeZone) -> (String, String) {
    let what = format!("{} {}", kept.entity_type, kept.entity_id);
    let text = |message: Message<'_>| {
        let why = kept.words.as_deref().or(kept.code.as_deref());
        message.with("what", what.as_str()).with("why", in_parentheses(why)).text(language)
    };
    match kept.kind.as_str() {
        ALREADY_VALIDATED => {
            (first_validator(kept, language, zone), text(Message::new("notification-already-validated")))
        }
        CONFLICT => (text(Message::new("notification-conflict-title")), text(Message::new("notification-conflict"))),
        "REJECTED" => (text(Message::new("notification-rejected-title")), text(Message::new("notification-rejected"))),
        "QUARANTINED" => {
            (text(Message::new("notification-quarantined-title")), text(Message::new("notification-quarantined")))
        }
        "SUPERSEDED" => {
            (text(Message::new("notification-superseded-title")), text(Message::new("notification-superseded")))
        }
        "RELEASED" => {
            let (title, detail) = release(kept);
            // Shown by one of the details only.
            let first = first_validator(&first_of(kept), language, zone);
            (text(title), text(detail.with("first", first)))
        }
        "RESOLVED" => (text(Message::new("notification-resolved-title")), resolution(kept, language)),
        DECISION_CHANGED => (
            text(Message::new("notification-decision-changed-title")),
            text(Message::new("notification-decision-changed")),
        ),
        ROW_TOO_LARGE => {
            let bytes = kept.words.as_deref().unwrap_or("unknown");
            (
                text(Message::new("notification-row-too-large-title")),
                text(Message::new("notification-row-too-large").with("bytes", bytes)),
            )
        }
        other => (
            text(Message::new("notification-other-title").with("kind", other)),
            text(Message::new("notification-other")),
        ),
    }
}

fn in_parentheses(reason: Option<&str>) -> String {
    reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
}

fn resolution(kept: &NotificationEntry, language: Language) -> String {
    let by = kept.by.clone().unwrap_or_else(|| Message::new("notification-somebody").text(language));
    Message::new("notification-resolved")
        .with("by", by)
        .with("choice", kept.data["choice"].as_str().unwrap_or_default())
        .with("why", in_parentheses(kept.data["reason"].as_str()))
        .text(language)
}

/// A quarantined event is decided when it is released, and may come too late by then.
fn release(kept: &NotificationEntry) -> (Message<'static>, Message<'static>) {
    let verdict = kept.data["verdict"].as_str().unwrap_or_default();
    match (verdict, kept.code.as_deref()) {
        (CONFLICT, Some(ALREADY_VALIDATED)) => {
            (Message::new("notification-released-outdone-title"), Message::new("notification-released-outdone"))
        }
        (CONFLICT, _) => {
            (Message::new("notification-released-conflict-title"), Message::new("notification-released-conflict"))
        }
        ("SUPERSEDED", _) => {
            (Message::new("notification-released-superseded-title"), Message::new("notification-released-superseded"))
        }
        _ => (Message::new("notification-released-title"), Message::new("notification-released")),
    }
}

/// The entry with the first validator's name and time, which the resolution of a release holds.
fn first_of(kept: &NotificationEntry) -> NotificationEntry {
    let data = kept.data["resolution"].clone();
    NotificationEntry { by: data["data"]["user"].as_str().map(str::to_owned), data, ..kept.clone() }
}

fn first_validator(kept: &NotificationEntry, language: Language, zone: TimeZone) -> String {
    let by = kept.by.clone().unwrap_or_else(|| Message::new("notification-somebody-else").text(language));
    let Some(at) = validated_at(kept, zone) else {
        return Message::new("notification-validated-by").with("by", by).text(language);
    };
    let date = match language {
        Language::French => at.strftime("%d/%m/%Y"),
        Language::English => at.strftime("%Y-%m-%d"),
    };
    Message::new("notification-validated-by-at")
        .with("by", by)
        .with("date", date.to_string())
        .with("time", at.strftime("%H:%M").to_string())
        .text(language)
}

fn validated_at(kept: &NotificationEntry, zone: TimeZone) -> Option<jiff::Zoned> {
    let at = instant::parse(kept.data["data"]["at"].as_str()?)?;
    Some(jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn a_driver_reads_who_was_first_in_their_own_language() {
        let kept = NotificationEntry {
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
        let title = |language| text_in_zone(&kept, language, TimeZone::UTC).0;
        assert_eq!(title(Language::French), "Validée par Amadou le 05/01/2026 à 09:00");
        assert_eq!(title(Language::English), "Validated by Amadou on 2026-01-05 at 09:00");
    }

    #[test]
    fn an_editor_reads_whose_version_stays_and_why() {
        let shown = |data: serde_json::Value, language| {
            let kept = NotificationEntry {
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
            text_in_zone(&kept, language, TimeZone::UTC).1
        };
        let chosen = json!({"choice": "server", "reason": "registre"});
        assert_eq!(
            shown(chosen, Language::French),
            "Amina a choisi : la version du central reste, la vôtre ne compte pas (registre)."
        );
        assert_eq!(shown(json!({"choice": "local"}), Language::English), "Amina chose: your version counts.");
        assert_eq!(shown(json!({"choice": "merged"}), Language::English), "Amina chose: the two versions are merged.");
        assert_eq!(shown(json!({}), Language::French), "Amina a choisi : voyez la fiche.");
    }

    /// A validation was quarantined for its code, another driver validated first, then somebody released the quarantined one.
    #[test]
    fn a_release_that_came_too_late_is_not_shown_as_one_that_took_effect() {
        let resolution = json!({"action": "DISCARD_LOCAL", "data": {"user": "Amadou", "at": "2026-01-05T09:00:00Z"}});
        let shown = |verdict: &str, code: Option<&str>, language| {
            let kept = NotificationEntry {
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
            text_in_zone(&kept, language, TimeZone::UTC)
        };
        let (title, detail) = shown("CONFLICT", Some(ALREADY_VALIDATED), Language::French);
        assert_eq!(title, "Vérifié, sans effet : DELIVERY BL-7");
        assert!(detail.ends_with("une autre validation vaut. Validée par Amadou le 05/01/2026 à 09:00."), "{detail}");
        let (title, detail) = shown("CONFLICT", Some(ALREADY_VALIDATED), Language::English);
        assert_eq!(title, "Reviewed, no effect: DELIVERY BL-7");
        assert!(detail.ends_with("Validated by Amadou on 2026-01-05 at 09:00."), "{detail}");
        let title = |verdict, language| shown(verdict, None, language).0;
        assert_eq!(title("CONFLICT", Language::French), "Vérifié, en conflit : DELIVERY BL-7");
        assert_eq!(title("CONFLICT", Language::English), "Reviewed, in conflict: DELIVERY BL-7");
        assert_eq!(title("SUPERSEDED", Language::English), "Reviewed, no effect: DELIVERY BL-7");
        assert_eq!(title("ACCEPTED", Language::French), "Vérifié, a pris effet : DELIVERY BL-7");
    }

    #[test]
    fn every_kind_has_its_texts_in_both_languages() {
        let kinds = [
            ALREADY_VALIDATED,
            CONFLICT,
            "REJECTED",
            "QUARANTINED",
            "SUPERSEDED",
            "RELEASED",
            "RESOLVED",
            DECISION_CHANGED,
            ROW_TOO_LARGE,
            "SOMETHING_NEW",
        ];
        for kind in kinds {
            let entry = NotificationEntry {
                kind: kind.to_owned(),
                code: None,
                event_id: Uuid::nil(),
                entity_type: "CLIENT".to_owned(),
                entity_id: "c-1".to_owned(),
                position: 7,
                at: 0,
                by: None,
                words: None,
                data: json!({}),
                seen_at: None,
            };
            let [french, english] =
                [Language::French, Language::English].map(|language| text_in_zone(&entry, language, TimeZone::UTC));
            assert!(french.0 != english.0 && french.1 != english.1, "{kind}: {french:?} {english:?}");
        }
    }
}
