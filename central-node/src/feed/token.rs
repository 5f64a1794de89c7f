//! The mark after which an interrupted bootstrap resumes: the head that its first stream recorded, and the last row. A mark
//! needs no escaping in a query, and most of it repeats from mark to mark, so that it compresses well.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use comptoir_core::position::Position;
use comptoir_proto::pull_v1::{Proof, RowKey, RowKind};
use uuid::Uuid;

use super::keys::KINDS;

/// The first characters of every token identify its format.
const FORMAT: &str = "b1";

/// A place in a bootstrap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) incarnation: Uuid,
    pub(crate) scope: String,
    /// The head that the first stream recorded.
    pub(crate) head: Position,
    /// The last row that was sent.
    pub(crate) last: RowKey,
    /// Of the page that the row came with.
    pub(crate) proof: Proof,
}

/// A token that does not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("after={0:?} is no mark of a bootstrap: begin again without it")]
pub(crate) struct BadToken(String);

fn kind_word(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Entity => "e",
        RowKind::Delivery => "d",
        RowKind::Invoice => "i",
        RowKind::Stock => "s",
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Token { incarnation, scope, head, last, proof } = self;
        let (kind, site) = (kind_word(last.kind), last.site.unwrap_or_default().simple());
        let (entity_type, id) = (BASE64.encode(&last.entity_type), BASE64.encode(&last.entity_id));
        let (incarnation, Proof { position, chain }) = (incarnation.simple(), proof);
        write!(f, "{FORMAT}.{incarnation}.{scope}.{head}.{kind}.{site}.{entity_type}.{id}.{position}.{chain}")
    }
}

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read_token(text).ok_or_else(|| BadToken(text.chars().take(80).collect()))
    }
}

fn read_token(text: &str) -> Option<Token> {
    let words: Vec<&str> = text.split('.').collect();
    let [FORMAT, incarnation, scope, head, kind, site, entity_type, id, position, chain] = words[..] else {
        return None;
    };
    let name = |word: &str| String::from_utf8(BASE64.decode(word).ok()?).ok().filter(|name| !name.contains('\0'));
    let site: Uuid = site.parse().ok()?;
    let head: u64 = head.parse().ok()?;
    Some(Token {
        incarnation: incarnation.parse().ok()?,
        scope: scope.to_owned(),
        head: i64::try_from(head).is_ok().then_some(Position(head))?,
        last: RowKey {
            kind: KINDS.into_iter().find(|known| kind_word(*known) == kind)?,
            entity_type: name(entity_type)?,
            entity_id: name(id)?,
            site: super::rows::site(site),
        },
        proof: Proof { position: position.parse().ok()?, chain: chain.to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_needs_no_escaping_whatever_an_id_has_in_it() {
        let last = RowKey {
            kind: RowKind::Stock,
            entity_type: "STOCK".to_owned(),
            entity_id: "Café & crème/é.1?".to_owned(),
            site: Some(Uuid::from_u128(7)),
        };
        let proof = Proof { position: 43, chain: "00ff".to_owned() };
        let head = Position(42);
        let token = Token { incarnation: Uuid::from_u128(3), scope: "1-none".to_owned(), head, last, proof };
        let text = token.to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)), "{text}");
        assert_eq!(text.parse(), Ok(token));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "b1", "b2.a.b.c.d.e.f.g.h.i", "b1.1.2", "b1.x.1-none.1.e.0.Q.Q.1.00ff", "2026-01-01T00:00:00Z"]
        {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
    }
}
