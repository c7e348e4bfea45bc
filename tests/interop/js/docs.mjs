// Providers of npm's y-websocket, unmodified, and editors on them, in a process of their own.
//
// Driven as peer.mjs is.  A name is a client: a document, a provider, maybe an editor.
import './older_node.mjs'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { WebSocket, WebSocketServer } from 'ws'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'

const clients = new Map()
const denied = []
console.warn = (text) => denied.push(String(text)) // so y-websocket tells of a refusal

const of = (name) => clients.get(name) ?? (() => { throw new Error(`no client ${name}`) })()
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function until (what, ask, ms = 60000) {
  for (const end = Date.now() + ms; !ask(); await sleep(2)) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
  }
  return true
}

// The same in all who read the same: what it says, not how it was merged.
function digest (doc) {
  return createHash('sha256').update(Y.encodeStateAsUpdate(doc)).digest('hex')
}

// What a WebSocket by hand hears, and how it ended.
function raw (url, headers) {
  return new Promise((resolve) => {
    const ws = new WebSocket(url, { headers })
    const told = { messages: 0 }
    ws.on('open', () => { told.open = true })
    ws.on('message', () => told.messages++)
    ws.on('unexpected-response', (_, r) => { r.destroy(); resolve({ status: r.statusCode }) })
    ws.on('error', () => {})
    ws.on('close', (code, reason) => resolve({ ...told, code, reason: String(reason) }))
  })
}

// A page for editors to live in.  What they look for stands beside what Node has of its own.
async function page () {
  if (globalThis.document) return
  const { JSDOM } = await import('jsdom')
  const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' })
  globalThis.window = window
  for (const name of Object.getOwnPropertyNames(window)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true })
  }
}

async function codemirror (c) {
  const { EditorState } = await import('@codemirror/state')
  const { EditorView } = await import('@codemirror/view')
  const { yCollab } = await import('y-codemirror.next')
  const text = c.doc.getText('text')
  const state = EditorState.create({ doc: text.toString(), extensions: [yCollab(text, c.provider.awareness, { undoManager: new Y.UndoManager(text) })] })
  c.view = new EditorView({ state, parent: document.body })
  c.write = (at, s) => c.view.dispatch({ changes: { from: at, insert: s } })
  c.read = () => c.view.state.doc.toString()
}

async function tiptap (c) {
  const { Editor } = await import('@tiptap/core')
  const [{ default: Document }, { default: Paragraph }, { default: Text }, { default: Collaboration }] = await Promise.all(
    ['document', 'paragraph', 'text', 'collaboration'].map((n) => import(`@tiptap/extension-${n}`)))
  c.editor = new Editor({ element: document.createElement('div'), extensions: [Document, Paragraph, Text, Collaboration.configure({ document: c.doc })] })
  c.write = (at, s) => c.editor.commands.insertContentAt(at + 1, s)
  c.read = () => c.editor.getText()
}

const editors = { codemirror, tiptap }

// All that a type reads as, in a form that does not tell how it was written.
function shape (v) {
  if (v instanceof Uint8Array) return { bytes: [...v] }
  if (v instanceof Y.Doc) return { guid: v.guid }
  if (v instanceof Y.Text) { // and XmlText
    const runs = []
    for (const { insert, attributes } of v.toDelta()) {
      const run = [shape(insert), Object.entries(attributes ?? {}).sort()]
      const last = runs.at(-1)
      if (last && typeof insert === 'string' && typeof last[0] === 'string' && JSON.stringify(last[1]) === JSON.stringify(run[1])) last[0] += insert
      else runs.push(run)
    }
    return { text: runs, attributes: Object.entries(v.getAttributes()).sort() }
  }
  if (v instanceof Y.XmlElement) return { tag: v.nodeName, attributes: Object.entries(v.getAttributes()).sort(), children: v.toArray().map(shape) }
  if (v instanceof Y.XmlFragment || v instanceof Y.Array) return { list: v.toArray().map(shape) }
  if (v instanceof Y.Map) return { map: [...v.entries()].map(([k, one]) => [k, shape(one)]).sort() }
  return v
}

const shapes = (doc) => ({
  text: shape(doc.getText('text')), editor: shape(doc.getXmlFragment('default')), xml: shape(doc.getXmlFragment('xml')), map: shape(doc.getMap('m')), list: shape(doc.getArray('a'))
})

