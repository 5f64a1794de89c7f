//! Logging in, and the administration of users and roles. `docs/spec/identity.md` explains them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::openapi::words;

/// `POST /api/v1/auth/login`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LoginRequest")]
pub struct LoginDto {
    /// The tenant; it may be absent at a central with one tenant.
    pub tenant: Option<Uuid>,
    /// The user's login; upper and lower case are the same.
    #[schemars(length(min = 1, max = 64))]
    pub login: String,
    /// The user's password.
    #[schemars(length(min = 1, max = 128))]
    pub password: String,
    /// The name under which the device is enrolled. The tokens of this login work for no other device. Without it the login is
    /// that of a person at a browser.
    #[schemars(length(min = 1, max = 128))]
    pub device: Option<String>,
    /// With `device`: the challenge of `GET /api/v1/auth/challenge`.
    #[schemars(length(min = 1, max = 200))]
    pub challenge: Option<String>,
    /// With `device`: its signature, see [`crate::device_proofs::login_text`].
    #[schemars(with = "Option<words::Signature>")]
    pub proof: Option<String>,
}

/// `POST /api/v1/office/login`: a person at a browser.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrowserLogin {
    /// The tenant; it may be absent at a central with one tenant.
    pub tenant: Option<Uuid>,
    /// The user's login; upper and lower case are the same.
    #[schemars(length(min = 1, max = 64))]
    pub login: String,
    /// The user's password.
    #[schemars(length(min = 1, max = 128))]
    pub password: String,
}

/// The tokens of a browser. The refresh token is in a cookie that no script reads.
#[derive(Serialize, JsonSchema)]
pub struct BrowserTokens {
    /// For the `Authorization` header.
    pub access_token: String,
    /// Seconds for which the access token is valid.
    pub expires_in: i64,
}

/// `GET /api/v1/me`: who calls, and what screens need to know about it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Me {
    /// The id that events name.
    pub user: Uuid,
    /// What the user types to log in.
    pub login: Option<String>,
    /// The user's name.
    pub name: Option<String>,
    /// The user's roles.
    pub roles: Vec<RoleDto>,
    /// The operations that the user may do at some site or for some entity type.
    pub may: Vec<String>,
    /// The user's company.
    pub company: MyCompany,
    /// The sites of the user's roles; every site for a user of the whole company.
    pub sites: Vec<MySite>,
}

/// A company, as its people see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MyCompany {
    /// The tenant.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The time zone of its days.
    pub zone: String,
    /// The currency of its stock.
    pub currency: String,
}

/// A site, as its people see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MySite {
    /// The site's id.
    pub id: Uuid,
    /// The code printed in invoice references.
    pub code: String,
    /// The site's name.
    pub name: String,
}

/// The answer to `GET /api/v1/auth/challenge`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChallengeAnswer {
    /// What a device signs to log in.
    pub challenge: String,
    /// Until when.
    #[schemars(with = "words::Instant")]
    pub expires_at: String,
}

/// `POST /api/v1/auth/refresh`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RefreshRequest")]
pub struct RefreshDto {
    /// The token of the last answer.
    #[schemars(length(min = 1, max = 200))]
    pub refresh_token: String,
    /// The same name as in the login.
    #[schemars(length(min = 1, max = 128))]
    pub device: Option<String>,
    /// With `device`: its signature, see [`crate::device_proofs::refresh_text`].
    #[schemars(with = "Option<words::Signature>")]
    pub proof: Option<String>,
}

/// `POST /api/v1/auth/logout`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogoutRequest")]
pub struct LogoutDto {
    /// A token of the login that ends.
    pub refresh_token: String,
}

/// `POST /api/v1/auth/setup`: sets a password with a one-time code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SetupRequest")]
pub struct SetupDto {
    /// The code of the one-time link.
    pub code: String,
    /// The new password, of 12 to 128 characters.
    pub password: String,
}

/// `POST /api/v1/auth/password`: a user changes the own password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PasswordChange")]
pub struct PasswordChangeDto {
    /// The password until now.
    #[schemars(length(min = 1, max = 128))]
    pub old: String,
    /// The new password, of 12 to 128 characters.
    pub new: String,
}

