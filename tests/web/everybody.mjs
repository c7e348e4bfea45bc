// Every dialog, and the editor: axe, nothing cut, nothing off the screen; in light and dark, in both
// languages, on a narrow phone and at twice the size.
import { accessible, at, fits, given, main, picture, same, say, until } from './browser.mjs'

const pages = ['home', 'files', 'documents', 'connect', 'settings', 'health']
const words = {
  'en-GB': { Add: 'Add', Share: 'Share', 'New document': 'New document', 'Open a link': 'Open a link', Rename: 'Rename', Remove: 'Remove', History: 'History', Loading: 'Loading …' },
  'de-DE': { Add: 'Hinzufügen', Share: 'Teilen', 'New document': 'Neues Dokument', 'Open a link': 'Link öffnen', Rename: 'Umbenennen', Remove: 'Entfernen', History: 'Geschichte', Loading: 'Lädt …' }
}
// axe once in each theme, and on a phone; whether words fit is for the language with the longer ones, too.
const phone = { width: 320, height: 640 }
const sights = [
  { name: 'dark', locale: 'en-GB', axe: true, options: { colorScheme: 'dark' } },
  { name: 'phone', locale: 'en-GB', axe: true, options: { viewport: phone } },
  { name: 'German phone', locale: 'de-DE', options: { viewport: phone, colorScheme: 'dark' } },
  { name: 'German at 200 %', locale: 'de-DE', options: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 } }
]

/** Words that are cut, or are where nobody can scroll to.  A cell of the table of torrents may be cut: its title has all of it. */
const cut = page => page.evaluate(() => {
  const top = document.querySelector('dialog[open]') ?? document
  const seen = [...top.querySelectorAll('a, button, label, h1, h2, h3, p, span, select, legend, summary, th, td, dt, dd, code')]
  return seen.filter(el => el.offsetParent && !el.closest('.sr-only, .torrents, .skip') && el.textContent.trim()).filter(el => {
    const { right, left } = el.getBoundingClientRect()
    const clips = getComputedStyle(el).overflowX !== 'visible' && el.scrollWidth > el.clientWidth + 1 && !el.matches('select')
    return clips || right > document.documentElement.clientWidth + 1 || left < -1
  }).map(el => `${el.tagName} ${el.textContent.slice(0, 60)}`)
})

let judge

async function whole (page, where) {
  same(`what is cut, ${where}`, await cut(page), [])
  await fits(page, where)
  await judge(page, where)
}

async function dialogs (page, t, where) {
  const url = path => `http://${given.nodes.ann.http}/ui/${path}`
  const shown = async (what, name, open) => {
    await open()
    await page.getByRole('dialog').waitFor()
    await whole(page, `${what}, ${where}`)
    await picture(page, `dialog-${name}-${where.replaceAll(/\W+/g, '-')}`)
    await page.keyboard.press('Escape')
    await until('it is closed', async () => !await page.getByRole('dialog').count())
  }
  const press = name => () => page.getByRole('main').getByRole('button', { name: t[name], exact: true }).first().click()
  await page.goto(url('files'))
  await page.locator('.torrents tr[data-at]').first().click()
  await page.locator('.inspector h2').waitFor()
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click()
    await whole(page, `${await tab.textContent()} of a torrent, ${where}`)
  }
  await shown('what is removed', 'remove', () => page.locator('.inspector').getByRole('button', { name: t.Remove }).click())
  await shown('what is added', 'add', press('Add'))
  await page.goto(url('documents'))
  await page.getByRole('link', { name: 'Minutes' }).waitFor()
  await shown('a new document', 'new', press('New document'))
  await shown('a link', 'join', press('Open a link'))
  await page.getByRole('link', { name: 'Minutes' }).click()
  await page.getByRole('textbox').last().waitFor()
  await until('the editor is there', () => page.evaluate(() => !!document.querySelector('.editor')?.shadowRoot?.querySelector('.cm-line')))
  await whole(page, `the editor, ${where}`)
  await picture(page, `editor-${where.replaceAll(/\W+/g, '-')}`)
  await shown('who is in it', 'share', press('Share'))
  await shown('a new title', 'rename', press('Rename'))
  await shown('its end', 'rm', press('Remove'))
  await press('History')()
  await page.locator('.history').waitFor()
  await whole(page, `its history, ${where}`)
}

main(async () => {
  for (const { name, locale, axe, options } of sights) {
    const t = words[locale]
    const page = await at('ann', '/', { ...options, locale })
    judge = async () => {} // pages.mjs does it for the pages
    for (const one of pages) {
      await page.goto(`http://${given.nodes.ann.http}/ui/${one}`)
      await page.locator('h1').first().waitFor()
      await until('nothing is being loaded', async () => !await page.getByText(t.Loading, { exact: true }).count())
      await whole(page, `${one}, ${name}`)
      await picture(page, `${one}-${name.replaceAll(/\W+/g, '-')}`)
    }
    if (axe) judge = accessible
    await dialogs(page, t, name)
    await page.context().close()
  }
  say(`${pages.length} pages, 8 dialogs, the editor, in ${sights.length} ways`)
})
