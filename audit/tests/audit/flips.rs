//! Accidental damage: one byte anywhere, a cut anywhere. It is always found, and never named after its place.

use comptoir_audit::{AuditError, Defect, Level, Options, verify};
use comptoir_proto::bundle_v1::BundleHeader;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::{BundleFrames, node, node_log, tenant_log};

/// Offset of the first record: in a node's bundle after the header and the epoch's frame, in a tenant's after the header and its
/// context.
fn first_record(log: &BundleFrames) -> usize {
    match log.header {
        BundleHeader::Node { .. } => 104,
        BundleHeader::Central { .. } => 118,
    }
}

fn bundles() -> impl Strategy<Value = (BundleFrames, Level)> {
    let log = prop_oneof![
        Just(node_log(node(7), &[6, 4])),
        Just(tenant_log(&[node_log(node(7), &[3, 2]), node_log(node(8), &[4])])),
    ];
    (log, select(vec![Level::Chain, Level::Content]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_flipped_byte_is_found(
        (log, level) in bundles(), at in any::<Index>(), mask in 1..=255u8,
    ) {
        let mut bytes = log.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        match verify(&[&bytes], &Options::from(level), &mut |_| ()) {
            // The first seven bytes are the bundle's magic and kind.
            Err(error) => prop_assert!(at < 7, "byte {at}: {error}"),
            Ok(report) => {
                let found = report.first_break.expect("it is found");
                // A changed file header shows at the first record, which is bound to it; bytes outside the chains show at the
                // end.
                let in_time = found.location.offset <= at.max(first_record(&log)) as u64;
                prop_assert!(in_time || matches!(found.defect, Defect::Digest | Defect::Form), "byte {at}: {found:?}");
            }
        }
    }

    #[test]
    fn any_cut_is_found((log, level) in bundles(), length in any::<Index>()) {
        let mut bytes = log.to_bytes();
        let length = length.index(bytes.len());
        bytes.truncate(length);
        match verify(&[&bytes], &Options::from(level), &mut |_| ()) {
            Err(error) => prop_assert!(length < 4 && matches!(error, AuditError::Read { .. }), "{length}: {error}"),
            Ok(report) => {
                let found = report.first_break.expect("it is found");
                prop_assert_eq!((found.defect, found.location.offset), (Defect::Form, length as u64));
            }
        }
    }

    #[test]
    fn several_changes_at_once_never_panic((log, level) in bundles(), changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..40)) {
        let mut bytes = log.to_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = verify(&[&bytes], &Options::from(level), &mut |_| ());
    }
}
