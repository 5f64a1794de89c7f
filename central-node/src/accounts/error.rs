use comptoir_core::access::RoleError;
use comptoir_core::id::{NodeId, SiteId, TenantId, UserId};
use comptoir_core::time::Timestamp;

use crate::database::StoreError;
use crate::identity::{IdentityError, PasswordError};

/// An active device of a user who has as many as a user may have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldDevice {
    /// The device's log.
    pub node: NodeId,
    /// Its own name.
    pub name: String,
    /// What people call it.
    pub label: Option<String>,
    /// When it last contacted central.
    pub last_contact_at: Timestamp,
}

/// Why a user was not changed, or a login was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key or its random bytes.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The login does not fit.
    #[error("a login has 1 to 64 letters, digits or any of . _ - @ +, got {0:?}")]
    Login(String),
    /// The name does not fit.
    #[error("a name has 1 to 100 characters and no control character, got {0:?}")]
    Name(String),
    /// The device's name does not fit.
    #[error("a device has 1 to 128 characters and no control character, got {0:?}")]
    Device(String),
    /// No role's name.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// No such row of the table of roles.
    #[error("{0}")]
    Permission(String),
    /// The login is used by another user.
    #[error("tenant {tenant} has a user with the login {login:?} already")]
    Exists {
        /// The tenant.
        tenant: TenantId,
        /// The login in the request.
        login: String,
    },
    /// There is no such tenant.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// There is no such user.
    #[error("tenant {tenant} has no user {user}")]
    NoUser {
        /// The tenant.
        tenant: TenantId,
        /// The id or login in the request.
        user: String,
    },
    /// There is no such site.
    #[error("tenant {tenant} has no site {site}")]
    NoSite {
        /// The tenant.
        tenant: TenantId,
        /// The id in the request.
        site: SiteId,
    },
    /// There is no such node.
    #[error("tenant {tenant} has no node {node} that could be revoked or wiped")]
    NoNode {
        /// The tenant.
        tenant: TenantId,
        /// The id in the request.
        node: NodeId,
    },
    /// The reason is too long.
    #[error("a reason has at most {chars_max} characters")]
    Reason {
        /// The maximum number of characters.
        chars_max: usize,
    },
    /// The proof of a wiped node does not fit.
    #[error("the proof does not fit: {0}")]
    Proof(String),
    /// A device that is enrolled to a disabled user could do nothing.
    #[error("user {0} is disabled: enable the user first, then issue the code")]
    Disabled(UserId),
    /// Nothing can be changed about an erased user.
    #[error("user {0} was erased; create a new one")]
    Erased(UserId),
    /// The code is unknown, used or expired; the answer does not say which.
    #[error("the code is not valid, was used, or has expired; ask an administrator for a new one")]
    Link,
    /// The password is weak, or too many are being hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Unknown login, wrong password, disabled user, or no password yet; the answer does not say which.
    #[error("the login or the password is wrong")]
    LoginFailed,
    /// Too many failed logins of this account or from this address.
    #[error("too many failed logins; try again in {seconds} s")]
    TooManyAttempts {
        /// Until the next attempt.
        seconds: u64,
    },
    /// The refresh token is unknown, used, expired or of an ended login.
    #[error("the login has ended; log in again")]
    Reauthenticate,
    /// The user has no such device.
    #[error("this device is not enrolled to the user; ask an administrator for an enrolment code")]
    NotEnrolled,
    /// The enrolment code is unknown, used or expired; the answer does not say which.
    #[error("the enrolment code is not valid, was used, or has expired; ask an administrator for a new one")]
    Enrolment,
    /// The user has as many active devices as a user may have.
    #[error("the user has {} active devices, the most a user may have: revoke one, or name the one to replace", devices.len())]
    DeviceLimit {
        /// Those devices.
        devices: Vec<HeldDevice>,
    },
    /// The name is that of another device, or of one that was enrolled before.
    #[error("a device of that name exists already; a device that is enrolled again takes a new name")]
    DeviceExists,
    /// There is no such device.
    #[error("tenant {tenant} has no device {device}")]
    NoDevice {
        /// The tenant.
        tenant: TenantId,
        /// The id or name in the request.
        device: String,
    },
    /// The public key or the signature of an enrolment.
    #[error("the proof is no signature of public_key over the text that docs/spec/identity.md shows")]
    EnrolmentProof,
    /// The proof of a wipe is not of the device's key.
    #[error("the proof is not of this device's key")]
    WipeProof,
    /// The user does not have the role at the site.
    #[error("the user does not have the role {role} at site {site}")]
    RoleNotHeld {
        /// The role in the request.
        role: String,
        /// The site in the request.
        site: SiteId,
    },
    /// The request names no tenant, and central has several.
    #[error("name the tenant: this central has several")]
    TenantMissing,
    /// The event of the change was refused.
    #[error("the change could not be recorded: {0}")]
    NotRecorded(String),
}

impl From<AccountError> for IdentityError {
    fn from(error: AccountError) -> IdentityError {
        match error {
            AccountError::Store(error) => IdentityError::Store(error),
            AccountError::Identity(error) => error,
            other => IdentityError::Store(StoreError::Refused(other.to_string())),
        }
    }
}
