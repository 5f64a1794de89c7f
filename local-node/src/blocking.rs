/// Runs work that waits for the disk or computes for long on a thread that serves no requests. A panic of the work continues in
/// the caller.
pub(crate) async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and drops the caller before it could continue.
            Err(_) => std::future::pending().await,
        },
    }
}
