// Other engines at what bench/docs.c does; driven by bench/docs.  Prints one line of JSON, or {"skip": why}.
//   node docs.mjs ENGINE local TRACE.json | load v1|v2 FILE TRACE.json | remote FILE TRACE.json [shuffled]
//                        merge FILE FILE TRACE.json TRACE.json | storm CLIENTS EACH
//   node docs.mjs ENGINE prepare ... the same
// Engines with a format of their own read what they made of the traces: `prepare` types them, and keeps the state or the updates beside
// the trace.  A measure ends after BENCH_LIMIT_S seconds of CPU.
import fs from 'node:fs'

const [engine, ...asked] = process.argv.slice(2)
const prepares = asked[0] === 'prepare'
const [what, ...args] = prepares ? asked.slice(1) : asked
const LIMIT_MS = 1000 * Number(process.env.BENCH_LIMIT_S ?? 20)
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000 }
const say = o => { console.log(JSON.stringify(o)); process.exit(0) }
const units = s => Buffer.byteLength(s)
const within = t0 => { if (cpu() - t0 > LIMIT_MS) say({ skip: `> ${LIMIT_MS / 1000} s` }) }

const shuffle = all => {
  let random = 12345
  for (let i = all.length; i > 1; i--) { random = (Math.imul(random, 1664525) + 1013904223) >>> 0; const k = Number((BigInt(random) * BigInt(i)) >> 32n); [all[i - 1], all[k]] = [all[k], all[i - 1]] }
  return all
}
const streamOf = file => {
  const b = fs.readFileSync(file); const n = b.readUInt32LE(0); const all = []
  for (let i = 0, at = 4; i < n; i++) { const l = b.readUInt32LE(at); all.push(new Uint8Array(b.subarray(at + 4, at + 4 + l))); at += 4 + l }
  return all
}
const traceOf = file => JSON.parse(fs.readFileSync(file, 'utf8'))

// What each engine can do: make a document, edit in one transaction, take an update, give all, read.
const engines = {
  yjs: async () => {
    const Y = await import('yjs')
    return {
      make: (id, tell) => { const d = new Y.Doc(); d.clientID = id; if (tell) d.on('update', u => { tell(u) }); return { d, t: d.getText('text') } },
      edit: ({ d, t }, patches) => d.transact(() => { for (const [p, n, s] of patches) { if (n) t.delete(p, n); if (s) t.insert(p, s) } }),
      take: ({ d }, u, v2) => (v2 ? Y.applyUpdateV2 : Y.applyUpdate)(d, u), all: ({ d }) => Y.encodeStateAsUpdate(d), text: ({ t }) => t.toString()
    }
  },
  ywasm: async () => { // what it is not given a transaction for runs in one of its own
    const Y = await import('ywasm')
    return {
      make: (id, tell) => { const d = new Y.YDoc({ clientID: id }); const t = d.getText('text'); if (tell) d.onUpdate(u => { tell(u) }); return { d, t } },
      edit: ({ d, t }, patches) => { const x = d.beginTransaction(null); for (const [p, n, s] of patches) { if (n) t.delete(p, n, x); if (s) t.insert(p, s, null, x) } x.commit(); x.free() },
      take: ({ d }, u, v2) => (v2 ? Y.applyUpdateV2 : Y.applyUpdate)(d, u, null), all: ({ d }) => Y.encodeStateAsUpdate(d), text: ({ t }) => t.toString(undefined)
    }
  },
  loro: async () => {
    const { LoroDoc } = await import('loro-crdt')
    return {
      own: true,
      make: (id, tell) => { const d = new LoroDoc(); d.setPeerId(BigInt(id)); if (tell) d.subscribeLocalUpdates(u => { tell(u) }); return { d, t: d.getText('text') } },
      edit: ({ d, t }, patches) => { for (const [p, n, s] of patches) { if (n) t.delete(p, n); if (s) t.insert(p, s) } d.commit() },
      turn: () => Promise.resolve(), // it tells once we have returned
      take: ({ d }, u) => d.import(u), all: ({ d }) => d.export({ mode: 'snapshot' }), text: ({ t }) => t.toString()
    }
  },
  automerge: async () => { // one document from the start: texts made apart would be two
    const A = await import('@automerge/automerge')
    const base = A.save(A.change(A.init({ actor: '00000000' }), { time: 0 }, d => { d.text = '' }))
    return {
      own: true,
      writer: (id, tell) => { // without the objects of JavaScript that it keeps beside: much sooner
        const b = A.getBackend(A.load(base, { actor: id.toString(16).padStart(8, '0') })); const text = b.getWithType('_root', 'text')[1]
        return { edit: patches => { for (const [p, n, s] of patches) b.splice(text, p, n, s); b.commit(); tell?.(b.getLastLocalChange()) }, take: all => { if (all.length) b.applyChanges(all) }, all: () => b.save() }
      },
      make: (id, tell) => ({ d: A.load(base, { actor: id.toString(16).padStart(8, '0') }), tell }),
      edit: (x, patches) => { x.d = A.change(x.d, d => { for (const [p, n, s] of patches) A.splice(d, ['text'], p, n, s) }); x.tell?.(A.getLastLocalChange(x.d)) },
      take: (x, u) => { x.d = A.loadIncremental(x.d, u) }, all: x => A.save(x.d), text: x => x.d.text
    }
  },
  dt: async () => {
    const { Doc } = (await import('diamond-types-node')).default
    return {
      own: true,
      inOrder: true,
      make: (id, tell) => ({ d: new Doc(`a${id}`), tell }),
      edit: ({ d, tell }, patches) => { const v = tell && d.getLocalVersion(); for (const [p, n, s] of patches) { if (n) d.del(p, n); if (s) d.ins(p, s) } tell?.(d.getPatchSince(v)) },
      take: ({ d }, u) => d.mergeBytes(u), all: ({ d }) => d.toBytes(), text: ({ d }) => d.get()
    }
  }
}

