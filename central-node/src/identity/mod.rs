//! Tenants, sites, nodes and their credentials: administrators create them, and requests are checked against them. Users and
//! their logins are in `accounts`, above ingest, because each change of them is an event; here are the parts that authenticate.

mod credential;
mod key_uses;
mod keys;
pub(crate) mod password;
pub(crate) mod permissions;
mod recent_credentials;
mod registry;
pub(crate) mod rights;
mod site_view;
pub(crate) mod token_keys;
pub(crate) mod user_device;
mod weak_password;

pub(crate) use comptoir_credentials::access_token;
pub(crate) use credential::authenticate;
pub use credential::{Access, AuthError, Credential, UserAccess, UserDevice};
pub(crate) use key_uses::{KeyUses, NodeProcess};
pub use keys::{IssuedKey, KeyRow, OVERLAP_MAX, issue_admin_token, issue_node_key, keys, revoke_key};
pub(crate) use keys::{end_key, insert_key, lock_valid_key, replace_key, store_key_use};
pub use password::PasswordError;
pub(crate) use recent_credentials::RecentCredentials;
pub use registry::{
    IdentityError, NewTenant, NodeRow, READERS, SiteRow, TenantRow, allow_reader, create_node, create_site, has_pushed,
    nodes, sites, tenants,
};
pub(crate) use registry::{has_site, insert_node, insert_tenant};
pub(crate) use site_view::SiteView;
pub use token_keys::PublishedKey;
