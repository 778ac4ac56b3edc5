// The certificate of `--https`: the operator's own, or a self-signed one that is made at first use and kept, so that the
// exception a person gave it in a browser stays valid.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { ServerOptions } from './options.ts'

/** Days a certificate lives: 397 is the most that browsers take. */
const LIFETIME_DAYS = 397
const DAY_MS = 24 * 60 * 60_000

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Throws a TypeError with a plain sentence where the operator's own files cannot be read. */
export async function loadCertificate(options: ServerOptions): Promise<Certificate> {
  if (options.certFile !== '')
    return { cert: await readOwn(options.certFile), key: await readOwn(options.keyFile) }
  const addresses = lanAddresses()
  return (await readKept(options.certFolder, addresses)) ?? (await makeKept(options.certFolder, addresses))
}

/** IPv4 addresses under which other machines of the network may reach this one. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address)
}

async function readOwn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new TypeError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** The kept pair, or null where there is none that still serves. */
async function readKept(folder: string, addresses: readonly string[]): Promise<Certificate | null> {
  try {
    const cert = await readFile(join(folder, 'certificate.pem'), 'utf8')
    const key = await readFile(join(folder, 'key.pem'), 'utf8')
    const certificate = new X509Certificate(cert)
    const isPair = certificate.checkPrivateKey(createPrivateKey(key))
    return isPair && stillServes(certificate, addresses) ? { cert, key } : null
  } catch {
    // Missing at first use, or damaged: made anew either way. So are two halves of different pairs, where a start was cut short
    // between them or two starts met.
    return null
  }
}

/** Valid for another day, and for every address this machine has now. */
function stillServes(certificate: X509Certificate, addresses: readonly string[]): boolean {
  const isValid = Date.parse(certificate.validTo) > Date.now() + DAY_MS
  return isValid && addresses.every((address) => certificate.checkIP(address) !== undefined)
}

async function makeKept(folder: string, addresses: readonly string[]): Promise<Certificate> {
  const made = await makeSelfSigned(addresses)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // A private key must not be committed by chance, wherever the folder is.
  await writeFile(join(folder, '.gitignore'), '*\n')
  await writeFile(join(folder, 'certificate.pem'), made.cert)
  await writeFile(join(folder, 'key.pem'), made.key, { mode: 0o600 })
  return made
}

async function makeSelfSigned(addresses: readonly string[]): Promise<Certificate> {
  // Loaded here because it is large and few starts need it.
  const { generate } = await import('selfsigned')
  const made = await generate([{ name: 'commonName', value: 'Hyphae on this machine' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + LIFETIME_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          ...['127.0.0.1', '::1', ...addresses].map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}
