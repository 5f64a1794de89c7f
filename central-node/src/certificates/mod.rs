//! Central's small certificate authority for the networks of shops: it signs certificates for the names that an administrator
//! allowed a site, and for nothing that the internet knows. ADR 35.

mod authority;
mod name;
mod site_names;

pub use authority::{Authority, AuthorityError, Issued};
pub use name::{NotPrivate, PrivateName};
pub use site_names::{NAMES_MAX, SiteNameError, allow_name, allowed_names, forbid_name};
