//! Certificates that central issues to the nodes of a shop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::openapi::words;

/// Bytes of a request: a signing request of an elliptic curve has a few hundred.
pub const REQUEST_BYTES_MAX: usize = 32 * 1024;

/// `POST /api/v1/nodes/{id}/certificate`. The private key stays at the node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// A certificate signing request (PKCS #10) in PEM. The names in it are ignored: see `names`.
    pub csr: String,
    /// Names and addresses for which the certificate is wanted, each of which the site must be allowed. Empty: all that the site
    /// is allowed.
    #[serde(default)]
    pub names: Vec<String>,
}

/// A certificate that central issued.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IssuedCertificate {
    /// The certificate in PEM.
    pub certificate: String,
    /// The certificate of central's certificate authority in PEM, which tills and phones must trust.
    pub ca: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// When it expires.
    #[schemars(with = "words::Instant")]
    pub not_after: String,
}
