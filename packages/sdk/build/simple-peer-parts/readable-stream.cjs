// What simple-peer uses of a Duplex: events, and `push` that becomes `data`. Its browser build carries all of
// readable-stream, events and buffer for that, 22 kB of its 28 (gzip); our transport never reads or writes it as a
// stream. Nothing of simple-peer itself is changed, and the browser tests run on this build.

class Duplex {
  constructor() {
    this.destroyed = false
    this.readable = true
    this.writable = true
    this._readableState = { ended: false }
    this._writableState = { finished: false }
    this._listenersByType = new Map()
  }

  on(type, listener) {
    const listeners = this._listenersByType.get(type)
    if (listeners) listeners.push(listener)
    else this._listenersByType.set(type, [listener])
    return this
  }

  once(type, listener) {
    const once = (...args) => {
      this.removeListener(type, once)
      listener.apply(this, args)
    }
    once.listener = listener
    return this.on(type, once)
  }

  removeListener(type, listener) {
    const listeners = this._listenersByType.get(type) ?? []
    const kept = listeners.filter((each) => each !== listener && each.listener !== listener)
    this._listenersByType.set(type, kept)
    return this
  }

  /** An `error` that nobody hears is thrown, as Node's emitters do. */
  emit(type, ...args) {
    const listeners = this._listenersByType.get(type) ?? []
    if (type === 'error' && listeners.length === 0) throw args[0]
    for (const listener of [...listeners]) listener.apply(this, args)
    return listeners.length > 0
  }

  push(chunk) {
    if (chunk === null) this._readableState.ended = true
    else this.emit('data', chunk)
    return true
  }

  end() {
    if (this._writableState.finished) return
    this._writableState.finished = true
    this.emit('finish')
  }
}

module.exports = { Duplex }
