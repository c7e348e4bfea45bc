// Other engines at what bench/docs.c does; driven by bench/docs.  Prints one line of JSON, or {"skip": why}.
//   node docs.mjs ENGINE local TRACE.json | load V1|V2 FILE | remote FILE [shuffled] | storm CLIENTS EACH
import fs from 'node:fs'

const [engine, what, ...args] = process.argv.slice(2)
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000 }
const say = o => { console.log(JSON.stringify(o)); process.exit(0) }
const units = s => Buffer.byteLength(s)

const streamOf = (file, shuffled) => {
  const b = fs.readFileSync(file); const n = b.readUInt32LE(0); const all = []
  for (let i = 0, at = 4; i < n; i++) { const l = b.readUInt32LE(at); all.push(new Uint8Array(b.subarray(at + 4, at + 4 + l))); at += 4 + l }
  let random = 12345
  if (shuffled) for (let i = n; i > 1; i--) { random = (Math.imul(random, 1664525) + 1013904223) >>> 0; const k = Number((BigInt(random) * BigInt(i)) >> 32n); [all[i - 1], all[k]] = [all[k], all[i - 1]] }
  return all
}
const traceOf = file => JSON.parse(fs.readFileSync(file, 'utf8'))

// What each engine can do: make, edit one transaction, take an update, give all, read.
const engines = {
  yjs: async () => {
    const Y = await import('yjs')
    return {
      make: (id, tell) => { const d = new Y.Doc(); d.clientID = id; if (tell) d.on('update', u => { tell(u) }); return { d, t: d.getText('text') } },
      edit: ({ d, t }, patches) => d.transact(() => { for (const [p, n, s] of patches) { if (n) t.delete(p, n); if (s) t.insert(p, s) } }),
      take: ({ d }, u, v2) => (v2 ? Y.applyUpdateV2 : Y.applyUpdate)(d, u), all: ({ d }) => Y.encodeStateAsUpdate(d), text: ({ t }) => t.toString()
    }
  },
  ywasm: async () => {
    const Y = await import('ywasm')
    return {
      make: (id, tell) => { const d = new Y.YDoc({ clientID: id }); const t = d.getText('text'); if (tell) d.on('update', u => { tell(u) }); return { d, t } },
      edit: ({ d, t }, patches) => { const x = d.beginTransaction(); for (const [p, n, s] of patches) { if (n) t.delete(p, n, x); if (s) t.insert(p, s, null, x) } x.commit(); x.free() },
      take: ({ d }, u, v2) => { const x = d.beginTransaction(); (v2 ? x.applyV2(u) : x.apply(u)); x.commit(); x.free() }, all: ({ d }) => Y.encodeStateAsUpdate(d), text: ({ d, t }) => t.toString()
    }
  },
  loro: async () => {
    const { LoroDoc } = await import('loro-crdt')
    return {
      own: true,
      make: (id, tell) => { const d = new LoroDoc(); d.setPeerId(BigInt(id)); if (tell) d.subscribeLocalUpdates(u => { tell(u) }); return { d, t: d.getText('text') } },
      edit: ({ d, t }, patches) => { for (const [p, n, s] of patches) { if (n) t.delete(p, n); if (s) t.insert(p, s) } d.commit() },
      take: ({ d }, u) => d.import(u), all: ({ d }) => d.export({ mode: 'snapshot' }), text: ({ t }) => t.toString()
    }
  },
  automerge: async () => {
    const A = await import('@automerge/automerge')
    return {
      own: true, slow: true,
      make: id => ({ d: A.from({ text: '' }, { actor: id.toString(16).padStart(8, '0') }) }),
      edit: (x, patches, tell) => { x.d = A.change(x.d, d => { for (const [p, n, s] of patches) A.splice(d, ['text'], p, n, s) }); if (tell) tell(A.getLastLocalChange(x.d)) },
      take: (x, u) => { x.d = A.loadIncremental(x.d, u) }, all: x => A.save(x.d), text: x => x.d.text
    }
  }
}

const e = await engines[engine]()
if (what === 'local') {
  const trace = traceOf(args[0]); if (e.slow && trace.txns.length > 50000) say({ skip: 'minutes' })
  let bytes = 0; const tell = u => { bytes += u.length }
  globalThis.gc?.(); const rss = process.memoryUsage().rss; const t0 = cpu()
  const x = e.make(21, tell); for (const { patches } of trace.txns) e.edit(x, patches, tell)
  const ms = cpu() - t0; const kib = Math.round((process.memoryUsage().rss - rss) / 1024)
  say({ ms, update_bytes: bytes, state_bytes: e.all(x).length, kib, right: e.text(x) === trace.endContent })
} else if (what === 'load') {
  let bytes = new Uint8Array(fs.readFileSync(args[1]))
  if (e.own) { // their own form of the same text, typed
    if (!args[2] || e.slow) say({ skip: 'no state of its own' })
    const x = e.make(21); for (const { patches } of traceOf(args[2]).txns) e.edit(x, patches); bytes = e.all(x)
  }
  const rounds = 20; let n = 0; let cold = 0; const t0 = cpu()
  for (let i = 0; i < rounds; i++) { const x = e.make(1); e.take(x, bytes, args[0] === 'v2'); n = units(e.text(x)); if (i === 0) cold = cpu() - t0 }
  say({ ms: (cpu() - t0) / rounds, cold, text_bytes: n })
} else if (what === 'remote') {
  if (e.own) say({ skip: 'other updates' })
  const all = streamOf(args[0], args[1]); const t0 = cpu(); const x = e.make(1)
  for (const u of all) { e.take(x, u); if (cpu() - t0 > 60000) say({ skip: 'more than 60 s' }) }
  say({ ms: cpu() - t0, text_bytes: units(e.text(x)) })
} else if (what === 'storm') {
  if (e.slow) say({ skip: 'minutes' })
  const [clients, each] = args.map(Number); const updates = []
  for (let c = 0; c < clients; c++) { const l = []; const x = e.make(1000 + c * 7919 % 100003, u => { l.push(u) }); for (let i = 0; i < each; i++) e.edit(x, [[0, 0, 'x']]); updates.push(l) }
  await new Promise(resolve => { setTimeout(resolve, 0) }) // one engine tells in turn
  const t0 = cpu(); const x = e.make(1)
  for (let i = 0; i < each; i++) for (let c = 0; c < clients; c++) { e.take(x, updates[c][i]); if (cpu() - t0 > 60000) say({ skip: 'more than 60 s' }) }
  say({ ms: cpu() - t0, text_bytes: units(e.text(x)) })
}