const e = await engines[engine]()

// What a trace becomes, kept: the bytes that `make` gives are made once.
const kept = async (path, make) => {
  if (!fs.existsSync(path)) { fs.writeFileSync(path + '.new', await make()); fs.renameSync(path + '.new', path) }
  return path
}
// Who types what the measures read: as the engine is used, or by a shorter way of its own.
const writer = e.writer ?? ((id, tell) => {
  const x = e.make(id, tell)
  return { edit: patches => e.edit(x, patches), take: all => { for (const u of all) e.take(x, u) }, all: () => e.all(x) }
})
const stateOf = async (trace, id) => new Uint8Array(fs.readFileSync(await kept(`${trace}.${engine}.${id}.state`, () => {
  const t0 = cpu(); const w = writer(id)
  for (const { patches } of traceOf(trace).txns) { w.edit(patches); within(t0) }
  return w.all()
})))

// The updates of a trace of several writers: each edits where it has what the transaction was made upon.
const updatesOf = async trace => streamOf(await kept(`${trace}.${engine}.updates`, async () => {
  const { txns, numAgents } = traceOf(trace); const told = []; const t0 = cpu()
  const agents = Array.from({ length: numAgents }, (_, i) => ({ w: writer(10 + i, u => { told.push(u) }), has: new Set() }))
  for (const [i, { parents, agent, patches }] of txns.entries()) {
    const { w, has } = agents[agent]; const lacks = new Set(); const ask = [...parents]
    while (ask.length) { const p = ask.pop(); if (!has.has(p) && !lacks.has(p)) { lacks.add(p); ask.push(...txns[p].parents) } }
    w.take([...lacks].sort((a, b) => a - b).map(p => told[p])); for (const p of lacks) has.add(p)
    w.edit(patches); has.add(i); await e.turn?.(); within(t0)
  }
  const le32 = n => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b }
  return Buffer.concat([le32(told.length), ...told.flatMap(u => [le32(u.length), u])])
}))

if (prepares) {
  if (e.own && what === 'load' && args[0] === 'v1') await stateOf(args[2], 21)
  if (e.own && what === 'remote') await updatesOf(args[1])
  if (e.own && what === 'merge') { await stateOf(args[2], 21); await stateOf(args[3], 22) }
  say({})
}

if (what === 'local') {
  const trace = traceOf(args[0]); let bytes = 0
  globalThis.gc?.(); const rss = process.memoryUsage().rss; const t0 = cpu()
  const x = e.make(21, u => { bytes += u.length }); for (const { patches } of trace.txns) { e.edit(x, patches); within(t0) }
  await e.turn?.(); const ms = cpu() - t0; const kib = Math.round((process.memoryUsage().rss - rss) / 1024)
  say({ ms, update_bytes: bytes, state_bytes: e.all(x).length, kib, right: e.text(x) === trace.endContent })
} else if (what === 'load') {
  if (e.own && args[0] === 'v2') say({ skip: '' }) // theirs is one and stands beside our first
  const bytes = e.own ? await stateOf(args[2], 21) : new Uint8Array(fs.readFileSync(args[1]))
  const rounds = 20; let n = 0; let cold = 0; let done = 0; const t0 = cpu()
  for (; done < rounds && cpu() - t0 < 10000; done++) { const x = e.make(1); e.take(x, bytes, args[0] === 'v2'); n = units(e.text(x)); if (done === 0) cold = cpu() - t0 }
  say({ ms: (cpu() - t0) / done, cold, text_bytes: n, state_bytes: bytes.length })
} else if (what === 'remote') {
  if (e.inOrder && args[2]) say({ skip: 'not possible' })
  const all = e.own ? await updatesOf(args[1]) : streamOf(args[0]); if (args[2]) shuffle(all)
  const t0 = cpu(); const x = e.make(1)
  for (const u of all) { e.take(x, u); within(t0) }
  const n = units(e.text(x)); say({ ms: cpu() - t0, text_bytes: n })
} else if (what === 'merge') {
  const [a, b] = e.own ? [await stateOf(args[2], 21), await stateOf(args[3], 22)] : args.map(f => new Uint8Array(fs.readFileSync(f)))
  const t0 = cpu(); const x = e.make(1); e.take(x, a); e.take(x, b); const n = units(e.text(x)); say({ ms: cpu() - t0, text_bytes: n })
} else if (what === 'storm') {
  const [clients, each] = args.map(Number); const updates = []
  for (let c = 0; c < clients; c++) { const l = []; const x = e.make(1000 + c * 7919 % 100003, u => { l.push(u) }); for (let i = 0; i < each; i++) e.edit(x, [[0, 0, 'x']]); updates.push(l) }
  await e.turn?.()
  const t0 = cpu(); const x = e.make(1)
  for (let i = 0; i < each; i++) for (let c = 0; c < clients; c++) { e.take(x, updates[c][i]); within(t0) }
  const n = units(e.text(x)); say({ ms: cpu() - t0, text_bytes: n })
}
