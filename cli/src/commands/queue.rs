//! `comptoir queue`: what waits at a node.

use clap::Args;
use comptoir_proto::api_v1::QueueDto;
use comptoir_proto::paths;

use crate::failure::Failure;
use crate::lang::say;
use crate::output::{Output, Shown};
use crate::remote::{Remote, RemoteArgs};

/// Which node.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir queue --url http://127.0.0.1:7401 --json")]
pub struct QueueArgs {
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Asks and prints.
pub async fn run(args: &QueueArgs, output: Output) -> Result<(), Failure> {
    let queue: QueueDto = Remote::new(&args.remote)?.get(paths::QUEUE, &[]).await?;
    output.print(&queue)
}

impl Shown for QueueDto {
    fn text(&self) -> String {
        let QueueDto { pending, attention, .. } = self;
        let oldest = match self.oldest_age_seconds {
            Some(age) => say(format!(", le plus ancien depuis {age} s"), format!(", the oldest for {age} s")),
            None => String::new(),
        };
        let last = self.last_success_at.as_deref();
        say(
            format!(
                "En attente : {pending}{oldest}\nÀ examiner : {attention}\nDernière réponse du central : {}",
                last.unwrap_or("jamais")
            ),
            format!(
                "Waiting: {pending}{oldest}\nFor a person: {attention}\nCentral last answered: {}",
                last.unwrap_or("never")
            ),
        )
    }
}
