/**
 * Rules for every page of the dashboard: it fits a small phone, is accessible, escapes names,
 * and works with the keyboard.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { IttyClient } from '../support/itty.ts'
import { bringAxe, violations } from './axe.ts'
import { SHOTS, hasBrowser, openTab } from './browser.ts'
import { type Owned, startOwnedServer, tabOf } from './signed-in.ts'

const LONG = `long-${'x'.repeat(150)}`
const SCRIPT = `<script>alert(1)</script><img src=x onerror=alert(2)>"'`

/** Ids of apps and keys, and of everything else. */
const ID = /\/(?=[^/?]*[\dA-Z])[\w-]{6,12}(?=[/?]|$)/g

describe.skipIf(!hasBrowser)('every page', () => {
  let owned: Owned
  let clients: readonly IttyClient[]
  let pages: readonly string[]

  beforeAll(async () => {
    owned = await startOwnedServer()
    const { server, owner } = owned
    server.reserve('acme', { sendKey: 's3nd' })
    server.reserve('acme/vault', { joinKey: 'j0in', sendKey: SCRIPT })
    server.reserve(`acme/${SCRIPT}`)
    server.reserve(LONG)
    server.addKey({ name: SCRIPT, capability: { capability: { [SCRIPT]: ['publish'] } } })
    await owner.post('/account/people/invite', { role: 'member', note: SCRIPT })
    server.addKey({ name: 'w'.repeat(100) })
    await owner.post('/apps', { name: 'm'.repeat(100) })
    clients = await Promise.all(
      [`acme/${encodeURIComponent(SCRIPT)}`, LONG].map((name) =>
        IttyClient.join(`${server.sockets}${name}`, { as: SCRIPT }),
      ),
    )
    const [, long] =
      new RegExp(`(/reservations/\\w+)"[^>]*>${LONG}`).exec(await reservations()) ?? []
    pages = [...(await findPages()), long!, `${long}/remove`, `/live/channel?name=${LONG}`]
  })
  afterAll(async () => {
    for (const { socket } of clients) socket.close()
    await owned.server.end()
  })

  const reservations = async () => (await owned.owner.get('/reservations')).text

  /** Every page that can be reached by links, one of each kind. */
  async function findPages(): Promise<string[]> {
    const found = new Map<string, string>()
    const open = ['/']
    for (let path = open.shift(); path !== undefined; path = open.shift()) {
      const kind = path.replaceAll(ID, '/one').replace(/\?.*/, '?')
      if (found.has(kind)) continue
      found.set(kind, path)
      const { text } = await owned.owner.get(path)
      for (const [, link] of text.matchAll(/href="\/dashboard(\/[^"#]*)"/g)) {
        if (!link!.startsWith('/assets/')) open.push(link!.replaceAll('&amp;', '&'))
      }
    }
    return [...found.values()]
  }

  /** `/apps/Xy12ab/keys` becomes `apps-one-keys`. */
  const shotName = (path: string) =>
    path
      .replaceAll(ID, '/one')
      .replaceAll(/%2F|\W+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'connect'

  test('finds the pages of the dashboard', () => {
    expect(pages.length).toBeGreaterThan(15)
  })

  test('fits phones and desktops, passes the accessibility rules, and runs no injected script', async () => {
    const tab = await tabOf(owned)
    await bringAxe(tab)
    const faults: string[] = []
    for (const path of pages) {
      const status = await tab.go(`${owned.server.url}/dashboard${path}`)
      const tooWide = await tab.looks(`${SHOTS}/${shotName(path)}`)
      const rules = await violations(tab)
      const told = [
        ...tooWide,
        ...rules,
        ...(await tab.faults()),
        ...(status === 200 ? [] : [status]),
      ]
      if (told.length > 0) faults.push(`${path}: ${told.join(', ')}`)
      const strange = await tab.do((page) => page.locator('img, main script').count())
      if (strange > 0) faults.push(`${path}: has elements of strangers`)
    }
    expect(faults).toEqual([])
    await tab.close()
  }, 120_000)

  test('passes the accessibility rules when signed out', async () => {
    const tab = await openTab()
    await bringAxe(tab)
    for (const path of ['/sign-in', '/claim?token=used']) {
      await tab.go(`${owned.server.url}/dashboard${path}`)
      expect(await violations(tab)).toEqual([])
    }
    await tab.close()
  })

  test('can be used with the keyboard alone', async () => {
    const tab = await tabOf(owned)
    await tab.go(`${owned.server.url}/dashboard`)
    await tab.keys('Tab')
    expect(await tab.focused()).toBe('Skip to the page')
    await tab.tabTo('Reservations')
    await tab.keys('Enter')
    await tab.heading('Reservations')
    await tab.tabTo('Name')
    await tab.typeKeys('keyboard')
    await tab.tabTo('Ask for a key to join')
    await tab.keys('Space')
    await tab.tabTo('Reserve')
    await tab.keys('Enter')
    await tab.heading('keyboard')
    await tab.tabTo('Remove this reservation…')
    await tab.keys('Enter')
    await tab.do((page) => page.getByRole('dialog').waitFor())
    await tab.keys('Escape')
    await tab.do((page) => page.getByRole('dialog').waitFor({ state: 'detached' }))
    expect(await tab.focused()).toBe('Remove this reservation…')
    await tab.close()
  })

  test('works without scripts', async () => {
    const tab = await tabOf(owned, { javaScriptEnabled: false })
    await tab.go(`${owned.server.url}/dashboard/reservations`)
    await tab.fill('Name', 'scriptless')
    await tab.press('What would it mean?')
    await tab.sees('scriptless/…')
    await tab.press('Reserve')
    await tab.heading('scriptless')
    await tab.follow('Remove this reservation…')
    await tab.heading('Remove scriptless?')
    await tab.press('Remove scriptless')
    await tab.sees('scriptless is no longer reserved.')
    await tab.close()
  })
})
