//! Computes the expected rows from the edits alone, without versions, positions or the program's rules.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::records::Key;

/// The fields of a record.
pub(crate) type Fields = BTreeMap<String, Value>;

/// An edit to a record.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Create(Fields),
    Update(Fields),
    Delete,
}

/// How a conflict is decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Way {
    Server,
    Local,
    Merged,
}

impl Way {
    pub(crate) const ALL: [Way; 3] = [Way::Server, Way::Local, Way::Merged];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Way::Server => "server",
            Way::Local => "local",
            Way::Merged => "merged",
        }
    }
}

/// The expected records of the school. Deleted records are absent.
#[derive(Clone, Default, Debug)]
pub(crate) struct Model(BTreeMap<Key, Fields>);

impl Model {
    pub(crate) fn living(&self) -> BTreeMap<&Key, &Fields> {
        self.0.iter().collect()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Fields> {
        self.0.get(key)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }

    pub(crate) fn apply(&mut self, key: &Key, edit: &Edit) {
        let after = after(self.0.get(key).cloned(), edit);
        self.set(key, after);
    }

    pub(crate) fn set(&mut self, key: &Key, fields: Option<Fields>) {
        match fields {
            Some(fields) => self.0.insert(key.clone(), fields),
            None => self.0.remove(key),
        };
    }

    /// The record after a person decided about `edits`, which were made on `before`.
    pub(crate) fn decided(
        &self,
        before: &Model,
        key: &Key,
        edits: &[Edit],
        way: Way,
        agreed: &Fields,
    ) -> Option<Fields> {
        let server = self.0.get(key).cloned();
        match way {
            Way::Server => server,
            Way::Local => edits.iter().fold(server.or_else(|| before.0.get(key).cloned()), after),
            Way::Merged => after(Some(server.unwrap_or_default()), &Edit::Update(agreed.clone())),
        }
    }
}

fn after(fields: Option<Fields>, edit: &Edit) -> Option<Fields> {
    match edit {
        Edit::Delete => None,
        Edit::Create(set) | Edit::Update(set) => {
            let mut fields = fields.unwrap_or_default();
            fields.extend(set.clone());
            Some(fields)
        }
    }
}

/// A merge by a person: the marks of the waiting edits, and a remark.
pub(crate) fn agreed(edits: &[Edit]) -> Fields {
    let mut agreed = Fields::new();
    for edit in edits {
        if let Edit::Create(fields) | Edit::Update(fields) = edit {
            agreed.extend(fields.iter().filter(|(name, _)| name.starts_with('G')).map(|(n, v)| (n.clone(), v.clone())));
        }
    }
    agreed.insert("remark".to_owned(), "agreed by both".into());
    agreed
}
