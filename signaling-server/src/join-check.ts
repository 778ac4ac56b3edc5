// Whether a join proves what it says (SG-5 to SG-7).

import {
  isAcceptable,
  type JoinMessage,
  joinBytes,
  SIGNALING_VERSION,
  type SignalingError,
} from '@hyphae/core/signaling'

/** Why the join is refused, or null. Never rejects. The cheap checks come first. */
export async function refusalOf(
  join: JoinMessage,
  nonce: Uint8Array,
  workBits: number,
): Promise<SignalingError | null> {
  if (join.version !== SIGNALING_VERSION) return 'version-mismatch'
  if (!isAcceptable(join.contact, workBits)) return 'bad-work'
  const bytes = joinBytes(nonce, join.network)
  return (await isSigned(join.contact.signingKey, bytes, join.signature)) ? null : 'bad-proof'
}

async function isSigned(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const { subtle } = globalThis.crypto
  try {
    const publicKey = await subtle.importKey('raw', key, 'Ed25519', false, ['verify'])
    return await subtle.verify('Ed25519', publicKey, signature, bytes)
  } catch {
    // Bytes that are no key of this curve cannot have signed anything.
    return false
  }
}
