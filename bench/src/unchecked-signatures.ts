// What is left of the cost of a message when signatures cost nothing: this process's WebCrypto signs with zeros and
// believes everything. Nothing in the library knows of it, and nothing outside this process is changed.

const SIGNATURE_BYTES = 64

/** Replaces Ed25519's `sign` and `verify` of this process; all other cryptography stays as it is. */
export function stopCheckingSignatures(): void {
  const real = globalThis.crypto.subtle
  const free: Record<string, (algorithm: unknown, ...rest: never[]) => Promise<unknown>> = {
    sign: async () => new ArrayBuffer(SIGNATURE_BYTES),
    verify: async () => true,
  }
  const standIn = new Proxy(real, {
    get(target, name: keyof SubtleCrypto) {
      const own = target[name]
      if (typeof own !== 'function') return own
      const method = (own as (...parameters: unknown[]) => unknown).bind(target)
      const replacement = free[name]
      if (replacement === undefined) return method
      return (algorithm: unknown, ...rest: never[]) =>
        algorithm === 'Ed25519' ? replacement(algorithm, ...rest) : method(algorithm, ...rest)
    },
  })
  Object.defineProperty(globalThis.crypto, 'subtle', { value: standIn })
}
