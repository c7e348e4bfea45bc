// What libp2p wants of Node.js 22 and Node.js 20 has not.
import WebSocket from 'ws'
globalThis.WebSocket ??= WebSocket
Promise.withResolvers ??= function () {
  const r = {}
  r.promise = new Promise((resolve, reject) => { r.resolve = resolve; r.reject = reject })
  return r
}
