//! Hashes many links at once. A link is one short hash, and BLAKE3 is three times slower on one short input than on sixteen in
//! parallel. The sixteen-lane function is in the `blake3` crate but not in its documented API. So it is tested on this machine
//! against the documented function before it is used, and every claim that it does not confirm is computed again with the
//! documented one. See ADR 8.

use std::ops::Range;
use std::sync::LazyLock;

use blake3::IncrementCounter;
use blake3::platform::Platform;
use comptoir_core::chain::ChainHash;

/// Bytes of a block; a hash is computed block by block.
const BLOCK: usize = 64;
/// Up to here a message is one chunk: blocks in a row, and no tree.
const CHUNK: usize = 1024;
/// Inputs hashed in parallel; the crate detects what the processor supports.
const LANES: usize = 16;

// From the BLAKE3 paper, table 1 and 3.
const IV: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 2;
const ROOT: u8 = 8;

/// A message within a job's bytes, and its claimed hash.
pub(crate) struct HashClaim {
    pub(crate) message: Range<usize>,
    pub(crate) hash: ChainHash,
}

/// Whether parallel hashing gives the documented results on this machine: every number of blocks, in every lane, with a full
/// and a short last block.
static SAME_AS_PLAIN: LazyLock<bool> = LazyLock::new(|| {
    let bytes: Vec<u8> = (0..LANES + CHUNK).map(|number| (number % 251) as u8).collect();
    let lengths = (1..=CHUNK / BLOCK).flat_map(|blocks| [blocks * BLOCK, blocks * BLOCK - 1]);
    let messages = lengths.flat_map(|length| (0..LANES).map(move |lane| lane..lane + length));
    let plain = |message: Range<usize>| {
        let hash = ChainHash(*blake3::hash(&bytes[message.clone()]).as_bytes());
        HashClaim { message, hash }
    };
    let claims: Vec<HashClaim> = messages.map(plain).collect();
    side_by_side_unconfirmed(&bytes, &claims).is_empty()
});

/// The indices of the claims that were not confirmed, in no order.
pub(crate) fn unconfirmed(bytes: &[u8], claims: &[HashClaim]) -> Vec<usize> {
    if *SAME_AS_PLAIN { side_by_side_unconfirmed(bytes, claims) } else { (0..claims.len()).collect() }
}

fn side_by_side_unconfirmed(bytes: &[u8], claims: &[HashClaim]) -> Vec<usize> {
    let platform = Platform::detect();
    let mut by_blocks: [Vec<usize>; CHUNK / BLOCK] = Default::default();
    let mut left = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        // Blocks before the last one, which may be short and is compressed separately.
        match claim.message.len().saturating_sub(1) / BLOCK {
            blocks if blocks < CHUNK / BLOCK => by_blocks[blocks].push(index),
            _ => left.push(index),
        }
    }
    for (blocks, indices) in by_blocks.iter().enumerate() {
        for indices in indices.chunks(LANES) {
            let hashes =
                side_by_side(platform, blocks, indices.iter().map(|index| &bytes[claims[*index].message.clone()]));
            left.extend(
                indices
                    .iter()
                    .zip(hashes)
                    .filter(|(index, hash)| claims[**index].hash != *hash)
                    .map(|(index, _)| *index),
            );
        }
    }
    left
}

/// The hashes of at most [`LANES`] messages that have as many whole blocks before their last one.
fn side_by_side<'a>(
    platform: Platform,
    blocks: usize,
    messages: impl Iterator<Item = &'a [u8]> + Clone,
) -> [ChainHash; LANES] {
    let mut chaining = [[0u8; 32]; LANES];
    macro_rules! leading_blocks {
        ($($count:literal)*) => {
            match blocks {
                $($count => lead::<{ $count * BLOCK }>(platform, messages.clone(), &mut chaining),)*
                _ => {}
            }
        };
    }
    leading_blocks!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    let mut hashes = [ChainHash([0; 32]); LANES];
    for ((message, chaining), hash) in messages.zip(chaining).zip(&mut hashes) {
        let (mut words, start) = if blocks == 0 { (IV, CHUNK_START) } else { (words(&chaining), 0) };
        let last = &message[blocks * BLOCK..];
        let mut block = [0; BLOCK];
        block[..last.len()].copy_from_slice(last);
        let length = u8::try_from(last.len()).expect("a last block has at most 64 bytes");
        platform.compress_in_place(&mut words, &block, length, 0, start | CHUNK_END | ROOT);
        for (bytes, word) in hash.0.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
    }
    hashes
}

fn lead<'a, const BYTES: usize>(
    platform: Platform,
    messages: impl Iterator<Item = &'a [u8]>,
    chaining: &mut [[u8; 32]; LANES],
) {
    let mut inputs = [&[0u8; BYTES]; LANES];
    let mut count = 0;
    for (input, message) in inputs.iter_mut().zip(messages) {
        *input = message.first_chunk().expect("the message has these blocks before its last one");
        count += 1;
    }
    let out = &mut chaining.as_flattened_mut()[..count * 32];
    platform.hash_many(&inputs[..count], &IV, 0, IncrementCounter::No, 0, CHUNK_START, 0, out);
}

fn words(bytes: &[u8; 32]) -> [u32; 8] {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_hashes_equal_single_hashes_on_this_machine() {
        assert!(*SAME_AS_PLAIN);
    }

    #[test]
    fn every_length_is_confirmed_and_nothing_else() {
        let bytes: Vec<u8> = (0..4000u32).map(|number| number.to_le_bytes()[0] ^ 0x5a).collect();
        let mut claims: Vec<HashClaim> = (0..=1100)
            .map(|length| {
                let message = length..2 * length;
                HashClaim { hash: ChainHash(*blake3::hash(&bytes[message.clone()]).as_bytes()), message }
            })
            .collect();
        let left = unconfirmed(&bytes, &claims);
        assert!(
            left.iter().all(|index| *index > CHUNK),
            "all of one chunk are confirmed, longer ones are left: {left:?}"
        );
        assert_eq!(left.len(), 1100 - CHUNK);

        for index in [0, 1, 63, 64, 65, 500, 1023, 1024] {
            claims[index].hash.0[31] ^= 1;
        }
        let mut left = unconfirmed(&bytes, &claims);
        left.retain(|index| *index <= CHUNK);
        left.sort_unstable();
        assert_eq!(left, [0, 1, 63, 64, 65, 500, 1023, 1024]);
    }
}
