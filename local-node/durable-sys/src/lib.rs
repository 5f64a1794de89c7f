//! Makes sled's flush durable on Linux.
//!
//! sled 0.34.7 ends its `flush()` with `sync_file_range`, which writes neither file metadata nor the drive's cache: after a
//! power cut, acknowledged records and whole databases were gone. This crate exports that C symbol, so that in any binary which
//! links it sled's call runs `fdatasync` instead. The linker drops the crate silently where nobody names it, so [`calls`] counts:
//! a log that wrote and flushed, and sees no call, must refuse to run.
//!
//! An error of `fdatasync` comes back to sled as its own, except that ENOSYS makes it fall back to a full fsync.

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::atomic::{AtomicU64, Ordering};

    pub(crate) static CALLS: AtomicU64 = AtomicU64::new(0);

    /// The function that sled calls instead of the C library's. It ignores the range and flags and syncs everything.
    #[expect(unsafe_code, reason = "exporting the C symbol that sled links against is the whole purpose of this crate")]
    #[unsafe(no_mangle)]
    extern "C" fn sync_file_range(
        fd: libc::c_int,
        _offset: libc::off64_t,
        _bytes: libc::off64_t,
        _flags: libc::c_uint,
    ) -> libc::c_int {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: fdatasync accepts any number and answers EBADF if it is not a descriptor; it touches no memory of this process.
        unsafe { libc::fdatasync(fd) }
    }
}

/// How often the exported `sync_file_range` ran in this process. Stays 0 where sled uses a full sync of its own (not Linux).
pub fn calls() -> u64 {
    #[cfg(target_os = "linux")]
    let calls = linux::CALLS.load(std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(target_os = "linux"))]
    let calls = 0;
    calls
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::fd::AsRawFd;

    #[test]
    #[expect(unsafe_code, reason = "the C symbol is called as sled calls it")]
    fn the_c_symbol_resolves_to_ours_and_its_errors_are_seen() {
        let file = tempfile::tempfile().expect("a file");
        let before = super::calls();
        // SAFETY: the descriptor is open for the whole call, and the function reads no memory.
        let good = unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, 0) };
        // SAFETY: a number that is no descriptor is answered with EBADF.
        let bad = unsafe { libc::sync_file_range(-1, 0, 0, 0) };
        assert_eq!((good, bad, super::calls() - before), (0, -1, 2));
    }
}
