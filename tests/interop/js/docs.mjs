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