// A document with all that Yjs knows, and then hardly any of it as it was.
const hands = {
  fill (doc) {
    const text = doc.getText('text')
    text.applyDelta([{ insert: 'Groceries', attributes: { bold: true } }, { insert: '\nmilk ' }, { insert: '🥛', attributes: { italic: true } },
      { insert: { image: 'cow.png' }, attributes: { width: 3 } }, { insert: '\nbread\n' }])
    const note = new Y.Text()
    note.applyDelta([{ insert: 'a ' }, { insert: 'note', attributes: { link: { href: 'https://shoal.example' } } }])
    const inner = new Y.Map([['deep', new Y.Array()], ['n', 1.5]])
    for (const [k, v] of [['note', note], ['inner', inner], ['bytes', new Uint8Array([0, 255])], ['none', null], ['sub', new Y.Doc({ guid: 'sub-1' })]]) doc.getMap('m').set(k, v)
    inner.get('deep').push([1, 'two', { three: [3] }, new Y.Map([['x', 'y']])])
    doc.getArray('a').push([1, 2, 3, new Y.Array(), 'five'])
    const table = new Y.XmlElement('table')
    const cell = new Y.XmlElement('td')
    const words = new Y.XmlText()
    table.setAttribute('class', 'wide')
    cell.setAttribute('colspan', '2')
    words.applyDelta([{ insert: 'in ' }, { insert: 'a cell', attributes: { strong: {} } }])
    cell.insert(0, [words])
    table.insert(0, [cell])
    doc.getXmlFragment('xml').push([table, new Y.XmlElement('hr')])
  },
  spoil (doc) {
    const text = doc.getText('text')
    text.format(0, 14, { bold: null, color: 'red' })
    text.delete(12, 8)
    text.insert(3, 'XYZ')
    const m = doc.getMap('m')
    m.get('note').format(0, 3, { bold: true })
    m.get('inner').get('deep').delete(1, 3)
    m.delete('bytes')
    m.delete('sub')
    m.set('none', new Y.Map([['no', 'more']]))
    m.set('later', 1)
    doc.getArray('a').delete(2, 2)
    doc.getArray('a').insert(0, ['zero'])
    const xml = doc.getXmlFragment('xml')
    const table = xml.toArray().find((e) => e.nodeName === 'table')
    table.removeAttribute('class')
    table.get(0).get(0).insert(3, 'quite ')
    table.insert(0, [new Y.XmlElement('caption')])
    xml.delete(xml.length - 1, 1)
    xml.insert(0, [new Y.XmlElement('blockquote')])
  },
  empty (doc) {
    for (const name of ['text', 'a']) doc.get(name).delete(0, doc.get(name).length)
    doc.getXmlFragment('xml').delete(0, doc.getXmlFragment('xml').length)
    doc.getMap('m').clear()
  }
}

