// Two people write into one document, each at the page of a node; one goes offline and comes back.
import { accessible, ask, at, given, main, picture, same, say, shoal, until } from './browser.mjs'

const text = page => page.evaluate(() => [...(document.querySelector('.editor')?.shadowRoot ?? document).querySelectorAll('.cm-line')].map(line => {
  const copy = line.cloneNode(true)
  for (const caret of copy.querySelectorAll('.caret')) caret.remove()
  for (const hint of copy.querySelectorAll('.cm-placeholder')) hint.remove()
  return copy.textContent.replaceAll('\u2060', '').replaceAll('\u200b', '')
}).join('\n'))

const carets = page => page.evaluate(() => [...(document.querySelector('.editor')?.shadowRoot ?? document).querySelectorAll('.caret .name')].map(n => n.textContent))
const area = page => page.getByRole('textbox', { name: /^Text of/ })
const saved = page => page.getByText('Saved', { exact: true }).waitFor()

async function both (what, a, b, wanted) {
  await until(what, async () => {
    const [one, other] = [await text(a), await text(b)]
    return one === other && wanted(one)
  })
}

async function opens (page, link) {
  await page.getByRole('button', { name: 'Open a link' }).click()
  await page.getByLabel('The link that you were sent').fill(link)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
}

main(async () => {
  const ann = await at('ann', '/ui/documents')
  await ann.getByRole('heading', { name: 'No documents yet' }).waitFor()
  await accessible(ann, 'Documents, none')
  await picture(ann, 'documents-empty')
  await ann.getByRole('button', { name: 'New document' }).first().click()
  await ann.getByLabel('Title').fill('Minutes of Tuesday')
  await ann.getByRole('button', { name: 'Begin' }).click()
  await area(ann).waitFor()
  await area(ann).click()
  await ann.keyboard.type('Agenda\n\n1. What we have\n2. What we lack\n')
  await saved(ann)
  const path = new URL(ann.url()).pathname

  // Ben has a node of his own, and comes by a link.
  await ann.getByRole('button', { name: 'Share' }).click()
  await ann.getByRole('button', { name: 'Make a link' }).click()
  const link = await ann.locator('.link-out code').textContent()
  await accessible(ann, 'the share panel')
  await ann.keyboard.press('Escape')
  const ben = await at('ben', '/ui/documents')
  await opens(ben, link)
  await area(ben).waitFor()
  await both('ben reads what ann wrote', ann, ben, t => t.includes('2. What we lack'))

  // At the same time, at two places.
  await area(ben).click()
  await ben.keyboard.press('Control+End')
  await area(ann).click()
  await ann.keyboard.press('Control+Home')
  await Promise.all([ann.keyboard.type('Minutes: ', { delay: 5 }), ben.keyboard.type('3. What we do next', { delay: 5 })])
  await both('both read the same', ann, ben, t => t.startsWith('Minutes: Agenda') && t.endsWith('3. What we do next'))
  await until('ann sees where ben is', async () => (await carets(ann)).length === 1)
  await until('ben sees where ann is', async () => (await carets(ben)).length === 1)
  same('how ben is called', await carets(ann), ['ben'])
  same('people on the page', await ann.getByRole('list', { name: 'Here now' }).getByRole('listitem').count(), 2)
  await accessible(ann, 'the editor')
  await picture(ann, 'documents-editor')

  // One's own edits are undone, the other's stay.
  await ann.keyboard.type('WRONG')
  await both('that too', ann, ben, t => t.includes('WRONG'))
  await ann.keyboard.press('Control+z')
  await both('undone', ann, ben, t => !t.includes('WRONG') && t.endsWith('3. What we do next'))

  // Ben's node goes away; he writes on, and so does ann where she is at another.
  await ask('stop', { node: 'ben' })
  await ben.getByText('Offline', { exact: true }).waitFor()
  await area(ben).click()
  await ben.keyboard.press('Control+End')
  await ben.keyboard.type('\nwritten by ben while away')
  await area(ann).click()
  await ann.keyboard.press('Control+Home')
  await ann.keyboard.type('Written by ann meanwhile. ')
  await accessible(ben, 'the editor, offline')
  await picture(ben, 'documents-offline')
  await ask('start', { node: 'ben' })
  // The node that begins anew knows his browser, and what he wrote was kept.
  await both('nothing is lost', ann, ben, t => t.startsWith('Written by ann meanwhile. ') && t.endsWith('written by ben while away'))
  await Promise.all([saved(ann), saved(ben)])

  // The same once more, without a network in the browser, and the tab is loaded anew afterwards.
  await ben.context().setOffline(true)
  await ben.getByText('Offline', { exact: true }).waitFor()
  await area(ben).click()
  await ben.keyboard.press('Control+End')
  await ben.keyboard.type(', twice')
  await until('it is kept in the browser', () => ben.evaluate(() => new Promise(resolve => {
    const asked = indexedDB.open('shoal.drafts')
    asked.onsuccess = () => {
      const keys = asked.result.transaction('documents').objectStore('documents').getAllKeys()
      keys.onsuccess = () => { asked.result.close(); resolve(keys.result.length > 0) }
    }
  })))
  await ben.context().setOffline(false)
  await ben.reload()
  await area(ben).waitFor()
  await both('nothing is lost by a new tab', ann, ben, t => t.includes('while away, twice'))

  // The node's own words agree, and what it reads is what was typed.
  const id = path.split('/').pop()
  await saved(ann)
  same('what the node reads', await shoal('ann', 'doc', 'cat', id), await text(ann))

  // Who is in, now that somebody is.
  await ann.getByRole('button', { name: 'Share' }).click()
  await ann.getByRole('dialog').getByRole('row').filter({ hasText: 'writes' }).getByText('connected').waitFor()
  await ann.getByRole('button', { name: 'Make a link' }).click()
  await ann.locator('.link-out code').waitFor()
  await picture(ann, 'documents-share')
  await ann.keyboard.press('Escape')

  // How it read before.
  await ann.getByRole('button', { name: 'History' }).click()
  const slider = ann.getByRole('slider', { name: 'Version' })
  await slider.waitFor()
  await slider.press('Home')
  await until('a version is told', async () => /^Version 1:/.test(await slider.getAttribute('aria-valuetext')))
  await accessible(ann, 'the history')
  await picture(ann, 'documents-history')
  const old = await ann.getByRole('region', { name: 'The text as it was then' }).textContent()
  await ann.getByRole('button', { name: 'Bring this version back' }).click()
  await both('the version is back', ann, ben, t => t.trimEnd() === old.trimEnd())

  // The list.
  await ann.getByRole('link', { name: 'All documents' }).click()
  await ann.getByRole('link', { name: 'Minutes of Tuesday' }).waitFor()
  await until('ben is there', () => ann.locator('.dots').count())
  await accessible(ann, 'Documents')
  await picture(ann, 'documents-list')
  await ann.getByRole('button', { name: 'Rename “Minutes of Tuesday”' }).click()
  await ann.getByLabel('Title').fill('Minutes')
  await ann.getByRole('button', { name: 'Save' }).click()
  await ben.getByRole('heading', { name: 'Minutes', exact: true }).waitFor()

  // One that ben may only read.
  await shoal('ann', 'doc', 'new', 'Rules')
  await shoal('ann', 'doc', 'append', 'Rules', 'Be kind.')
  await ben.goto(`http://${given.nodes.ben.http}/ui/documents`)
  await opens(ben, await shoal('ann', 'doc', 'share', 'Rules', '--read-only'))
  await ben.getByText('Read only', { exact: true }).waitFor()
  await until('ben reads the rules', async () => (await text(ben)).startsWith('Be kind.'))
  await area(ben).focus()
  await ben.keyboard.type('Be rude.')
  same('what a reader types', (await text(ben)).trim(), 'Be kind.')
  await accessible(ben, 'a document to read')
  say('written at once, offline, history, read only: all well')
})
