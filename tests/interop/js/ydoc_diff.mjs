// Sessions made up on the spot with the yjs of npm, and our engine beside it: the same document whatever the order,
// the same bytes, and edits of ours that Yjs reads as we do.
//   node ydoc_diff.mjs CANDIDATE SESSIONS SEED      exit status 0: no difference; the last line counts
import { spawn } from 'node:child_process'
import * as Y from 'yjs'

const [candidate, sessions, firstSeed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const hex = u => u.length ? Buffer.from(u).toString('hex') : '-'
const bytes = h => h === '-' ? new Uint8Array(0) : new Uint8Array(Buffer.from(h, 'hex'))

class Ours {
  constructor () {
    this.p = spawn(candidate, [], { stdio: ['pipe', 'pipe', 'inherit'] }); this.wait = []; this.rest = ''
    this.p.stdout.setEncoding('utf8')
    this.p.stdout.on('data', c => { const l = (this.rest + c).split('\n'); this.rest = l.pop(); for (const x of l) this.wait.shift()(x) })
    this.p.on('exit', code => { for (const w of this.wait) w(`died ${code}`) })
  }

  say (line) { return new Promise(resolve => { this.wait.push(resolve); this.p.stdin.write(line + '\n') }) }
  async ok (line) { const a = await this.say(line); if (a !== 'ok') throw new Error(`${line.slice(0, 80)}: ${a}`) }
}

// mulberry32
const random = seed => () => { seed = seed + 0x6d2b79f5 | 0; let t = Math.imul(seed ^ seed >>> 15, 1 | seed); t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296 }

const newDoc = (client, gc) => {
  const d = new Y.Doc({ gc }); d.clientID = client
  d.on('afterTransaction', t => { if (!t.local) t._needFormattingCleanup = false }) // a replica that only reads adds nothing
  return d
}
const words = ['a', 'bc', 'déf', '😀', 'x😀y', '\n', 'long words of a text', '0123456789', 'ß', '漢字']

const edits = (r, pick, undo) => {
  const value = depth => pick([() => null, () => true, () => Math.floor(r() * 2e9), () => r(), () => -1.5, () => pick(words), () => undefined,
    () => depth > 2 ? 1 : [value(depth + 1), value(depth + 1)], () => depth > 2 ? 2 : { k: value(depth + 1), z: value(depth + 1) }, () => NaN, () => -0])()
  const attrs = () => pick([{ bold: true }, { bold: null }, { em: {} }, { em: null }, { link: 'http://a' }, { link: null }, { color: 'red', bold: true }])
  const nested = () => pick([() => new Y.Map(), () => new Y.Array(), () => new Y.Text('t'), () => new Y.XmlElement('P'), () => new Y.XmlText('x'), () => new Uint8Array([1, 2, 3])])()
  const type = d => { // a random type somewhere in the document
    let t = pick([d.getText('t'), d.getText('t'), d.getArray('a'), d.getMap('m'), d.getXmlFragment('x')])
    for (let i = 0; i < 3; i++) {
      let below = []
      if (t instanceof Y.Map) below = [...t.values()]
      else if (t instanceof Y.Array || (t instanceof Y.XmlFragment)) below = t.toArray()
      below = below.filter(x => x instanceof Y.AbstractType)
      if (below.length && r() < 0.6) t = pick(below)
    }
    return t
  }
  const at = t => Math.floor(r() * (t.length + 1))
  return (d, u) => {
    if (u && undo && r() < 0.1) return r() < 0.7 ? u.undo() : u.redo()
    const t = type(d); const p = at(t); const n = Math.min(t.length - p, Math.floor(r() * 6))
    if (t instanceof Y.XmlElement && r() < 0.3) return t.setAttribute(pick(['id', 'class']), pick(words))
    if (t instanceof Y.Text) {
      const what = r()
      if (what < 0.55) return t.insert(p, pick(words))
      if (what < 0.75) return t.delete(p, n)
      if (what < 0.9) return t.format(p, n, attrs())
      if (what < 0.95) return t.insert(p, pick(words), attrs())
      return t.insertEmbed(p, value(0) ?? { e: 1 }, attrs())
    }
    if (t instanceof Y.Map) {
      const k = pick(['k', 'l', 'mm', '1'])
      return r() < 0.2 ? t.delete(k) : t.set(k, r() < 0.3 ? nested() : r() < 0.1 ? 12345678901234n : value(0))
    }
    if (t instanceof Y.XmlFragment) {
      return r() < 0.25 ? t.delete(p, n) : t.insert(p, [pick([() => new Y.XmlElement('Q'), () => new Y.XmlText('y')])()])
    }
    return r() < 0.25 ? t.delete(p, n) : t.insert(p, r() < 0.3 ? [nested()] : [value(0) ?? 1, value(0) ?? null].slice(0, 1 + Math.floor(r() * 2)))
  }
}

// Some clients edit, hear of each other now and then, and go on.
const makeSession = (seed, gc) => {
  const r = random(seed); const pick = a => a[Math.floor(r() * a.length)]
  const n = 2 + Math.floor(r() * 4); const docs = []; const updates = []
  for (let i = 0; i < n; i++) {
    const d = newDoc(1 + Math.floor(r() * 2 ** (r() < 0.3 ? 50 : 32)), gc)
    const u = r() < 0.3 ? new Y.UndoManager([d.getText('t'), d.getArray('a'), d.getMap('m')], { captureTimeout: 0 }) : null
    d.on('update', x => { updates.push(x); d.sent.push(x) }); d.sent = []
    docs.push([d, u])
  }
  const edit = edits(r, pick, true); const steps = 10 + Math.floor(r() * 60)
  for (let s = 0; s < steps; s++) {
    const [d, u] = pick(docs)
    try { if (r() < 0.3) d.transact(() => { for (let k = 0; k < 3; k++) edit(d, null) }); else edit(d, u) } catch (e) { if (!/unexpected|Length exceeded|content type/i.test(String(e.message))) throw e }
    if (r() < 0.15) { const [o] = pick(docs); if (o !== d) Y.applyUpdate(o, Y.encodeStateAsUpdate(d, Y.encodeStateVector(o)), 'remote') }
  }
  return { r, pick, updates, client: n }
}

const shuffled = (list, r) => { const a = list.slice(); for (let i = a.length - 1; i > 0; i--) { const k = Math.floor(r() * (i + 1)); [a[i], a[k]] = [a[k], a[i]] } return a }

// Yjs tears a pair of halves when it joins waiting updates that were cut at different places: then two replicas of
// Yjs's own differ, and ours must be as the one that heard everything in order.
const compare = async (ours, ds, what) => {
  let last; for (const d of ds) { try { return await compareOne(ours, d, what) } catch (e) { last = e } }
  throw last
}
const compareOne = async (ours, d, what) => {
  const sv = await ours.say('sv'); if (sv !== hex(Y.encodeStateVector(d))) throw new Error(`${what}: state vector ${sv}, Yjs ${hex(Y.encodeStateVector(d))}`)
  if (await ours.say('pending') !== '0') throw new Error(`${what}: something waits`)
  const text = JSON.parse(await ours.say('text t')); if (text !== d.getText('t').toString()) throw new Error(`${what}: text ${JSON.stringify(text)}, Yjs ${JSON.stringify(d.getText('t').toString())}`)
  const xml = JSON.parse(await ours.say('json x xml')); if (xml !== d.getXmlFragment('x').toString()) throw new Error(`${what}: xml ${xml}, Yjs ${d.getXmlFragment('x').toString()}`)
  const snap = await ours.say('snap'); if (snap !== hex(Y.encodeSnapshot(Y.snapshot(d)))) throw new Error(`${what}: snapshot ${snap}`)
}

// Would Yjs have these bytes had they come in another order?
const isOfSomeOrder = (updates, r, gc, same) => {
  for (let k = 0; k < 400; k++) {
    const d = newDoc(7, gc); const list = k % 4 ? shuffled(updates, r) : updates.slice()
    for (let n = k % 4 ? 0 : 1 + k / 20; n > 0; n--) { const a = Math.floor(r() * list.length); const [u] = list.splice(a, 1); list.splice(Math.min(list.length, a + Math.floor(r() * 8)), 0, u) } // nearly in order
    for (const u of list) Y.applyUpdate(d, u, 'remote')
    if (same(d)) return true
  }
  return false
}

// What Yjs did, we read: in any order, twice, in either format, merged on the way; then the same bytes come out.
const theirs = async (ours, seed, gc, tally) => {
  const { r, pick, updates } = makeSession(seed, gc)
  if (!updates.length) return
  const all = shuffled(updates.concat(updates.filter(() => r() < 0.2)), r)
  const d = newDoc(7, gc)
  await ours.ok(`new 7${gc ? '' : ' nogc'}`)
  for (let i = 0; i < all.length; i++) {
    const u = r() < 0.1 && i + 1 < all.length ? Y.mergeUpdates([all[i], all[++i]]) : all[i]
    Y.applyUpdate(d, u, 'remote')
    await (r() < 0.5 ? ours.ok(`apply ${hex(u)}`) : ours.ok(`apply2 ${hex(Y.convertUpdateFormatV1ToV2(u))}`))
  }
  // Yjs itself does not always give the same bytes; in order of writing it merges most.
  const inOrder = newDoc(7, gc); for (const u of updates) Y.applyUpdate(inOrder, u, 'remote')
  await compare(ours, [d, inOrder], 'shuffled')
  const v1 = await ours.say('encode'); const v2 = await ours.say('encode2')
  const same = x => v1 === hex(Y.encodeStateAsUpdate(x)) && v2 === hex(Y.encodeStateAsUpdateV2(x))
  if ([d, inOrder].some(same)) tally.same++
  else if (isOfSomeOrder(updates, r, gc, same)) tally.ordered++
  else { tally.other++; tally.seeds.push(seed) }
  // Yjs may hold back deletes that it could apply; who reads its state applies them.
  const reread = newDoc(9, gc); Y.applyUpdate(reread, Y.encodeStateAsUpdate(d), 'remote')
  for (const [u, f] of [[v1, Y.applyUpdate], [v2, Y.applyUpdateV2]]) {
    const back = newDoc(8, gc); f(back, bytes(u), 'remote')
    if (back.store.pendingStructs || back.store.pendingDs) throw new Error('Yjs waits for something after our state')
    if (hex(Y.encodeSnapshot(Y.snapshot(back))) !== hex(Y.encodeSnapshot(Y.snapshot(reread)))) throw new Error('Yjs reads our state as another document')
    if (![d, inOrder].some(x => back.getText('t').toString() === x.getText('t').toString())) throw new Error('Yjs reads our text as another')
  }
  // every truncation is refused, and changes nothing
  const whole = bytes(v1)
  for (let k = 0; k < 5; k++) {
    const a = await ours.say(`apply ${hex(whole.slice(0, Math.floor(r() * whole.length)))}`)
    if (!a.startsWith('err ') && whole.length > 2) throw new Error(`a cut update was answered with ${a}`)
  }
  await compare(ours, [d, inOrder], 'after cut updates')
}

// What we do, Yjs reads; and where the edit is one that both make by the same rules, it is the same update.
const mine = async (ours, seed, tally) => {
  const r = random(seed); const pick = a => a[Math.floor(r() * a.length)]
  const other = newDoc(1 + Math.floor(r() * 2 ** 32), true); const twin = newDoc(99, true)
  // Who only hears: where Yjs cuts a pair of halves and then writes nothing there, it alone reads two U+FFFD.
  const heard = newDoc(3, true); const hear = u => Y.applyUpdate(heard, u, 'remote')
  twin.on('update', hear)
  await ours.ok('new 99')
  for (let s = 0; s < 30; s++) {
    if (r() < 0.25) {
      let u = null; const f = x => { u = x }; other.on('update', f)
      const t = other.getText('t'); const p = Math.floor(r() * (t.length + 1)); if (r() < 0.7) t.insert(p, pick(words)); else t.delete(p, Math.min(3, t.length - p))
      other.off('update', f)
      if (u) { Y.applyUpdate(twin, u, 'remote'); await ours.ok(`apply ${hex(u)}`) }
      continue
    }
    const t = twin.getText('t'); const a = twin.getArray('a'); const m = twin.getMap('m')
    const p = Math.floor(r() * (t.length + 1)); const q = Math.floor(r() * (a.length + 1)); const n = Math.min(t.length - p, Math.floor(r() * 5)); const k = Math.min(a.length - q, 2)
    const w = pick(words); const at = pick([{ b: true }, { b: null }, { i: 1 }, { i: null, b: true }]); const v = pick([1, 'x', null, [1, 2], { y: 0.5 }])
    const [line, f] = pick([[`insert t ${p} ${JSON.stringify(w)}`, () => t.insert(p, w)], [`insert t ${p} ${JSON.stringify(w)}`, () => t.insert(p, w)], [`delete t ${p} ${n}`, () => t.delete(p, n)],
      [`format t ${p} ${n} ${JSON.stringify(at)}`, () => t.format(p, n, at)], [`insertattr t ${p} ${JSON.stringify([w, at])}`, () => t.insert(p, w, { ...at })], [`embed t ${p} ${JSON.stringify([{ e: 1 }, {}])}`, () => t.insertEmbed(p, { e: 1 }, {})],
      [`ains a ${q} ${JSON.stringify([v, 2])}`, () => a.insert(q, [v, 2])], [`adel a ${q} ${k}`, () => a.delete(q, k)], [`mset m ${JSON.stringify(['k', v])}`, () => m.set('k', v)], ['mdel m "k"', () => m.delete('k')]])
    let u = null; const h = x => { u = x }; twin.on('update', h); f(); twin.off('update', h)
    await ours.ok('begin'); await ours.ok(line)
    const o = await ours.say('commit')
    tally[o === (u ? hex(u) : '-') ? 'same' : 'other']++
    // Both go on from the same document: from ours, where the bytes differ.
    if (o !== (u ? hex(u) : '-')) return checkMine(ours, other, twin, o, u, line)
    if (u && r() < 0.3) Y.applyUpdate(other, Y.encodeStateAsUpdate(twin, Y.encodeStateVector(other)), 'remote')
  }
  await compare(ours, [heard], 'edited')
}
const checkMine = async (ours, other, twin, o, u, line) => {
  const d = newDoc(5, true); Y.applyUpdate(d, bytes(await ours.say('encode')), 'remote')
  const delta = JSON.parse(await ours.say('delta t'))
  if (JSON.stringify(d.getText('t').toDelta()) !== JSON.stringify(delta)) throw new Error(`after ${line}: delta ${JSON.stringify(delta)}, Yjs reads ${JSON.stringify(d.getText('t').toDelta())}`)
  const plain = s => s.map(x => x.insert).filter(x => typeof x === 'string').join('')
  if (plain(delta) !== twin.getText('t').toString()) throw new Error(`after ${line}: text ${JSON.stringify(plain(delta))}, Yjs's own ${JSON.stringify(twin.getText('t').toString())}`)
}

console.warn = () => {}
const ours = new Ours(); const read = { same: 0, ordered: 0, other: 0, seeds: [] }; const wrote = { same: 0, other: 0 }; let failed = 0
for (let i = 0; i < sessions; i++) {
  const seed = firstSeed + i
  try { if (i % 3 === 2) await mine(ours, seed, wrote); else await theirs(ours, seed, r4(seed), read) } catch (e) {
    failed++; console.log(`seed ${seed}: ${String(e.message).slice(0, 600)}`); if (/died/.test(e.message) || failed > 20) break
  }
}
function r4 (seed) { return seed % 4 !== 0 }
ours.p.stdin.end('quit\n')
console.log(`states of the same bytes ${read.same}, of another of its orders ${read.ordered}, of others ${read.other} (seeds ${read.seeds.slice(0, 10).join(' ')}); updates of the same bytes ${wrote.same}, of others ${wrote.other}`)
console.log(`${sessions} sessions, ${failed} failed`)
process.exit(failed ? 1 : 0)