/// The answer to a setup: who may log in now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SetupAnswer {
    /// The tenant.
    pub tenant: Uuid,
    /// The user's id.
    pub user: Uuid,
}

/// Tokens of a login.
#[derive(Serialize, JsonSchema)]
pub struct TokenResponse {
    /// For the `Authorization` header.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds for which the access token is valid.
    pub expires_in: i64,
    /// For the next tokens, once. Store it before using its access token.
    pub refresh_token: String,
    /// When the login ends, whatever is refreshed.
    #[schemars(with = "words::Instant")]
    pub refresh_expires_at: String,
    /// The tenant.
    pub tenant: Uuid,
    /// The user's id.
    pub user: Uuid,
    /// The user's roles now.
    pub roles: Vec<RoleDto>,
}

/// A role, at one site or at every site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HeldRole")]
pub struct RoleDto {
    /// The role's name.
    #[schemars(length(min = 1, max = 32))]
    pub role: String,
    /// The site; null for every site.
    pub site: Option<Uuid>,
}

/// The public keys of access tokens (RFC 7517).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct JsonWebKeySet {
    /// The keys whose tokens are accepted; the first one signs.
    pub keys: Vec<JsonWebKey>,
}

/// A public key (RFC 8037).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct JsonWebKey {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Named in the header of tokens.
    pub kid: String,
    /// The key in base64url.
    pub x: String,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserDto {
    /// The id that events name.
    pub id: Uuid,
    /// What the user types to log in; null once erased.
    pub login: Option<String>,
    /// The user's name; null once erased.
    pub name: Option<String>,
    /// The user's roles.
    pub roles: Vec<RoleDto>,
    /// Whether a password has been set.
    pub has_password: bool,
    /// When the user was created.
    #[schemars(with = "words::Instant")]
    pub created_at: String,
    /// Since when the user may not log in.
    #[schemars(with = "Option<words::Instant>")]
    pub disabled_at: Option<String>,
    /// When the user's name was erased.
    #[schemars(with = "Option<words::Instant>")]
    pub erased_at: Option<String>,
}

/// A tenant's users.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserList {
    /// By login; erased ones last.
    pub rows: Vec<UserDto>,
}

/// `POST /api/v1/users`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewUserRequest")]
pub struct NewUserDto {
    /// 1 to 64 letters, digits or any of `. _ - @ +`.
    #[schemars(length(min = 1, max = 64))]
    pub login: String,
    /// For people.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The user's roles.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub roles: Vec<RoleDto>,
}

/// `PATCH /api/v1/users/{id}`: what is absent stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserChangeRequest")]
pub struct UserChangeDto {
    /// The new name.
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// Whether the user may not log in. Disabling ends open logins.
    pub disabled: Option<bool>,
    /// All roles of the user from now on.
    #[schemars(length(max = 100))]
    pub roles: Option<Vec<RoleDto>>,
}

/// A one-time code, shown once. Its holder sets the user's password.
#[derive(Serialize, JsonSchema)]
pub struct LinkAnswer {
    /// The user's id.
    pub user: Uuid,
    /// The code for `POST /api/v1/auth/setup`.
    pub code: String,
    /// The path of the page that asks for the password, with the code.
    pub path: String,
    /// Until when it is valid.
    #[schemars(with = "words::Instant")]
    pub expires_at: String,
}

/// One permission of a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Permission")]
pub struct PermissionDto {
    /// The role's name.
    #[schemars(length(min = 1, max = 32))]
    pub role: String,
    /// What it allows: `read`, `report`, `record`, `sync`, `decide_conflict`, `release_quarantine`, `audit`, `export` or
    /// `administer`.
    #[schemars(length(min = 1, max = 32))]
    pub operation: String,
    /// With `record`: only this action; null for any.
    #[schemars(with = "Option<words::Name>")]
    pub action: Option<String>,
    /// Only this entity type; null for any.
    #[schemars(with = "Option<words::Name>")]
    pub entity_type: Option<String>,
    /// `own_site` or `tenant`.
    #[schemars(length(min = 1, max = 16))]
    pub scope: String,
}

/// What each role may do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PermissionList {
    /// By role.
    pub rows: Vec<PermissionDto>,
}

/// Whether a change of the table changed anything.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PermissionChanged {
    /// False if it was so already.
    pub changed: bool,
}
