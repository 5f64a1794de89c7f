//! `comptoir admin ca`: central's certificate authority for the shops' networks. It needs no database.

use std::path::Path;

use clap::Subcommand;
use comptoir_central::certificates::{Authority, AuthorityError};
use comptoir_central::{CentralConfig, Clock};

use super::facts::Facts;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum CaCommand {
    /// Create the certificate authority; prints its fingerprint
    #[command(after_help = "\
Example:
  comptoir admin ca create --name 'Les Halles'

The key is in DATA_DIR/ca/ca.pem, mode 0600: back it up with the data directory. It can sign only names and addresses of private
networks. A running central uses it at once.")]
    Create {
        /// Name that systems show in their lists
        #[arg(long, default_value = "Comptoir")]
        name: String,
    },
    /// Show the certificate that tills and phones must trust, and its fingerprint
    #[command(after_help = "Example:\n  comptoir admin ca show")]
    Show,
}

pub(super) fn manage_ca(data_dir: &Path, command: CaCommand, output: Output) -> Result<(), Failure> {
    let folder = CentralConfig::ca_folder_in(data_dir);
    let authority = match command {
        CaCommand::Create { name } => {
            if !data_dir.is_dir() {
                return Err(Failure::Usage(format!("{}: not a data directory of central", data_dir.display())));
            }
            Authority::create(&folder, &name, Clock::system().now()).map_err(failure)?
        }
        CaCommand::Show => Authority::open(&folder).map_err(failure)?.ok_or_else(|| {
            let folder = folder.display();
            Failure::Refused(format!(
                "{folder}: there is no certificate authority; `comptoir admin ca create` makes one"
            ))
        })?,
    };
    output.print(&Facts::new([
        ("sha256_fingerprint", authority.fingerprint()),
        ("certificate", authority.certificate().to_owned()),
    ]))
}

fn failure(error: AuthorityError) -> Failure {
    let text = error.to_string();
    match error {
        AuthorityError::Exists { .. } => Failure::Refused(text),
        AuthorityError::Name { .. } | AuthorityError::Open { .. } | AuthorityError::Damaged { .. } => {
            Failure::Usage(text)
        }
        AuthorityError::File { .. } => Failure::Unavailable(text),
        AuthorityError::Request(_) | AuthorityError::NoRandomness(_) | AuthorityError::Signing(_) => {
            Failure::Internal(text)
        }
    }
}
