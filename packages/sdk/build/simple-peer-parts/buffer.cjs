// simple-peer wraps what it received; our transport wants plain bytes anyway.

module.exports = { Buffer: { from: (data) => new Uint8Array(data) } }
