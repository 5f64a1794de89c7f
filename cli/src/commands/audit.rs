//! `comptoir audit`: the same commands, output and exit codes as `comptoir-audit`.

use comptoir_audit::commands::{self, Failed, PrintOptions};
use comptoir_messages::Language;

pub use comptoir_audit::commands::AuditCommand;

use crate::failure::Failure;
use crate::output::Output;

/// Runs a command of the auditor on files. It needs no server.
pub async fn audit_files(command: AuditCommand, output: Output) -> Result<(), Failure> {
    let language = Language::of_locale(|name| std::env::var(name).ok());
    let printing = PrintOptions { json: output.is_json(), language, progress: output.shows_progress() };
    let done = tokio::task::spawn_blocking(move || commands::run_audit(&command, printing)).await;
    match done.map_err(|error| Failure::Internal(format!("the audit panicked: {error}")))? {
        Ok(comptoir_audit::exit::INTACT) => Ok(()),
        Ok(_) => Err(Failure::Found("the audit found a fault, printed above".to_owned())),
        Err(Failed::Audit(error)) => Err(Failure::Usage(error.to_string())),
        Err(Failed::Print(error)) => Err(Failure::Internal(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use crate::exit;

    #[test]
    fn both_programs_have_the_same_exit_codes_for_an_audit() {
        use comptoir_audit::exit as own;
        assert_eq!((own::INTACT, own::BROKEN, own::UNREADABLE), (exit::OK, exit::FOUND, exit::USAGE));
    }
}
