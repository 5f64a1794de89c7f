use serde::Serialize;
use serde_json::Value;

use crate::output::Shown;

/// Names and values of one thing that was made, in order: a line for each in text, an object in JSON.
pub(super) struct Facts(Vec<(&'static str, Value)>);

impl Facts {
    pub(super) fn new<const N: usize>(facts: [(&'static str, String); N]) -> Facts {
        Facts(facts.into_iter().map(|(name, value)| (name, value.into())).collect())
    }

    /// Adds a value that may be absent: null in JSON, `-` in text.
    pub(super) fn with(mut self, name: &'static str, value: Option<String>) -> Facts {
        self.0.push((name, value.into()));
        self
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or("-")))
    }
}

impl Serialize for Facts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Shown for Facts {
    fn text(&self) -> String {
        self.lines().collect::<Vec<_>>().join("\n")
    }
}

/// A row of a list: its facts on one line.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct FactsRow(pub(super) Facts);

impl Shown for FactsRow {
    fn text(&self) -> String {
        self.0.lines().collect::<Vec<_>>().join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line_and_a_thing_that_was_made_has_a_line_for_each_value() {
        let facts =
            || Facts::new([("node_id", "n".to_owned()), ("name", "till 1".to_owned())]).with("revoked_at", None);
        assert_eq!(FactsRow(facts()).text(), "node_id=n  name=till 1  revoked_at=-");
        assert_eq!(facts().text(), "node_id=n\nname=till 1\nrevoked_at=-");
        let json = serde_json::to_string(&FactsRow(facts())).expect("facts have JSON");
        assert_eq!(json, r#"{"node_id":"n","name":"till 1","revoked_at":null}"#);
    }
}
