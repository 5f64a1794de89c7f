//! Exit codes. Scripts rely on them: they never change their meaning.

/// All was done, and nothing is wrong.
pub const OK: u8 = 0;
/// What was looked at is not as it should be: an audit found a break, `doctor` a fault, a comparison a difference.
pub const FOUND: u8 = 1;
/// The command line, a setting or a file that was named cannot be used. Nothing was done.
pub const USAGE: u8 = 2;
/// An import reached its end, and some rows were not taken: the report says which.
pub const ROWS_NOT_TAKEN: u8 = 3;
/// A node, central or the database could not be reached, or had no room. The same command may succeed later.
pub const UNAVAILABLE: u8 = 4;
/// It was reached and refuses: a credential, a state, a thing that is not there.
pub const REFUSED: u8 = 5;
/// A defect of this program or of the machine. A server also ends with it when a part of it (its Postgres, or what `up` runs) was
/// restarted as often as the settings allow, in vain: its supervisor should start it again, and tell a person.
pub const INTERNAL: u8 = 70;

/// Shown below `comptoir --help`.
pub const HELP: &str = "\
Exit codes:
   0  all was done, and nothing is wrong
   1  what was looked at is not as it should be (audit, doctor, compare)
   2  the command line, a setting or a named file cannot be used; nothing was done
   3  an import reached its end, and some rows were not taken
   4  not reached, or no room: the same command may succeed later
   5  reached and refused: a credential, a state, a thing that is not there
  70  a defect of this program or of the machine; a server: a part of it does not come back, start it again";
