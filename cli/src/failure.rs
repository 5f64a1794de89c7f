//! Why a command failed, and its exit code.

use comptoir_local::StartError;
use comptoir_local::event_log::OpenError;
use comptoir_local::sync_agent::identify::IdentifyError;

use crate::causes::with_causes;
use crate::exit;
use crate::import::{ImportError, SendError};

/// A command's failure, with text for the person who ran it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A check found a fault, which has been printed.
    #[error("{0}")]
    Found(String),
    /// The command line, a setting or a file cannot be used.
    #[error("{0}")]
    Usage(String),
    /// Some rows were not imported. They have been printed.
    #[error("{0}")]
    RowsNotTaken(String),
    /// Unreachable or out of space.
    #[error("{0}")]
    Unavailable(String),
    /// Refused by a server or the database.
    #[error("{0}")]
    Refused(String),
    /// This node destroyed its data.
    #[error("{0}")]
    Destroyed(String),
    /// A defect of this program or of the machine.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// One of [`exit`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Found(_) => exit::FOUND,
            Failure::Usage(_) => exit::USAGE,
            Failure::RowsNotTaken(_) => exit::ROWS_NOT_TAKEN,
            Failure::Unavailable(_) => exit::UNAVAILABLE,
            Failure::Refused(_) => exit::REFUSED,
            Failure::Destroyed(_) => exit::DESTROYED,
            Failure::Internal(_) => exit::INTERNAL,
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Failure {
        let text = error.to_string();
        match error {
            ImportError::File(_) | ImportError::Report(_) => Failure::Usage(text),
            ImportError::Send(SendError::Unavailable { .. }) => Failure::Unavailable(text),
            ImportError::Send(SendError::Refused { .. }) => Failure::Refused(text),
            ImportError::Client(_) => Failure::Internal(text),
        }
    }
}

impl From<IdentifyError> for Failure {
    fn from(error: IdentifyError) -> Failure {
        let text = with_causes(&error);
        match error {
            IdentifyError::Unknown { .. } | IdentifyError::Contradiction { .. } | IdentifyError::Refused { .. } => {
                Failure::Usage(text)
            }
            IdentifyError::Unreachable { .. } | IdentifyError::Log(_) | IdentifyError::Transport(_) => {
                Failure::Unavailable(text)
            }
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        let text = with_causes(&error);
        match error {
            // A restart changes nothing: somebody has to correct the setting or find the right disk.
            StartError::Log(OpenError::IdentityChanged { .. }) => Failure::Usage(text),
            StartError::Destroyed(_) => Failure::Destroyed(text),
            StartError::TombstoneUnreadable { .. } => Failure::Usage(text),
            StartError::Log(_) | StartError::Transport(_) | StartError::Interrupted(_) => Failure::Unavailable(text),
        }
    }
}
