// Debian's Chromium, driven by Playwright: what every script here begins with.
//
//   node SCRIPT.mjs '{"nodes": {"ann": {"http": "127.0.0.1:7700", "link": "http://..."}}, "pictures": DIR}'
//
// The script that runs the nodes (tests/interop/web.py) stands at the other end of standard input and
// output: ask() has it do something to a node.  What a test told goes to standard error.
import { createInterface } from 'node:readline'
import { availableParallelism, loadavg } from 'node:os'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export const given = JSON.parse(process.argv[2])
export const nodes = given.nodes

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Have the other side do it: ask('shoal', {node: 'ann', words: ['doc', 'new', 'Minutes']}). */
export async function ask (what, more = {}) {
  process.stdout.write(JSON.stringify({ do: what, ...more }) + '\n')
  const answer = JSON.parse((await answers.next()).value)
  if (answer.error) throw new Error(`${what}: ${answer.error}`)
  return answer.ok
}

export const shoal = (node, ...words) => ask('shoal', { node, words })

export function say (text) {
  process.stderr.write(`${text}\n`)
}

export function check (what, is) {
  if (!is) throw new Error(`not so: ${what}`)
}

export function same (what, a, b) {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${what}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`)
}

/** Promised times hold for a machine that has time for us: one that has not is said, and not judged. */
export function soon (what, is) {
  const load = loadavg()[0] / availableParallelism()
  if (is || load < 2) check(what, is)
  else say(`not judged, with ${load.toFixed(1)} programs waiting for each processor: ${what}`)
}

const PATIENCE_MS = 30000

/** The first true value of look(), asked again; no test waits for a guessed time. */
export async function until (what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience
  for (;;) {
    const value = await look()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited ${patience} ms in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

let browser
const strays = []

/** A browser of its own for each person: its cookies, its storage, its idea of being online. */
export async function person (options = {}) {
  browser ??= await chromium.launch({
    executablePath: given.chromium,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb', '--disable-background-networking', '--no-first-run']
  })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  const ours = Object.values(nodes).map(n => n.http)
  context.on('request', request => {
    const { protocol, host } = new URL(request.url())
    if (!['blob:', 'data:', 'file:'].includes(protocol) && !ours.includes(host)) strays.push(request.url())
  })
  const page = await context.newPage()
  page.on('websocket', socket => { if (!ours.includes(new URL(socket.url()).host)) strays.push(socket.url()) })
  page.on('pageerror', error => broken.push(`${page.url()}: ${error.stack ?? error}`))
  page.on('console', message => {
    const text = message.text()
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection|ERR_/.test(text)) broken.push(`${page.url()}: ${text}`)
  })
  return page
}

const broken = [] // what the pages themselves complain of, the Content-Security-Policy's refusals too

/** A person at the page of a node; signed in by the link, where the node wants that. */
export async function at (name, path, options) {
  const page = await person(options)
  const node = nodes[name]
  if (node.link) await page.goto(await ask('open', { node: name }))
  await page.goto(`http://${node.http}${path}`)
  return page
}

export async function picture (page, name) {
  if (!given.pictures) return
  mkdirSync(given.pictures, { recursive: true })
  await page.screenshot({ path: join(given.pictures, `${name}.png`), animations: 'disabled' })
}

const axe = readFileSync(new URL(import.meta.resolve('axe-core')), 'utf8')

/** What axe calls serious or worse, on this page as it is now: nothing. */
export async function accessible (page, where) {
  // By the debugger's hand, which the Content-Security-Policy does not hold.
  const result = await page.evaluate(`${axe}; axe.run(document, {resultTypes: ['violations']})`)
  const grave = result.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
  if (grave.length) {
    const words = grave.map(v => `${v.impact} ${v.id}: ${v.help}\n${v.nodes.slice(0, 3).map(n => `    ${n.html.slice(0, 200)}\n    ${n.failureSummary}`).join('\n')}`)
    throw new Error(`axe, ${where}:\n${words.join('\n')}`)
  }
  for (const v of result.violations) say(`axe, ${where}: ${v.impact} ${v.id}`)
}

/** Nothing of it is cut off or has to be scrolled to sideways. */
export async function fits (page, where) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  check(`${where} fits into ${room} pixels, it takes ${wide}`, wide <= room)
}

/** Run the script; whatever it opened is closed, and then it is asked what nobody may have done. */
export async function main (test) {
  let status = 0
  try {
    await test()
    same('requests that left the node', strays, [])
    same('what pages complained of', broken, [])
  } catch (error) {
    status = 1
    say(error.stack ?? String(error))
    for (const text of broken) say(`page: ${text}`)
    for (const [i, page] of (browser?.contexts() ?? []).flatMap(c => c.pages()).entries()) {
      say(`open: ${page.url()}`)
      await picture(page, `failed-${i}`).catch(() => {})
    }
  }
  await browser?.close()
  process.exit(status)
}
