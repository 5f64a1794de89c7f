//! The rulebook: which conflict rule applies to which entity type. It is data, not code.

use std::collections::BTreeMap;

use crate::id::Name;

/// The seven rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// Only central computes the value.
    ServerWins,
    /// The first accepted validation wins.
    FirstWins,
    /// Accepted and numbered, without a gap.
    AcceptAssign,
    /// Per field, the latest effective time wins.
    LastWriterWins,
    /// Never a conflict.
    AppendOnly,
    /// A conflict if another node changed it since; a person decides.
    VersionCheck,
    /// Nodes may not write it.
    CentralOnly,
}

impl Rule {
    /// Every rule, in the order of their codes.
    pub const ALL: [Rule; 7] = [
        Rule::ServerWins,
        Rule::FirstWins,
        Rule::AcceptAssign,
        Rule::LastWriterWins,
        Rule::AppendOnly,
        Rule::VersionCheck,
        Rule::CentralOnly,
    ];

    /// The word used in rulebook files, decisions and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::ServerWins => "server_wins",
            Rule::FirstWins => "first_wins",
            Rule::AcceptAssign => "accept_assign",
            Rule::LastWriterWins => "last_writer_wins",
            Rule::AppendOnly => "append_only",
            Rule::VersionCheck => "version_check",
            Rule::CentralOnly => "central_only",
        }
    }

    /// The rule of that word.
    pub fn parse(text: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.as_str() == text)
    }
}

/// The rule of each entity type, and of all others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rulebook {
    /// Version number given by the adopter, shown in each decision.
    pub version: u32,
    /// By entity type.
    pub rules: BTreeMap<Name, Rule>,
    /// For every type not named.
    pub default: Rule,
}

impl Rulebook {
    /// The rule for an entity type.
    pub fn rule_for(&self, entity_type: &Name) -> Rule {
        self.rules.get(entity_type).copied().unwrap_or(self.default)
    }
}

impl Default for Rulebook {
    /// The defaults of a new tenant.
    fn default() -> Self {
        let rules = [
            ("STOCK", Rule::ServerWins),
            ("DELIVERY", Rule::FirstWins),
            ("INVOICE", Rule::AcceptAssign),
            ("CLIENT", Rule::LastWriterWins),
            ("AUDIT", Rule::AppendOnly),
            ("SALE", Rule::AppendOnly),
            ("RECEPTION", Rule::AppendOnly),
            ("TILL_SESSION", Rule::AppendOnly),
            ("TRAINING", Rule::AppendOnly),
            ("PRODUCT", Rule::CentralOnly),
            ("PRODUCTION", Rule::CentralOnly),
        ];
        let rules = rules.into_iter().map(|(name, rule)| (Name::new(name).expect("a valid name"), rule)).collect();
        Rulebook { version: 1, rules, default: Rule::VersionCheck }
    }
}
