// Errors of simple-peer carry a code. Its own package for that also takes lists of properties, which nobody gives it.

module.exports = (error, code) =>
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true })
