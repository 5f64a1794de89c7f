//! The texts that a device signs with its own Ed25519 key. Each begins with its purpose, so that a signature for one is none for
//! another; each further line is one value, and no value contains a line end.

use uuid::Uuid;

/// Enrolment: the code proves that an administrator allowed it, the signature that the device has the key.
pub fn enrolment_text(code: &str, device: &str, public_key: &str) -> String {
    lines(&["comptoir/enrol/1", code, device, &public_key.to_lowercase()])
}

/// Login: central's challenge keeps an old signature from being used again. The login is in lower case.
pub fn login_text(challenge: &str, tenant: Uuid, login: &str, device: &str) -> String {
    lines(&["comptoir/login/1", challenge, &tenant.to_string(), &login.to_lowercase(), device])
}

/// Refresh: the token is used once, so its signature is too.
pub fn refresh_text(refresh_token: &str, device: &str) -> String {
    lines(&["comptoir/refresh/1", refresh_token, device])
}

/// The proof of a device that destroyed its data, with the number of events that it had not sent.
pub fn wiped_text(tenant: Uuid, device: &str, unsent: u64, wiped_at: &str) -> String {
    lines(&["comptoir/device-wiped/1", &tenant.to_string(), device, &unsent.to_string(), wiped_at])
}

fn lines(parts: &[&str]) -> String {
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/spec/identity.md` shows these texts, and clients in other languages build them.
    #[test]
    fn the_texts_are_those_of_the_specification() {
        let tenant = Uuid::from_u128(0x0199_a8f0_0000_7000_8000_0000_0000_0001);
        let id = "0199a8f0-0000-7000-8000-000000000001";
        assert_eq!(enrolment_text("cpe_1_2", "phone", "ABCD"), "comptoir/enrol/1\ncpe_1_2\nphone\nabcd");
        let login = login_text("cpc_1", tenant, "Amelie", "phone");
        assert_eq!(login, format!("comptoir/login/1\ncpc_1\n{id}\namelie\nphone"));
        assert_eq!(refresh_text("cpr_1_2", "phone"), "comptoir/refresh/1\ncpr_1_2\nphone");
        let wiped = wiped_text(tenant, "phone", 3, "2026-12-01T10:00:00Z");
        assert_eq!(wiped, format!("comptoir/device-wiped/1\n{id}\nphone\n3\n2026-12-01T10:00:00Z"));
    }
}
