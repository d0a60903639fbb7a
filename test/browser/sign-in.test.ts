/** Claiming a new server, signing out and in again, in a real browser. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type TestServer, startTestServer } from '../support/server.ts'
import { PASSWORD } from '../dashboard/dashboard-user.ts'
import { type Tab, hasBrowser, openTab } from './browser.ts'
import { EMAIL, signIn } from './signed-in.ts'

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

  test('says how it is claimed, and is claimed with the printed link', async () => {
    await tab.go(`${server.url}/dashboard`)
    await tab.sees('Nobody owns this server yet')
    await tab.go(server.claimLink!)
    await tab.fill('Email', EMAIL)
    await tab.fill('Password', 'too short')
    await tab.press('Claim')
    await tab.sees('A password has at least 10 characters.')
    await tab.fill('Password', PASSWORD)
    await tab.press('Claim')
    await tab.heading('Connect')
    await tab.sees('Welcome. You are an owner of this server.')
    expect(await tab.url()).toBe(`${server.url}/dashboard`)
  })

  test('signs the owner out, and in again only with the right password', async () => {
    await tab.press('Sign out')
    await tab.heading('Sign in')
    await signIn(tab, 'not the password')
    await tab.sees('The email or the password is wrong.')
    await signIn(tab)
    await tab.heading('Connect')
  })

  test('after signing in leads to the page that was asked for', async () => {
    await tab.press('Sign out')
    await tab.heading('Sign in')
    await tab.go(`${server.url}/dashboard/reservations?namespace=acme`)
    await signIn(tab)
    await tab.heading('Reservations')
    expect(await tab.do((page) => page.getByLabel('Name').inputValue())).toBe('acme')
  })

  test('is not claimed a second time', async () => {
    const other = await openTab()
    expect(await other.go(server.claimLink!)).toBe(410)
    await other.sees('This link does not work')
    await other.close()
  })

  test('switches between dark and light, and remembers it', async () => {
    const ground = () =>
      tab.do((page) =>
        page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor'),
      )
    const light = await ground()
    await tab.fill('Name', 'half a na')
    await tab.press('Light or dark')
    expect(await tab.do((page) => page.getByLabel('Name').inputValue())).toBe('half a na')
    const dark = await ground()
    expect(dark).not.toBe(light)
    await tab.follow('Connect')
    await tab.heading('Connect')
    expect(await ground()).toBe(dark)
    await tab.press('Light or dark')
    expect(await ground()).toBe(light)
  })

  test('can be light on a dark system, and can follow the system again', async () => {
    const scheme = () =>
      tab.do((page) =>
        page.evaluate<string>('getComputedStyle(document.documentElement).colorScheme'),
      )
    await tab.do((page) => page.emulateMedia({ colorScheme: 'dark' }))
    await tab.press('Light or dark')
    expect(await scheme()).toBe('light')
    await tab.press('Light or dark')
    expect(await scheme()).toBe('light dark')
    await tab.do((page) => page.emulateMedia({ colorScheme: 'light' }))
  })

  test('tests from the browser whether a client can connect', async () => {
    await tab.press('Try it')
    await tab.sees('A message is there and back')
  })

  test('logged no error in the console', async () => {
    // The console also shows the refused forms and the used link, which are expected.
    const faults = await tab.faults()
    expect(faults.filter((fault) => !/status of (400|401|410)/.test(fault))).toEqual([])
  })
})
