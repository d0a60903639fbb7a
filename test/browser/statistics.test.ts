/** Charts in a real browser: drawn under our content security policy, from the table that everybody can read. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { openServices } from '../../src/service/services.ts'
import { eventually } from '../support/client.ts'
import { SHOTS, type Tab, hasBrowser } from './browser.ts'
import { type Owned, startOwnedServer, tabOf } from './signed-in.ts'

describe.skipIf(!hasBrowser)('charts', () => {
  let owned: Owned
  let tab: Tab

  beforeAll(async () => {
    owned = await startOwnedServer()
    makeUp()
    tab = await tabOf(owned)
    await tab.go(`${owned.server.url}/dashboard/statistics`)
  })
  afterAll(async () => {
    expect(await tab.faults()).toEqual([])
    await tab.close()
    await owned.server.end()
  })

  /** An hour of messages in the default app. */
  function makeUp(): void {
    const { apps, stats, close } = openServices(owned.server.config, systemClock, false)
    const found = apps.find(undefined)
    if (!found.ok) throw new Error('there is no app')
    const now = Math.floor(Date.now() / 60_000) * 60_000
    const fixtures = Array.from({ length: 60 }, (_, index) => ({
      start: now - index * 60_000,
      numbers: { 'messages.inbound.rest.messages.count': 100 + index },
    }))
    stats.addFixtures(found.value.id, fixtures)
    close()
  }

  const legend = () => tab.do((page) => page.locator('.legend').first().innerText())
  const ink = () => tab.do((page, script: string) => page.evaluate<number>(script), INK)

  test('are drawn', async () => {
    expect(await tab.do((page) => page.locator('.chart .uplot canvas').count())).toBe(7)
    expect(await ink()).toBeGreaterThan(500)
    expect(await tab.looks(`${SHOTS}/statistics-drawn`)).toEqual([])
  })

  test('show the values under the pointer, and otherwise the sum', async () => {
    const sum = await legend()
    await tab.do((page) =>
      page
        .locator('.u-over')
        .first()
        .hover({ position: { x: 60, y: 40 } }),
    )
    await eventually(async () => (await legend()) !== sum, 'the pointer is noticed')
    await tab.do((page) => page.mouse.move(0, 0))
    await eventually(async () => (await legend()) === sum, 'the pointer is gone')
  })

  test('have a table with the same numbers', async () => {
    await tab.do((page) => page.getByText('As a table').first().click())
    const cells = await tab.do((page) =>
      page.locator('.chart-table').first().locator('tbody tr').last().innerText(),
    )
    expect(cells).toMatch(/^\d\d:\d\d\s+(100|101)\s+0$/)
  })
})

/** How many pixels of the first chart have any colour. */
const INK = `(() => {
  const canvas = document.querySelector('.uplot canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let ink = 0
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) ink++
  return ink
})()`
