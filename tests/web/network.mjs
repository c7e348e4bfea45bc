// The private network on the page Connect: on, what may come in, off; and why it cannot be.
import { accessible, at, check, fits, main, picture, same, until } from './browser.mjs'

const card = page => page.getByRole('region', { name: 'Private network' })

main(async () => {
  const ann = await at('ann', '/ui/connect')
  await card(ann).getByText('It is off.').waitFor()
  await card(ann).getByText('Show command').first().click()
  await card(ann).getByText('shoal connect network on', { exact: true }).waitFor()
  await card(ann).getByRole('button', { name: 'Turn it on' }).click()
  await card(ann).getByText(/as the interface shoal/).waitFor()
  const row = card(ann).getByRole('table', { name: 'Who is in the network' }).locator('tbody tr')
  await row.first().waitFor()
  check('each has an address', /fd[0-9a-f:]+/.test(await row.first().textContent()))

  // Nothing comes in until it is allowed.
  await card(ann).getByText('Nothing: nobody can connect').waitFor()
  await card(ann).getByLabel('Who', { exact: true }).selectOption({ index: 1 })
  await card(ann).getByLabel('Ports of this machine').fill('22 8000-8010, 53/udp')
  await card(ann).getByRole('button', { name: 'Allow', exact: true }).click()
  const allowed = card(ann).getByRole('table', { name: 'What may come in' }).locator('tbody tr')
  await until('three ranges', async () => await allowed.count() === 3)
  await accessible(ann, 'the private network')
  await picture(ann, 'connect-network')
  await allowed.filter({ hasText: '53/udp' }).getByRole('button').click()
  await until('two are left', async () => await allowed.count() === 2)
  await ann.setViewportSize({ width: 320, height: 640 })
  await fits(ann, 'the private network on a phone')
  await picture(ann, 'connect-network-phone')
  await card(ann).getByRole('button', { name: 'Turn it off' }).click()
  await card(ann).getByText('It is off.').waitFor()

  // Where it cannot be.
  const ben = await at('ben', '/ui/connect')
  await card(ben).getByRole('button', { name: 'Turn it on' }).click()
  await ben.getByRole('status').getByText('/dev/net/tun').first().waitFor()
  await accessible(ben, 'why it cannot be')
  await picture(ben, 'connect-network-refused')
  same('it stays off', await card(ben).getByText('It is off.').count(), 1)
})
