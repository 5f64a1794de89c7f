//! `comptoir up --demo`: a company to look at. Two more shops and a school, each with its own node; logins for every role; six
//! deliveries for a driver; pupils; and two conflicts that wait for a person. People, pupils and deliveries are invented.

mod company;
mod records;
mod sites;

pub(super) use company::create;
pub(super) use records::record;
pub(super) use sites::{RunningSite, listen};

use std::path::{Path, PathBuf};

/// A site of the demonstration besides the first shop.
struct PlannedSite {
    code: &'static str,
    name: &'static str,
    node: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shop,
    School,
}

/// The port of each site's node follows that of the first shop in this order.
const PLACES: [PlannedSite; 3] = [
    PlannedSite { code: "S2", name: "Boutique 2", node: "caisse-2", kind: Kind::Shop },
    PlannedSite { code: "S3", name: "Boutique 3", node: "caisse-3", kind: Kind::Shop },
    PlannedSite { code: SCHOOL, name: "École du Port", node: "ecole-1", kind: Kind::School },
];
const SCHOOL: &str = "E1";

/// Whether a site of `up.json` sells.
pub(super) fn is_shop(code: &str) -> bool {
    PLACES.iter().any(|place| place.code == code && place.kind == Kind::Shop)
}

/// The folder of a site's node.
fn folder(data_dir: &Path, code: &str) -> PathBuf {
    data_dir.join("sites").join(code)
}
