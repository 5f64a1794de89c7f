//! Exit codes. Scripts rely on them: they never change their meaning.

/// Everything that was checked holds.
pub const INTACT: u8 = 0;
/// A break, a difference, or a contradiction was found and named.
pub const BROKEN: u8 = 1;
/// No answer: a file cannot be read or is no bundle, or the command line is wrong.
pub const UNREADABLE: u8 = 2;
