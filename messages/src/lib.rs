//! Everything that the product says to people, in French and English: one Fluent catalogue for each language, with the same
//! messages and variables. Numbers and instants arrive here as text, written as the caller's language does; a count that
//! chooses a plural is a number.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

const FRENCH: &str = include_str!("../fr.ftl");
const ENGLISH: &str = include_str!("../en.ftl");

/// A language that has a catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// For readers who ask for neither French nor English.
    #[default]
    French,
    /// For readers who ask for English before French.
    English,
}

impl Language {
    /// Reads the header `Accept-Language`: the first of French and English, else French.
    pub fn accepted(header: Option<&str>) -> Language {
        let tags = header.unwrap_or_default().split(',').map(|tag| tag.trim().get(..2).unwrap_or_default());
        let first = tags.into_iter().find(|tag| tag.eq_ignore_ascii_case("fr") || tag.eq_ignore_ascii_case("en"));
        if first.is_some_and(|tag| tag.eq_ignore_ascii_case("en")) { Language::English } else { Language::French }
    }

    /// The language of a terminal: French if the locale is French, else English. As in every Unix program, the first of `LC_ALL`,
    /// `LC_MESSAGES` and `LANG` that `variable` knows decides.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        if locale.is_some_and(|locale| locale.starts_with("fr")) { Language::French } else { Language::English }
    }

    /// The language tag for HTML and HTTP.
    pub fn tag(self) -> &'static str {
        match self {
            Language::French => "fr",
            Language::English => "en",
        }
    }

    fn catalogue(self) -> &'static Catalogue {
        static CATALOGUES: LazyLock<[Catalogue; 2]> =
            LazyLock::new(|| [(Language::French, FRENCH), (Language::English, ENGLISH)].map(parse));
        match self {
            Language::French => &CATALOGUES[0],
            Language::English => &CATALOGUES[1],
        }
    }
}

type Catalogue = FluentBundle<FluentResource>;

fn parse((language, source): (Language, &str)) -> Catalogue {
    let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut catalogue = FluentBundle::new_concurrent(vec![tag]);
    // The texts go into HTML, terminals and JSON, where the invisible marks around values would be noise.
    catalogue.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, errors)| {
        debug_assert!(false, "{language:?}: {errors:?}");
        resource
    });
    let added = catalogue.add_resource(resource);
    debug_assert!(added.is_ok(), "{language:?}: {added:?}");
    catalogue
}

/// A message of the catalogues and the values of its variables.
#[derive(Debug)]
pub struct Message<'a> {
    id: &'static str,
    values: FluentArgs<'a>,
}

impl<'a> Message<'a> {
    /// The message with this id. A test compares the ids in the sources with the catalogues.
    pub fn new(id: &'static str) -> Message<'a> {
        Message { id, values: FluentArgs::new() }
    }

    /// Sets a variable, to text that is shown or to a number that chooses a plural.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<FluentValue<'a>>) -> Message<'a> {
        self.values.set(variable, value);
        self
    }

    /// The text in one language.
    pub fn text(&self, language: Language) -> String {
        let catalogue = language.catalogue();
        let Some(pattern) = catalogue.get_message(self.id).and_then(|message| message.value()) else {
            debug_assert!(false, "no catalogue has the message {}", self.id);
            return self.id.to_owned();
        };
        let mut errors = Vec::new();
        let text = catalogue.format_pattern(pattern, Some(&self.values), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{}: {errors:?}", self.id);
        text
    }
}

#[cfg(test)]
mod tests;
