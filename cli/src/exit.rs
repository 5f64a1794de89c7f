//! Exit codes. Scripts rely on them, so a code never changes its meaning.

/// Everything was done, and nothing is wrong.
pub const OK: u8 = 0;
/// A check found a fault: an audit a break, `doctor` a problem, a comparison a difference.
pub const FOUND: u8 = 1;
/// The command line, a setting or a named file cannot be used. Nothing was done.
pub const USAGE: u8 = 2;
/// An import reached its end, but some rows were not imported; the report lists them.
pub const ROWS_NOT_TAKEN: u8 = 3;
/// A node, central or the database could not be reached, or had no room. The same command may succeed later.
pub const UNAVAILABLE: u8 = 4;
/// A server or the database refused: a wrong credential, a conflicting state, an unknown id.
pub const REFUSED: u8 = 5;
/// This node was taken out of use and destroyed its data. No restart changes that.
pub const DESTROYED: u8 = 6;
/// A defect of this program or of the machine. A server also ends with it after restarting a part (its Postgres, or a part of
/// `up`) as often as the settings allow: its supervisor should start it again and alert a person.
pub const INTERNAL: u8 = 70;

/// The end of `comptoir --help`.
pub const HELP: &str = "\
Exit codes:
   0  everything was done, and nothing is wrong
   1  a check found a fault (audit, doctor, compare)
   2  the command line, a setting or a named file cannot be used; nothing was done
   3  an import reached its end, but some rows were not imported
   4  unreachable or out of space; the same command may succeed later
   5  refused: a wrong credential, a conflicting state, an unknown id
   6  this node was taken out of use and destroyed its data; do not start it again
  70  a defect of this program or of the machine; of a server: a part failed for good, start it again";
