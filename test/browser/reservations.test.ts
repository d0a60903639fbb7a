/** Reserving a name, setting its keys, and what a client of itty-sockets then may do. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../support/client.ts'
import { IttyClient, standing } from '../support/itty.ts'
import { type Tab, hasBrowser } from './browser.ts'
import { type Owned, startOwnedServer, tabOf } from './signed-in.ts'

describe.skipIf(!hasBrowser)('reservations', () => {
  let owned: Owned
  let tab: Tab
  let lobby: string

  beforeAll(async () => {
    owned = await startOwnedServer()
    lobby = `${owned.server.sockets}acme/lobby`
    tab = await tabOf(owned)
    await tab.go(`${owned.server.url}/dashboard/reservations`)
  })
  afterAll(async () => {
    expect(await tab.faults()).toEqual([])
    await tab.close()
    await owned.server.end()
  })

  const shownKey = () => tab.do((page) => page.locator('.secret code').first().innerText())

  test('an empty list says what reservations are for', async () => {
    await tab.sees('Nothing is reserved yet')
    expect(await standing(lobby)).toBe('speak')
  })

  test('the effect of a name is shown while it is typed', async () => {
    await tab.type('Name', 'acme')
    await tab.sees('acme/…')
    await tab.sees('Nobody is connected under this name now.')
    await tab.type('Name', 'acme//x')
    await tab.sees('cannot be reserved: a part of it between : or / is empty.')
  })

  test('reserves a name with a send key; others can only listen', async () => {
    await tab.fill('Name', 'acme')
    await tab.check('Ask for a key to send')
    await tab.press('Reserve')
    await tab.heading('acme')
    await tab.sees('acme is reserved.')
    const sendKey = await shownKey()
    expect(await standing(lobby)).toBe('listen')
    expect(await standing(lobby, { sendKey })).toBe('speak')
  })

  test('a new join key disconnects members without it, after a confirmation', async () => {
    const client = await IttyClient.join(lobby, { as: 'Bob' })
    await tab.do((page) =>
      page
        .locator('form', { has: page.locator('input[value=join]') })
        .getByRole('button', { name: 'Make one' })
        .click(),
    )
    await tab.heading('Change the join key?')
    await tab.sees('1 connection would be closed')
    await tab.sees('Bob')
    expect(client.closes).toBe(0)
    await tab.press('Change the join key')
    await tab.sees('The join key is set.')
    await eventually(() => client.closes === 1, 'Bob is shut out')
    expect(await standing(lobby)).toBe('no')
    expect(await standing(lobby, { joinKey: await shownKey() })).toBe('listen')
    client.socket.close()
  })

  test('reserving a name with a key asks first if members would be disconnected', async () => {
    const den = `${owned.server.sockets}den`
    const client = await IttyClient.join(den, { as: 'Zoe' })
    await tab.go(`${owned.server.url}/dashboard/reservations`)
    await tab.fill('Name', 'den')
    await tab.check('Ask for a key to join')
    await tab.press('Reserve')
    await tab.heading('Reserve den?')
    await tab.sees('1 connection would be closed')
    // Before the reservation the page shows how many members there are, and not who.
    expect(await tab.do((page) => page.getByText('Zoe').count())).toBe(0)
    expect([client.closes, await standing(den)]).toEqual([0, 'speak'])
    await tab.press('Reserve den')
    await tab.sees('den is reserved.')
    await eventually(() => client.closes === 1, 'Zoe is shut out')
    expect(await standing(den, { joinKey: await shownKey() })).toBe('speak')
    client.socket.close()
    await tab.go(`${owned.server.url}/dashboard/reservations`)
    await tab.follow('acme')
  })

  test('a name below decides alone, and is shown below it in the tree', async () => {
    await tab.follow('Reserve below it')
    await tab.fill('Name', 'acme/open')
    await tab.press('Reserve')
    await tab.sees('does not inherit the one of acme')
    await tab.follow('Reservations')
    await tab.do((page) => page.locator('.tree .tree').getByText('/open').waitFor())
    expect(await standing(`${owned.server.sockets}acme/open`)).toBe('speak')
    expect(await standing(lobby)).toBe('no')
  })

  test('removing asks in a dialog, and opens the channels', async () => {
    await tab.do((page) => page.locator('.tree-name').first().click())
    await tab.heading('acme')
    await tab.follow('Remove this reservation…')
    await tab.do((page) => page.getByRole('dialog', { name: 'Remove acme?' }).waitFor())
    await tab.follow('Keep it')
    await tab.do((page) => page.getByRole('dialog').waitFor({ state: 'detached' }))
    await tab.follow('Remove this reservation…')
    await tab.press('Remove acme')
    await tab.sees('acme is no longer reserved.')
    expect(await standing(lobby)).toBe('speak')
  })
})
