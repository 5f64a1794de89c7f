//! French where the machine speaks French, else English.

use std::sync::LazyLock;

static FRENCH: LazyLock<bool> = LazyLock::new(|| is_french(|name| std::env::var(name).ok()));

/// Whether people here read French.
pub fn french() -> bool {
    *FRENCH
}

/// One of two texts.
pub fn say<T>(french: T, english: T) -> T {
    if *FRENCH { french } else { english }
}

/// A number and its noun: `1 sale`, `2 sales`. French has 0 in the singular.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    let singular = number == 1 || number == 0 && *FRENCH;
    format!("{number} {}", if singular { one } else { many })
}

/// The first of these that is set decides, as for every program of the system.
fn is_french(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).is_some_and(|value| value.starts_with("fr"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_noun_in_the_singular_or_plural() {
        let shown = [0, 1, 2].map(|number| counted(number, "sale", "sales"));
        assert_eq!(shown, ["0 sales", "1 sale", "2 sales"]);
    }

    #[test]
    fn the_language_is_the_one_of_the_messages() {
        let speaks = |set: &[(&str, &str)]| {
            is_french(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(speaks(&[("LANG", "fr_FR.UTF-8")]));
        assert!(speaks(&[("LC_ALL", ""), ("LANG", "fr_BE")]));
        assert!(!speaks(&[("LC_ALL", "C"), ("LANG", "fr_FR.UTF-8")]));
        assert!(!speaks(&[]));
    }
}
