import { blake3 } from "@noble/hashes/blake3";
import { bytesToHex } from "@noble/hashes/utils";

/** The name under which both servers keep a file. */
export async function hashOf(file: Blob): Promise<string> {
  return bytesToHex(blake3(new Uint8Array(await file.arrayBuffer())));
}
