/** Making a restricted API key, and what a client of Ably's SDK then may do. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as Ably from 'ably'
import { ablySnippet } from '../../src/dashboard/pages/connect/snippets.ts'
import { eventually } from '../support/client.ts'
import { type Tab, hasBrowser } from './browser.ts'
import { type Owned, startOwnedServer, tabOf } from './signed-in.ts'

describe.skipIf(!hasBrowser)('API keys', () => {
  let owned: Owned
  let tab: Tab
  let whole: string

  beforeAll(async () => {
    owned = await startOwnedServer()
    tab = await tabOf(owned)
    await tab.go(`${owned.server.url}/dashboard/apps`)
  })
  afterAll(async () => {
    expect(await tab.faults()).toEqual([])
    await tab.close()
    await owned.server.end()
  })

  const rest = (options: Ably.ClientOptions) =>
    new Ably.Rest({
      endpoint: '127.0.0.1',
      port: owned.server.port,
      tls: false,
      logLevel: 0,
      ...options,
    })
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 0,
      (error: Ably.ErrorInfo) => error.code,
    )
  const shown = () => tab.do((page) => page.locator('.notice .secret code').innerText())

  test('checkboxes and JSON of a capability stay in step', async () => {
    await tab.follow('default')
    await tab.follow('Make a key')
    await tab.fill('Name', 'website')
    await tab.check('Receive messages', false)
    await tab.type('Channels', 'public:*')
    const json = () => tab.do((page) => page.locator('#json').inputValue())
    await eventually(async () => (await json()).includes('public'), 'the JSON follows')
    expect(JSON.parse(await json())).toEqual({ 'public:*': ['publish'] })
    await tab.type('Capability as JSON', '{"news":["history","publish"]}')
    const channels = () => tab.do((page) => page.locator('#channels').inputValue())
    await eventually(async () => (await channels()) === 'news', 'the channels follow')
    const ticked = await tab.do((page) =>
      page
        .locator('[name=privilege]:checked')
        .evaluateAll((all) => all.map((one) => (one as unknown as { value: string }).value)),
    )
    expect(ticked.toSorted()).toEqual(['history', 'publish'])
    await tab.type('Capability as JSON', '{"news":["fly"]}')
    await tab.sees('The capability has the unknown operation "fly" for "news"; there are')
  })

  test('a key is made, and its secret is shown once', async () => {
    await tab.type('Capability as JSON', '{"public:*":["publish"]}')
    await tab.press('Make the key')
    await tab.heading('website')
    whole = await shown()
    expect(whole).toMatch(/^\w+\.\w+:\w{43}$/)
    await tab.reload()
    await tab.heading('website')
    expect(await tab.text()).not.toContain(whole.split(':')[1]!)
  })

  test('a client with the key publishes only where it may', async () => {
    const client = rest({ key: whole })
    expect(await codeOf(client.channels.get('public:news').publish('a', 'b'))).toBe(0)
    expect(await codeOf(client.channels.get('private').publish('a', 'b'))).toBe(40160)
    expect(await codeOf(client.channels.get('public:news').history())).toBe(40160)
  })

  test('a token of the key has its rights and its client id', async () => {
    await tab.fill('Client id', 'bob')
    await tab.check('JWT')
    await tab.press('Make the token')
    await tab.sees('A JWT for bob. It is not shown again.')
    const client = rest({ token: await shown() })
    expect(await codeOf(client.channels.get('public:news').publish('a', 'b'))).toBe(0)
    expect(await codeOf(client.channels.get('private').publish('a', 'b'))).toBe(40160)
  })

  test('a new secret leaves the old one valid until it is retired', async () => {
    await tab.press('Make a new secret')
    await tab.sees('The old one stays valid.')
    const renewed = await shown()
    const publish = (key: string) =>
      codeOf(rest({ key }).channels.get('public:a').publish('a', 'b'))
    expect([await publish(whole), await publish(renewed)]).toEqual([0, 0])
    await tab.follow('Retire it…')
    await tab.sees('The old secret was last used')
    await tab.press('Retire the old secret')
    await tab.sees('The old secret no longer counts.')
    expect([await publish(whole), await publish(renewed)]).toEqual([40101, 0])
    whole = renewed
  })

  test('the page "Who gets in?" explains the key', async () => {
    await tab.go(`${owned.server.url}/dashboard/who`)
    await tab.fill('Channel', 'private')
    await tab.type('API key, its name, a token or a JWT', whole)
    await tab.sees('may not subscribe')
    await tab.sees('No line of the capability is about this channel.')
    await tab.sees('"private":["subscribe"]')
  })

  test('revoking the key disconnects its clients', async () => {
    const code = ablySnippet({
      url: owned.server.url,
      keyName: whole.split(':')[0]!,
      channel: 'public:lobby',
    })
    const client = clientOf(code, whole)
    await client.channels.get('public:lobby').publish('hello', 'here')
    await client.channels.get('public:lobby').attach()
    await tab.go(`${owned.server.url}/dashboard/apps`)
    await tab.follow('default')
    await tab.follow('website')
    await tab.follow('Change')
    await tab.type('Channels', 'elsewhere')
    await tab.press('Save')
    await tab.heading('Let website do less?')
    await tab.sees('public:lobby')
    await tab.follow('Leave it as it is')
    await tab.follow('Revoke this key…')
    await tab.sees('1 connection would lose something')
    await tab.press('Revoke website')
    await tab.sees('website is revoked.')
    await client.connection.whenState('failed')
    expect(client.connection.errorReason?.code).toBe(40131)
    client.close()
  })
})

/** The client that the code on the page makes, with the secret put in. */
function clientOf(code: string, key: string): Ably.Realtime {
  const options = /new Ably\.Realtime\((\{.*?\n\})\)/s.exec(code)![1]!
  const filled = options.replace(/key: '[^']*'/, `key: '${key}', logLevel: 0`)
  return new Ably.Realtime(new Function(`return ${filled}`)() as Ably.ClientOptions)
}
