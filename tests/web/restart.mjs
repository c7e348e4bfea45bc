// The node ends and comes back: its page says so and goes on by itself, and nobody has to sign in again
// but who has signed out.
import { accessible, ask, at, check, given, main, picture, until } from './browser.mjs'

const signIn = page => page.getByRole('heading', { name: 'Sign in to this node' })

async function restart () {
  await ask('stop', { node: 'ann' })
  await ask('start', { node: 'ann' })
}

main(async () => {
  const page = await at('ann', '/ui/files')
  const row = page.getByText('Holiday, the third week.mp4').first()
  await row.waitFor()

  // While it is away.
  await ask('stop', { node: 'ann' })
  const lost = page.getByRole('alert').filter({ hasText: 'The node does not answer' })
  await lost.waitFor()
  check('what was read stays', await row.isVisible())
  await accessible(page, 'while the node is away')
  await picture(page, 'node-away')

  // And back.
  await ask('start', { node: 'ann' })
  await lost.waitFor({ state: 'detached' })
  check('it is the page of before', await row.isVisible() && new URL(page.url()).pathname === '/ui/files')
  await page.reload()
  await row.waitFor()

  // Signed out: in all tabs, and for good.
  const other = await page.context().newPage()
  await other.goto(`http://${given.nodes.ann.http}/ui/home`)
  await other.getByRole('heading', { name: 'Home', exact: true }).waitFor()
  await page.goto(`http://${given.nodes.ann.http}/ui/settings`)
  await page.getByRole('button', { name: 'Sign this browser out' }).click()
  await signIn(page).waitFor()
  await signIn(other).waitFor()
  await restart()
  await page.reload()
  await signIn(page).waitFor()

  // A new link, as a browser is started with it, and the page that waits goes on.
  await other.goto(`file://${await ask('page', { node: 'ann' })}`)
  await other.getByRole('heading', { name: 'Home', exact: true }).waitFor()
  await until('the tab that waited goes on', async () => !await signIn(page).count())
})
