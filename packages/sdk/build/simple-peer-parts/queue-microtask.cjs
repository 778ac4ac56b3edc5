// Every platform of this build has it.

module.exports = (callback) => queueMicrotask(callback)
