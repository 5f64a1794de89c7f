//! Identities. A value of these types is valid: it is checked once, when it is created.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

use crate::limits::NAME_CHARS_MAX;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID. Every UUID is a valid id.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }
            /// The id from its sixteen bytes, as in a record's header.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
            /// The sixteen bytes, in the order of the text form.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A company or school, strictly isolated from the others.
    TenantId
);
uuid_id!(
    /// One shop of a tenant.
    SiteId
);
uuid_id!(
    /// One writer of one log; central itself is one node per tenant.
    NodeId
);
uuid_id!(
    /// A person of a tenant. Events name this id; the person's name is in central's identity tables alone.
    UserId
);
uuid_id!(
    /// An event's identity, made by its writer; it counts at most once per tenant.
    EventId
);

impl EventId {
    /// The id of an event derived from another: the same cause and label always give the same id (UUID v5 under the cause).
    pub fn derived(self, label: &str) -> EventId {
        EventId(Uuid::new_v5(&self.0, label.as_bytes()))
    }
}

/// A short text that names something: entity type, entity id, action, user, product.
/// One to 64 characters, no control character, no white space at either end.
///
/// A clone shares the text: rules and read models name the same product in many keys, and copying it for each was a third of
/// their cost.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a name must not be empty")]
    Empty,
    /// More than 64 characters.
    #[error("a name has at most {NAME_CHARS_MAX} characters, got {0}")]
    TooLong(usize),
    /// A control character, or white space at one end.
    #[error("a name has no control character and no white space at its ends, got {0:?}")]
    BadCharacter(String),
}

impl Name {
    /// Checks a text and wraps it.
    pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
        let text = text.as_ref();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let chars = text.chars().count();
        if chars > NAME_CHARS_MAX {
            return Err(NameError::TooLong(chars));
        }
        if text.trim() != text || text.chars().any(char::is_control) {
            return Err(NameError::BadCharacter(text.to_owned()));
        }
        Ok(Self(Arc::from(text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_text_and_refuses_what_cannot_be_shown() {
        assert_eq!(Name::new("85123A").unwrap().as_str(), "85123A");
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("é".repeat(65)), Err(NameError::TooLong(65)));
        assert!(Name::new("é".repeat(64)).is_ok());
        assert!(matches!(Name::new(" x"), Err(NameError::BadCharacter(_))));
        assert!(matches!(Name::new("a\nb"), Err(NameError::BadCharacter(_))));
    }

    #[test]
    fn a_derived_id_depends_on_cause_and_label_only() {
        let cause = EventId::from_bytes([7; 16]);
        assert_eq!(cause.derived("a"), cause.derived("a"));
        assert_ne!(cause.derived("a"), cause.derived("b"));
    }
}
