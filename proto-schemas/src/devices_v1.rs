//! Devices of persons: enrolment, list, revocation and the proof of a wipe. `docs/spec/identity.md` explains them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::openapi::words;

/// `POST /api/v1/devices/enrolments`: lets a user enrol one device.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewEnrolmentRequest")]
pub struct NewEnrolmentDto {
    /// The user's id.
    pub user: Uuid,
    /// The site of the device.
    pub site: Uuid,
    /// The role that the user has there and that the device gets.
    #[schemars(length(min = 1, max = 32))]
    pub role: String,
}

/// An enrolment code, shown once.
#[derive(Serialize, JsonSchema)]
pub struct EnrolmentAnswer {
    /// For `POST /api/v1/devices/enrol`, once.
    pub code: String,
    /// Until when.
    #[schemars(with = "words::Instant")]
    pub expires_at: String,
}

/// `POST /api/v1/devices/enrol`: a device enrols itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EnrolRequest")]
pub struct EnrolDto {
    /// The code that an administrator gave to the user.
    #[schemars(length(min = 1, max = 200))]
    pub code: String,
    /// The device's own name: a UUID that it made, or a desktop's `clientId`.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// What people call the device.
    #[schemars(length(min = 1, max = 100))]
    pub label: Option<String>,
    /// The device's Ed25519 public key, in hex. The private half never leaves the device.
    #[schemars(with = "words::Hash")]
    pub public_key: String,
    /// Its signature, see [`crate::device_proofs::enrolment_text`].
    #[schemars(with = "words::Signature")]
    pub proof: String,
    /// The id of the user's device that this one takes the place of: it is revoked at once.
    pub replaces: Option<Uuid>,
}

/// The answer to an enrolment: what the device needs to log in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EnrolAnswer {
    /// The device's id.
    pub id: Uuid,
    /// The tenant.
    pub tenant: Uuid,
    /// The user's id.
    pub user: Uuid,
    /// The site of the device.
    pub site: Uuid,
    /// Its role.
    pub role: String,
}

/// A device.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeviceDto {
    /// The id of the log that central keeps for it.
    pub id: Uuid,
    /// Its own name: `device_id` of a phone, `clientId` of a desktop.
    pub name: String,
    /// What people call it.
    pub label: Option<String>,
    /// The contract that it speaks; null before its first synchronisation.
    #[schemars(with = "Option<words::DeviceContract>")]
    pub contract: Option<String>,
    /// The user to whom it is enrolled; null for a device that a program speaks for.
    pub user: Option<Uuid>,
    /// The role that it was enrolled with.
    pub role: Option<String>,
    /// Its site.
    pub site: Option<Uuid>,
    /// When it was enrolled.
    #[schemars(with = "Option<words::Instant>")]
    pub enrolled_at: Option<String>,
    /// When it last contacted central.
    #[schemars(with = "words::Instant")]
    pub last_contact_at: String,
    /// When it was revoked.
    #[schemars(with = "Option<words::Instant>")]
    pub revoked_at: Option<String>,
    /// When it proved that its data is destroyed.
    #[schemars(with = "Option<words::Instant>")]
    pub wiped_at: Option<String>,
    /// How many events it destroyed unsent.
    pub unsent: Option<u64>,
}

/// A tenant's devices.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeviceList {
    /// By name.
    pub rows: Vec<DeviceDto>,
}

/// `PATCH /api/v1/devices/{id}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeviceChangeRequest")]
pub struct DeviceChangeDto {
    /// What people call the device.
    #[schemars(length(min = 1, max = 100))]
    pub label: String,
}

/// `POST /api/v1/devices/wiped`: a device destroyed its data.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeviceWipedRequest")]
pub struct DeviceWipedDto {
    /// The tenant.
    pub tenant: Uuid,
    /// The device's own name.
    #[schemars(length(min = 1, max = 128))]
    pub device: String,
    /// How many events it had not sent.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub unsent: u64,
    /// When, by its clock.
    #[schemars(with = "words::Instant")]
    pub wiped_at: String,
    /// Its signature, see [`crate::device_proofs::wiped_text`].
    #[schemars(with = "words::Signature")]
    pub proof: String,
}
