//! Which passwords are refused because they are tried first: common words, what the user and the company are called, and
//! what a finger types without thinking.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The shortest password. Length is worth more than rules about characters, which people meet with a final `1!`.
pub(super) const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password. Argon2 hashes any length; this bounds the request.
pub(super) const PASSWORD_CHARS_MAX: usize = 128;
/// What must be left of a password without the names that everybody knows.
const OWN_CHARS_MIN: usize = 8;
/// Characters that neither repeat nor continue the one before.
const FREE_CHARS_MIN: usize = 6;
/// A shorter block that is typed again and again is as weak as the block.
const BLOCK_CHARS_MIN: usize = 8;
/// Shorter words of a company's name, such as `les`, say nothing.
const NAME_WORD_CHARS_MIN: usize = 4;

static COMMON: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect()
});

/// Rows of keyboards, and the orders that everybody knows.
const ROWS: [&str; 9] = [
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertzuiop",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
];

/// Why a password is refused, or `None`. `names` are what the user and the company are called.
pub(super) fn weakness(password: &str, names: &[&str]) -> Option<String> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Some(format!("has {chars} characters; at least {PASSWORD_CHARS_MIN} are needed, such as four words"));
    }
    if chars > PASSWORD_CHARS_MAX {
        return Some(format!("has {chars} characters; at most {PASSWORD_CHARS_MAX} are allowed"));
    }
    let lower: Vec<char> = password.to_lowercase().chars().collect();
    if free_chars(&lower) < FREE_CHARS_MIN || is_a_block_repeated(&lower) {
        return Some("repeats a few characters, or follows the alphabet, the digits or the keyboard".to_owned());
    }
    let letters = letters_of(&lower);
    if is_common(&letters) {
        return Some("is one of the words that are tried first".to_owned());
    }
    if own_chars(&lower, names) < OWN_CHARS_MIN {
        return Some("is little more than the login or the company's name".to_owned());
    }
    None
}

/// Characters that neither repeat nor continue the one before.
fn free_chars(lower: &[char]) -> usize {
    let continues = |pair: &[char]| {
        let (before, after) = (pair[0], pair[1]);
        before == after
            || ROWS.iter().any(|row| {
                let at = |char| row.chars().position(|known| known == char);
                matches!((at(before), at(after)), (Some(before), Some(after)) if before.abs_diff(after) == 1)
            })
    };
    lower.len().min(1) + lower.windows(2).filter(|pair| !continues(pair)).count()
}

fn is_a_block_repeated(lower: &[char]) -> bool {
    let repeats = |block: usize| lower.iter().zip(&lower[block..]).all(|(before, after)| before == after);
    (1..BLOCK_CHARS_MIN.min(lower.len())).any(repeats)
}

/// The letters, with the usual substitutions undone and without digits and signs at the ends or between.
fn letters_of(lower: &[char]) -> String {
    let is_letter = |char: &char| char.is_alphabetic() || matches!(char, '@' | '$' | '€');
    // Digits after a word are a year or a count; within a word they stand for a letter.
    let first = lower.iter().position(is_letter).unwrap_or(lower.len());
    let last = lower.iter().rposition(is_letter).map_or(first, |at| at + 1);
    lower[first..last].iter().filter_map(|char| plain_letter(*char)).collect()
}

fn plain_letter(char: char) -> Option<char> {
    let plain = match char {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' | 'é' | 'è' | 'ê' | 'ë' => 'e',
        '4' | '@' | 'à' | 'â' | 'ä' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        'ç' => 'c',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'û' | 'ù' | 'ü' => 'u',
        other => other,
    };
    plain.is_alphabetic().then_some(plain)
}

/// One common word, or two. Three words chosen at random are more than anybody tries.
fn is_common(letters: &str) -> bool {
    let splits = letters.char_indices().map(|(at, _)| letters.split_at(at));
    COMMON.contains(letters) || splits.into_iter().any(|(one, other)| COMMON.contains(one) && COMMON.contains(other))
}

/// Letters and digits that are left without the names.
fn own_chars(lower: &[char], names: &[&str]) -> usize {
    let mut left: String = lower.iter().filter(|char| char.is_alphanumeric()).collect();
    let known = names.iter().copied().chain(["comptoir"]);
    for name in known.flat_map(|name| words_of(&name.to_lowercase())) {
        left = left.replace(&name, "");
    }
    left.chars().count()
}

/// A name without its spaces, and its longer words.
fn words_of(name: &str) -> Vec<String> {
    let whole: String = name.chars().filter(|char| char.is_alphanumeric()).collect();
    let words = name.split(|char: char| !char.is_alphanumeric()).map(str::to_owned);
    std::iter::once(whole).chain(words).filter(|word| word.chars().count() >= NAME_WORD_CHARS_MIN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_weak(password: &str) -> bool {
        weakness(password, &["amelie", "Épicerie des Quatre Saisons"]).is_some()
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for weak in [
            "",
            "elevenchars",
            "Motdepasse123",
            "password12345!",
            "P@ssw0rd2026",
            "mot-de-passe-2026",
            "correct horse battery staple",
            "Bienvenue2026!",
            "welcomeBonjour",
            "AdminPassword1",
            "Jesus is Lord 77",
        ] {
            assert!(is_weak(weak), "{weak}");
        }
        assert!(is_weak(&"x".repeat(129)));
    }

    #[test]
    fn repeated_and_sequential_characters_are_refused() {
        for weak in [
            "aaaaaaaaaaaa",
            "012345678901",
            "azertyuiopqs",
            "qwertyuiopas",
            "abcabcabcabc",
            "12341234abcd",
            "xkqzxkqzxkqz",
            "zyxwvutsrqponm",
            "1122334455667788",
        ] {
            assert!(is_weak(weak), "{weak}");
        }
    }

    #[test]
    fn the_login_and_the_names_of_the_company_and_the_program_alone_are_refused() {
        for weak in
            ["amelie-est-la", "epicerie-2026", "Épicerie-2026", "QuatreSaisons1", "comptoir-2026", "amelie.comptoir.1"]
        {
            // Without its accent the first is a common word.
            assert!(is_weak(weak), "{weak}");
        }
        assert!(!is_weak("amelie mange trois pommes"), "a name within more is no harm");
    }

    #[test]
    fn a_few_words_or_random_characters_are_taken() {
        for strong in [
            "four words by heart",
            "quatre mots au hasard",
            "the river under the bridge",
            "kT9#vw2LqzX!",
            "je bois un café à six heures",
            "水の中の月を見る夜の鳥たち",
        ] {
            assert!(!is_weak(strong), "{strong}: {:?}", weakness(strong, &["amelie"]));
        }
    }

    #[test]
    fn the_list_has_some_hundred_words_in_the_form_that_is_compared() {
        let words: Vec<&str> =
            include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with('#')).collect();
        assert!(words.len() > 300 && words.len() == COMMON.len(), "{} lines, {} words", words.len(), COMMON.len());
        for word in words {
            assert_eq!(letters_of(&word.chars().collect::<Vec<_>>()), word, "it could never match");
        }
    }
}