const can = {
  async open ({ name, http, room, token, origin, editor }) {
    const doc = new Y.Doc()
    class Socket extends WebSocket {
      constructor (url, protocols) { super(url, protocols, origin ? { origin } : {}) }
    }
    const provider = new WebsocketProvider(`ws://${http}/docs`, room, doc,
      { params: token ? { token } : {}, WebSocketPolyfill: Socket, disableBc: true, maxBackoffTime: 200 })
    const c = { doc, provider, closes: [] }
    provider.on('connection-close', (e) => c.closes.push(e?.code ?? 0))
    provider.on('connection-error', () => c.closes.push(-1))
    c.write = (at, s) => doc.getText('text').insert(at, s)
    c.read = () => doc.getText('text').toString()
    clients.set(name, c)
    if (editor) {
      await until(`${name} to be synced`, () => provider.synced)
      await page()
      await editors[editor](c)
    }
    return true
  },
  async synced ({ name }) { return until(`${name} to be synced`, () => of(name).provider.synced) },
  async hand ({ name, does }) { const { doc } = of(name); doc.transact(() => hands[does](doc)); return true },
  async shapes ({ name }) { return shapes(of(name).doc) },
  async shaped ({ name, like }) {
    return until(`${name} to be ${JSON.stringify(like)}, not ${JSON.stringify(shapes(of(name).doc))}`, () => JSON.stringify(shapes(of(name).doc)) === JSON.stringify(like))
  },
  async write ({ name, at = 0, text }) { of(name).write(at, text); return true },
  async read ({ name }) { return of(name).read() },
  async reads ({ name, text }) {
    return until(`${name} to read ${text}, not ${of(name).read()}`, () => of(name).read() === text)
  },
  async off ({ name }) { of(name).provider.disconnect(); return true },
  async on ({ name }) { of(name).provider.connect(); return true },
  async closes ({ name }) { return of(name).closes },
  async show ({ name, state }) { of(name).provider.awareness.setLocalState(state); return of(name).doc.clientID },
  async sees ({ name, client, state }) {
    const is = () => JSON.stringify(of(name).provider.awareness.getStates().get(client) ?? null)
    return until(`${name} to see ${JSON.stringify(state)}`, () => is() === JSON.stringify(state))
  },
  async denied () { return denied.splice(0) },
  // Everybody types, deletes and goes offline at random; then all end alike.
  async storm ({ names, rounds }) {
    const any = (n) => Math.floor(Math.random() * n)
    for (let i = 0; i < rounds; i++) {
      for (const name of names) {
        const { doc, provider } = of(name)
        const text = doc.getText('text')
        if (any(3) === 0 && text.length > 0) text.delete(any(text.length), 1)
        else text.insert(any(text.length + 1), String.fromCharCode(97 + any(26)).repeat(1 + any(5)))
        if (any(20) === 0) doc.getMap('m').set(`k${any(5)}`, i)
        if (any(30) === 0) provider.shouldConnect ? provider.disconnect() : provider.connect()
      }
      if (any(4) === 0) await sleep(any(10))
    }
    for (const name of names) of(name).provider.connect()
    return true
  },
  async alike ({ names }) {
    await until('all to be alike', () => names.every((n) => of(n).provider.synced) && new Set(names.map((n) => digest(of(n).doc))).size === 1)
    return digest(of(names[0]).doc)
  },
  // Everybody types at his own pace for so long; from each key to each other who reads it, ms, by whether the two
  // are at one node.
  async live ({ names, seconds, every_ms: every }) {
    const sent = new Map()
    const took = { near: [], far: [] }
    for (const name of names) {
      const { doc, provider } = of(name)
      doc.on('afterTransaction', (t) => {
        const now = performance.now()
        for (const [client, clock] of t.afterState) {
          for (let c = t.beforeState.get(client) ?? 0; c < clock; c++) {
            const from = sent.get(`${client}:${c}`)
            if (t.local || !from) continue
            took[from.at === provider.url.split('/')[2] ? 'near' : 'far'].push(now - from.now)
          }
        }
      })
    }
    const end = performance.now() + seconds * 1000
    await Promise.all(names.map(async (name, i) => {
      const { doc, provider } = of(name)
      const text = doc.getText('text')
      await sleep(every * i / names.length)
      while (performance.now() < end) {
        sent.set(`${doc.clientID}:${Y.getState(doc.store, doc.clientID)}`, { now: performance.now(), at: provider.url.split('/')[2] })
        text.insert(text.length, 'x')
        await sleep(every * (0.5 + Math.random()))
      }
    }))
    await sleep(500)
    const told = (list) => {
      list.sort((a, b) => a - b)
      const part = (p) => Math.round(100 * list[Math.min(list.length - 1, Math.floor(p * list.length))]) / 100
      return { keys: list.length, p50: part(0.5), p90: part(0.9), p99: part(0.99), most: part(1) }
    }
    return { near: told(took.near), far: told(took.far) }
  },
  async state ({ name }) { return Buffer.from(Y.encodeStateAsUpdate(of(name).doc)).toString('hex') },
  // A server that passes on what it hears and keeps nothing: what the clients themselves take.
  async bare () {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (ws) => ws.on('message', (m) => {
      for (const other of server.clients) if (other !== ws && other.readyState === 1) other.send(m)
    }))
    await new Promise((resolve) => server.on('listening', resolve))
    return `127.0.0.1:${server.address().port}`
  },
  async close ({ name }) {
    const c = of(name)
    c.view?.destroy()
    c.editor?.destroy()
    c.provider.destroy()
    clients.delete(name)
    return true
  },
  async knock ({ url, headers }) {
    return raw(url, headers)
  },
  async nonsense ({ url, hex }) {
    const ws = new WebSocket(url)
    const ended = new Promise((resolve) => ws.on('close', (code) => resolve(code)))
    ws.on('error', () => {})
    ws.on('open', () => ws.send(Buffer.from(hex, 'hex')))
    return ended
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line)
  const say = (r) => process.stdout.write(JSON.stringify({ n: ask.n, ...r }) + '\n')
  can[ask.do](ask).then((ok) => say({ ok: ok ?? null }), (e) => say({ error: `${e.name}: ${e.message}` }))
}
process.exit(0)
