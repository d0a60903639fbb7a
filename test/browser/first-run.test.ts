/** Claiming a new server, signing out and in again, in a real browser. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../support/server.ts'
import { type Tab, hasBrowser, openTab } from './browser.ts'

describe.skipIf(!hasBrowser)('a new server', () => {
  let server: TestServer
  let tab: Tab

  beforeAll(async () => {
    server = await startTestServer()
    tab = await openTab()
  })
  afterAll(async () => {
    await tab.close()
    await server.end()
  })

  test('is claimed with the link that it prints', async () => {
    await tab.go(`${server.url}/dashboard`)
    await tab.sees('Nobody owns this server yet')
    await tab.go(server.claimLink!)
    await tab.fill('Email', 'ann@example.com')
    await tab.fill('Password', 'correct horse battery')
    await tab.press('Claim')
    await tab.sees('Connect')
    expect(await tab.url()).toBe(`${server.url}/dashboard`)
    expect(await tab.faults()).toEqual([])
  })
})
