//! A Bloom filter of ids with twelve bits each: about one false positive in a hundred, no false negatives.

use comptoir_core::id::EventId;

const BITS_PER_ID: u64 = 12;
const PROBES: u32 = 6;

/// A Bloom filter that keeps all bits of an id in one cache line.
#[derive(Clone)]
pub(crate) struct Filter {
    lines: Vec<[u64; 8]>,
}

impl Filter {
    /// An empty filter sized for that many ids.
    pub(crate) fn for_ids(count: u64) -> Filter {
        let lines = (count * BITS_PER_ID).div_ceil(512).max(1);
        Filter { lines: vec![[0; 8]; usize::try_from(lines).expect("a run's ids fit in memory")] }
    }

    pub(crate) fn add(&mut self, id: EventId) {
        let (line, bits) = self.slot(id);
        bits_of(bits).for_each(|bit| self.lines[line][bit / 64] |= 1 << (bit % 64));
    }

    pub(crate) fn may_hold(&self, id: EventId) -> bool {
        let (line, bits) = self.slot(id);
        bits_of(bits).all(|bit| self.lines[line][bit / 64] & (1 << (bit % 64)) != 0)
    }

    fn slot(&self, id: EventId) -> (usize, u64) {
        let (high, low) = id.uuid().as_u64_pair();
        // Ids of one millisecond share most of their bits; multiplying and folding spreads the rest over all of them.
        let mixed = fold(fold(high ^ 0x9E37_79B9_7F4A_7C15) ^ low);
        let line = (u128::from(mixed) * self.lines.len() as u128) >> 64;
        (usize::try_from(line).expect("a product's high half is below its factor"), fold(mixed))
    }
}

fn fold(word: u64) -> u64 {
    let product = u128::from(word) * 0xD6E8_FEB8_6659_FD93;
    (product as u64) ^ ((product >> 64) as u64)
}

fn bits_of(bits: u64) -> impl Iterator<Item = usize> {
    (0..PROBES).map(move |probe| ((bits >> (9 * probe)) & 511) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn it_has_no_false_negatives_and_few_false_positives() {
        type Make = fn(u64) -> EventId;
        let in_time_order: Make = |n| EventId::new(Uuid::from_u64_pair(0x0199_0000_0000_7000 + n / 16, n));
        let random: Make = |n| EventId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_le_bytes()));
        for make in [in_time_order, random] {
            let mut filter = Filter::for_ids(20_000);
            (0..20_000).for_each(|n| filter.add(make(n)));
            assert!((0..20_000).all(|n| filter.may_hold(make(n))));
            let wrong = (20_000..40_000).filter(|n| filter.may_hold(make(*n))).count();
            assert!(wrong < 600, "{wrong} of 20000 wrong");
        }
    }
}
