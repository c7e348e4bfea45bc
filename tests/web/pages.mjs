// Every page: axe in both themes, 320 pixels, twice the size, and the way there by keyboard alone.
import { accessible, at, check, fits, given, main, picture, same, say, until } from './browser.mjs'

const pages = ['home', 'files', 'documents', 'connect', 'settings', 'health']

async function still (page) {
  await page.locator('h1').first().waitFor()
  await until('nothing is being loaded', async () => !await page.getByText('Loading …', { exact: true }).count())
}

main(async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await at('ann', '/', { colorScheme })
    for (const name of pages) {
      await page.goto(`http://${given.nodes.ann.http}/ui/${name}`)
      await still(page)
      await accessible(page, `${name}, ${colorScheme}`)
      await picture(page, `${name}-${colorScheme}`)
    }
    await page.context().close()
  }

  // 320 pixels wide: a phone, or 1280 at 400 %.
  const phone = await at('ann', '/', { viewport: { width: 320, height: 640 } })
  for (const name of pages) {
    await phone.goto(`http://${given.nodes.ann.http}/ui/${name}`)
    await still(phone)
    await fits(phone, name)
    await accessible(phone, `${name} on a phone`)
    await picture(phone, `${name}-phone`)
  }
  await phone.context().close()

  // Twice the size of everything: 1280 by 800 has room for 640 by 400.
  const large = await at('ann', '/', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 })
  for (const name of pages) {
    await large.goto(`http://${given.nodes.ann.http}/ui/${name}`)
    await still(large)
    await fits(large, `${name} at 200 %`)
  }
  await large.context().close()

  // No mouse: the skip link comes first, `g` and a letter go to a page, `?` says so.
  const keys = await at('ann', '/ui/home')
  await still(keys)
  await keys.keyboard.press('Tab')
  same('what has the focus first', await keys.evaluate(() => document.activeElement.className), 'skip')
  await keys.keyboard.press('?')
  await keys.getByRole('dialog').waitFor()
  await accessible(keys, 'the list of keys')
  await keys.keyboard.press('Escape')
  await until('it is closed', async () => !await keys.getByRole('dialog').count())
  await keys.keyboard.press('g')
  await keys.keyboard.press('f')
  await keys.getByRole('heading', { name: 'Files', exact: true }).waitFor()
  // Into a dialog and out of it, the focus goes back to where it was.
  await keys.getByRole('button', { name: 'Add', exact: true }).focus()
  await keys.keyboard.press('Enter')
  await keys.getByRole('dialog').waitFor()
  await accessible(keys, 'the dialog to add')
  await keys.keyboard.press('Escape')
  await until('the focus is back', () => keys.evaluate(() => document.activeElement.textContent.includes('Add')))
  // Whatever has the focus shows it.
  for (let i = 0; i < 12; i++) {
    await keys.keyboard.press('Tab')
    const hidden = await keys.evaluate(() => {
      const el = document.activeElement
      if (!el || el === document.body) return ''
      const { outlineStyle, outlineWidth } = getComputedStyle(el)
      return outlineStyle === 'none' || outlineWidth === '0px' ? el.outerHTML.slice(0, 120) : ''
    })
    same('what has the focus and does not show it', hidden, '')
  }
  say(`${pages.length} pages in two themes, on a phone, enlarged, by keyboard`)
})
