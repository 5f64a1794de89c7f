//! The clock as users of the log see it. The writer thread watches it and seals its changes.

use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::clock_change::ClockMarkDto;
use tokio::sync::oneshot;

use super::group::WriterCommand;
use super::{Log, ReadError, clock};

impl Log {
    /// The time by the machine's wall clock.
    pub fn now(&self) -> Timestamp {
        self.0.shared.environment.now()
    }

    /// The time by the last known state of the clock. A step since the last reading counts only once it is sealed.
    pub(crate) fn watched_now(&self) -> Timestamp {
        let environment = &self.0.shared.environment;
        let both = self.0.shared.clock().zip(environment.steady.as_ref());
        both.and_then(|(known, steady)| known.wall(steady())).unwrap_or_else(|| environment.now())
    }

    /// Central's time by the last measurement and the steady clock, which nobody can set.
    pub(crate) fn central_now(&self) -> Option<Timestamp> {
        let environment = &self.0.shared.environment;
        let (known, steady) = self.0.shared.clock().zip(environment.steady.as_ref())?;
        Some(known.wall(steady())?.shifted(known.offset?.saturating_neg()))
    }

    /// Seals changes of the machine's clock since the last reading. Each append does this too.
    pub async fn look_at_clock(&self) {
        self.clock_command(None).await;
    }

    /// Records a measured offset: this clock minus central's, with its uncertainty.
    pub(crate) async fn note_measurement(&self, offset_micros: i64, uncertainty_micros: i64) {
        self.clock_command(Some((offset_micros, uncertainty_micros))).await;
    }

    async fn clock_command(&self, measured: Option<(i64, i64)>) {
        if self.0.shared.environment.steady.is_none() {
            return;
        }
        let (reply, done) = oneshot::channel();
        // A busy log reads the clock with its next append.
        if self.submit(WriterCommand::Clock { measured, reply }).is_ok() {
            let _ = done.await;
        }
    }

    /// The latest time that the log has seen, if the clock is behind it and neither a step nor a measurement has settled that.
    pub fn clock_behind(&self) -> Option<Timestamp> {
        self.0.shared.clock().and_then(|known| known.doubt())
    }

    /// The clock changes in the log since the machine's last start before a record.
    pub(crate) fn clock_marks(&self, epoch: u32, first: Seq) -> Result<Vec<ClockMarkDto>, ReadError> {
        clock::marks_since(&self.0.shared, epoch, first)
    }
}
