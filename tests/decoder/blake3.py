"""BLAKE3 in plain Python from its specification: short, slow, and independent of the code whose hashes it checks."""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
QUARTERS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
            (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def rotate(word, bits):
    return (word >> bits | word << (32 - bits)) & 0xFFFFFFFF


def compress(chaining, block, counter, length, flags):
    """The first eight words of the compression function: a chaining value, or the hash itself under ROOT."""
    words = [int.from_bytes(block[i:i + 4], "little") for i in range(0, 64, 4)]
    v = [*chaining, *IV[:4], counter & 0xFFFFFFFF, counter >> 32, length, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(QUARTERS):
            for word, left, right in ((words[2 * i], 16, 12), (words[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
                v[d] = rotate(v[d] ^ v[a], left)
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                v[b] = rotate(v[b] ^ v[c], right)
        words = [words[i] for i in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def chunk(data, counter, root):
    chaining = IV
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    for index, block in enumerate(blocks):
        flags = (CHUNK_START if index == 0 else 0) | ((CHUNK_END | root) if index == len(blocks) - 1 else 0)
        chaining = compress(chaining, block.ljust(64, b"\0"), counter, len(block), flags)
    return chaining


def tree(data, counter, root):
    """The left half of a tree is the largest power of two of chunks that leaves something to the right."""
    if len(data) <= 1024:
        return chunk(data, counter, root)
    left = 1 << ((len(data) - 1) // 1024).bit_length() - 1
    halves = tree(data[:left * 1024], counter, 0) + tree(data[left * 1024:], counter + left, 0)
    block = b"".join(word.to_bytes(4, "little") for word in halves)
    return compress(IV, block, 0, 64, PARENT | root)


def blake3(data):
    """32 bytes."""
    return b"".join(word.to_bytes(4, "little") for word in tree(data, 0, ROOT))
