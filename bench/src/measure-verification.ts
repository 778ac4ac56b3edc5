import { round, Stopwatch } from './statistics.ts'

const MESSAGE_BYTES = 1024
/** In blocks of so many; the first warms up. */
const VERIFICATIONS = 3_000

/**
 * What nobody who checks signatures with WebCrypto can go below: one Ed25519 verification of a message of 1 KiB, one after
 * another, nothing else at work.
 */
export async function measureVerification(): Promise<{ cpuUsPerVerification: number }> {
  const { subtle } = globalThis.crypto
  const { privateKey, publicKey } = (await subtle.generateKey('Ed25519', false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const message = globalThis.crypto.getRandomValues(new Uint8Array(MESSAGE_BYTES))
  const signature = await subtle.sign('Ed25519', privateKey, message)
  const block = async () => {
    const stopwatch = new Stopwatch()
    for (let count = 0; count < VERIFICATIONS; count++) {
      if (!(await subtle.verify('Ed25519', publicKey, signature, message)))
        throw new Error('a good signature did not verify')
    }
    return (stopwatch.cpuMs * 1_000) / VERIFICATIONS
  }
  await block()
  return { cpuUsPerVerification: round(await block()) }
}
