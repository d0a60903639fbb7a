/** Forms in a browser: they keep what was typed, focus the fault, and ask before harmful changes. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as Ably from 'ably'
import { type Tab, hasBrowser } from './browser.ts'
import { type Owned, startOwnedServer, tabOf } from './signed-in.ts'

describe.skipIf(!hasBrowser)('forms', () => {
  let owned: Owned
  let tab: Tab
  let whole: string
  let appId: string

  beforeAll(async () => {
    owned = await startOwnedServer()
    whole = owned.server.addKey({ name: 'website' })
    appId = whole.split('.')[0]!
    tab = await tabOf(owned)
  })
  afterAll(async () => {
    await tab.close()
    await owned.server.end()
  })

  const go = (path: string) => tab.go(`${owned.server.url}/dashboard${path}`)
  const valueOf = (label: string) =>
    tab.do((page, name: string) => page.getByLabel(name, { exact: true }).inputValue(), label)

  test('a failed form keeps what was typed and focuses the fault', async () => {
    await go(`/apps/${appId}`)
    await tab.follow('website')
    await tab.fill('Client id', 'ann')
    await tab.do((page) => page.getByText('Less than the key may do').click())
    await tab.fill('Capability as JSON', '{"public"')
    await tab.press('Make the token')
    await tab.sees('The capability is not valid JSON.')
    expect([await valueOf('Client id'), await valueOf('Capability as JSON')]).toEqual([
      'ann',
      '{"public"',
    ])
    expect(await tab.focused()).toBe('Capability as JSON')
    await tab.typeKeys('x')
    await tab.do((page) =>
      page.getByText('The capability is not valid JSON.').waitFor({ state: 'hidden' }),
    )
  })

  test('an invalid number is reported beside its field', async () => {
    await go(`/apps/${appId}/rules/new`)
    await tab.fill('First segment', 'chat')
    await tab.do((page) => page.getByText('Intervals of batches').click())
    await tab.fill('Batches, milliseconds', '70000')
    await tab.press('Add the rule')
    await tab.sees('This is a number of milliseconds from 1 to 60000.')
    expect([await tab.focused(), await valueOf('First segment')]).toEqual([
      'Batches, milliseconds',
      'chat',
    ])
    await tab.fill('Batches, milliseconds', '700')
    await tab.press('Add the rule')
    await tab.sees('The rule chat holds.')
  })

  test('removing a rule asks first, and Enter does not confirm', async () => {
    await tab.follow('chat:…')
    await tab.follow('Remove the rule…')
    await tab.do((page) => page.getByRole('dialog', { name: 'Remove the rule chat?' }).waitFor())
    expect(await tab.focused()).toBe('Keep it')
    await tab.keys('Enter')
    await tab.do((page) => page.getByRole('dialog').waitFor({ state: 'detached' }))
    await tab.follow('Remove the rule…')
    await tab.press('Remove chat')
    await tab.sees('The rule chat is gone.')
  })

  test('disabling an app first says whom it disconnects', async () => {
    const client = new Ably.Realtime({
      endpoint: '127.0.0.1',
      port: owned.server.port,
      tls: false,
      logLevel: 0,
      key: whole,
      clientId: 'bob',
    })
    await client.connection.whenState('connected')
    await go(`/apps/${appId}/settings`)
    await tab.check('Enabled', false)
    await tab.press('Save')
    await tab.heading('Disable default?')
    await tab.sees('bob')
    await tab.follow('Leave it enabled')
    expect(client.connection.state).toBe('connected')
    await tab.check('Enabled', false)
    await tab.press('Save')
    await tab.press('Disable default')
    await tab.sees('The settings are saved.')
    await client.connection.whenState('failed')
    client.close()
  })

  test('copying works also without the clipboard API', async () => {
    await tab.do((page) =>
      page.addInitScript('Object.defineProperty(navigator, "clipboard", { value: undefined })'),
    )
    await go('')
    await tab.press('Copy code for itty-sockets')
    await tab.sees('Copied')
    await go('/reservations')
    await tab.tabTo('Name')
    await tab.keys('Control+V')
    expect(await valueOf('Name')).toContain('itty-sockets')
  })
})
