// For the names of channels and for simple-peer's own log, as hexadecimal digits.

module.exports = (length) => {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return { toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') }
}
