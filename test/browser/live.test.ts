/** Watching a channel, sending test messages and disconnecting clients in a browser. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Clients, known } from '../support/ably.ts'
import { eventually, upgradeAnswer } from '../support/client.ts'
import { IttyClient } from '../support/itty.ts'
import { RestartableServer } from '../support/restartable.ts'
import { latchkey } from '../support/server.ts'
import { PASSWORD, DashboardUser, tokenIn } from '../dashboard/dashboard-user.ts'
import { type Tab, hasBrowser } from './browser.ts'
import { type Owned, startOwnedServer, tabOf } from './signed-in.ts'

const SCRIPT = `<img src=x onerror="alert(1)"><script>alert(2)</script>`

/** Waits until the page says that it is live. The word is in the menu anyway. */
const live = (tab: Tab) =>
  tab.do((page) => page.locator('[data-live-state="good"]', { hasText: 'Live' }).waitFor())

describe.skipIf(!hasBrowser)('the live pages', () => {
  let owned: Owned
  let tab: Tab
  let ann: IttyClient
  const clients = new Clients(() => owned.server)

  beforeAll(async () => {
    owned = await startOwnedServer({ 'allowed-origins': 'https://good.test' })
    ann = await IttyClient.join(`${owned.server.sockets}lobby`, { as: 'Ann' })
    tab = await tabOf(owned)
    await tab.go(`${owned.server.url}/dashboard/live`)
  })
  afterAll(async () => {
    expect(await tab.faults()).toEqual([])
    await tab.close()
    clients.end()
    await owned.server.end()
  })

  const log = () => tab.do((page) => page.locator('#log').innerText())

  test('show new connections without a reload', async () => {
    await tab.sees('lobby')
    const late = await IttyClient.join(`${owned.server.sockets}late`)
    await tab.sees('late')
    await tab.follow('lobby')
    await tab.heading('lobby')
    await live(tab)
    await tab.do((page) => page.locator('#log[aria-busy="false"]').waitFor({ state: 'attached' }))
    expect(await tab.text()).toContain('What is said here from now on appears here')
    late.socket.close()
  })

  test('a message appears when it is sent, as plain text', async () => {
    ann.socket.send({ text: SCRIPT })
    await tab.sees(JSON.stringify(SCRIPT))
    const mallory = await IttyClient.join(`${owned.server.sockets}lobby`, { as: SCRIPT })
    await tab.do(
      (page, name: string) => page.locator('#log strong', { hasText: name }).waitFor(),
      SCRIPT,
    )
    expect(await tab.do((page) => page.locator('#log img, #log script').count())).toBe(0)
    mallory.socket.close()
    await tab.do((page) => page.locator('#log .entry', { hasText: 'left' }).waitFor())
  })

  test('a message is published without leaving the page', async () => {
    await tab.fill('Message', '{"from":"the dashboard"}')
    await tab.press('Publish')
    await ann.message({ from: 'the dashboard' })
    await tab.sees('Published to 1 reader.')
    await tab.do((page) => page.locator('#log pre', { hasText: 'the dashboard' }).waitFor())
  })

  test('pause while somebody reads', async () => {
    const bo = await IttyClient.join(`${owned.server.sockets}lobby`, { as: 'Bo' })
    await tab.do((page) => page.locator('#log strong', { hasText: 'Bo' }).waitFor())
    const before = await log()
    await tab.press('Pause')
    await tab.sees('Paused')
    ann.socket.send('while it was paused')
    await bo.message('while it was paused')
    expect(await log()).toBe(before)
    bo.socket.close()
    await tab.press('Pause')
    await tab.sees('Something may be missing here.')
    ann.socket.send('afterwards')
    await tab.sees('"afterwards"')
  })

  test('a client is disconnected from the page, with a reason', async () => {
    await tab.do((page) => page.getByRole('link', { name: 'Disconnect… Ann' }).click())
    await tab.do((page) =>
      page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click(),
    )
    await tab.sees('Disconnected.')
    expect(await ann.error()).toMatchObject({ code: 'disconnected' })
    await eventually(() => ann.closes === 1, 'the client is closed')
  })

  test('an app’s channel shows what it keeps, who is present, and whose key a client has', async () => {
    const key = await known(owned.server, owned.server.addKey({ name: 'kiosk key' }))
    const client = await clients.connected({ key, clientId: 'kiosk' })
    const channel = client.channels.get('orders:berlin')
    await channel.publish('placed', { id: 1 })
    await channel.presence.enter()
    await tab.go(`${owned.server.url}/dashboard/live`)
    await tab.follow('orders:berlin')
    await tab.heading('orders:berlin')
    await tab.sees('{"id":1}')
    await tab.sees(key.split(':')[0]!)
    await channel.publish('placed', { id: 2 })
    await tab.sees('{"id":2}')
    expect((await log()).split('{"id":2}')).toHaveLength(2)
    owned.server.revokeKey(key)
    await eventually(() => client.connection.state === 'failed', 'the client leaves')
    await tab.do((page) => page.locator('#log .entry', { hasText: 'left' }).waitFor())
    await tab.sees('Nobody is on this channel.')
  })

  test('a page says that its session has ended', async () => {
    const guest = await owned.owner.invite('viewer', 'vi@example.com')
    const other = await tabOf({ ...owned, owner: guest })
    await other.go(`${owned.server.url}/dashboard/live/channel?name=lobby`)
    await live(other)
    await guest.post('/sign-out', {})
    await other.sees('Ended; load the page again')
    await other.close()
  })

  test('a refused origin is shown with the setting that would admit it', async () => {
    await upgradeAnswer(`${owned.server.sockets}lobby`, { origin: 'https://shop.test' })
    await tab.go(`${owned.server.url}/dashboard/live/refusals`)
    await tab.do((page) => page.getByText('Allow https://shop.test').click())
    await tab.sees("--allowed-origins 'https://good.test,https://shop.test'")
  })
})

describe.skipIf(!hasBrowser)('a live page whose server restarts', () => {
  test('reconnects by itself', async () => {
    const server = await RestartableServer.start('--drain-seconds', '0')
    const { out } = await latchkey(['accounts', 'reset', '--data', server.folder])
    const owner = new DashboardUser(server)
    await owner.post('/claim', {
      token: tokenIn(out),
      email: 'ann@example.com',
      password: PASSWORD,
    })
    const tab = await tabOf({ server, owner })
    try {
      await tab.go(`${server.url}/dashboard/live/channel?name=lobby`)
      await live(tab)
      await server.stop()
      await tab.sees('The connection is lost; trying again')
      await server.start()
      await live(tab)
      const ann = await IttyClient.join(`${server.url.replace('http', 'ws')}/c/lobby`)
      ann.socket.send('back again')
      await tab.sees('"back again"')
      ann.socket.close()
    } finally {
      await tab.close()
      await server.end()
    }
  })
})
