/** Names from before they were folded: what the command line and the page say of them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { startServer } from '../../src/server.ts'
import { openServices } from '../../src/service/services.ts'
import { DashboardUser } from '../dashboard/dashboard-user.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'
import { run, runJson } from './process.ts'

interface Report {
  readonly findings: readonly {
    readonly check: string
    readonly verdict: string
    readonly message: string
    readonly fix?: readonly string[]
  }[]
}

const folder = temporaryFolder()
const here = (...argv: string[]) => [...argv, '--data', folder.path]
const doctor = async () => {
  const { out } = await run(here('doctor', '--port', '0', '--json'))
  return (JSON.parse(out) as Report).findings.filter(({ check }) => check === 'reservations')
}

const STORED = [
  ['r1', 'caf\u00E9'],
  ['r2', 'cafe\u0301'],
  ['r3', 'cafe\u0301/terrace'],
  ['r4', '[meta]log'],
  ['r5', '\u200B'],
  ['r6', 'plain'],
  ['r7', 'with space /x'],
  ['r8', 'de\u0301p\u00F4t/hall'],
  ['r9', 'd\u00E9p\u00F4t'],
] as const

beforeAll(() => {
  const services = openServices(testConfig({ data: folder.path }), systemClock, false)
  const owner = services.accounts.ensureOwner().id
  const other = services.accounts.add('other')
  if (!other.ok) throw new Error(other.failure.message)
  for (const [i, [id, namespace]] of STORED.entries()) {
    const account = id === 'r2' || id === 'r3' || id === 'r8' ? other.value.id : owner
    services.store.sqlite
      .query(
        `INSERT INTO reservations (id, account_id, namespace, folded, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, 1)`,
      )
      .run(id, account, namespace, namespace.toLowerCase(), i)
  }
  services.store.sqlite.run("DELETE FROM facts WHERE name = 'folding'")
  services.close()
})
afterAll(() => folder.remove())

const DOUBTS = {
  r2: 'is another spelling of a name that was reserved earlier, which holds in its place',
  r3: 'lies below a name that another account reserved earlier, which holds in its place',
  r4: 'begins with [, so its channels are never those of an app',
  r5: 'has no character that is seen, and covers nothing',
  r9: 'covers less than it seems: another account reserved a name below it earlier',
}

describe('doctor', () => {
  test('names every colliding reservation with the command to remove it, and changes nothing', async () => {
    const before = statSync(join(folder.path, 'latchkey.db')).mtimeMs
    const found = await doctor()
    expect(found).toEqual(
      Object.entries(DOUBTS).map(([id, because]) => ({
        check: 'reservations',
        verdict: 'warning',
        message: `${STORED.find(([other]) => other === id)![1]} ${because}`,
        fix: [`latchkey reservations remove ${id}`],
      })),
    )
    expect(statSync(join(folder.path, 'latchkey.db')).mtimeMs).toBe(before)
    const { out } = await run(here('doctor', '--port', '0'))
    expect(out).toContain('\\u200b has no character that is seen')
  })

  test('reports a database that cannot be read', async () => {
    const broken = temporaryFolder()
    await Bun.write(join(broken.path, 'latchkey.db'), 'this is no database')
    const { out } = await run(['doctor', '--data', broken.path, '--port', '0', '--json'])
    const found = (JSON.parse(out) as Report).findings.find(({ check }) => check === 'reservations')
    expect(found).toMatchObject({ verdict: 'skipped' })
    broken.remove()
  })
})

test('the list warns about them', async () => {
  const { out } = await run(here('reservations', 'list'))
  const warnings = out.split('\n').filter((line) => line.startsWith('Warning: '))
  expect(warnings).toHaveLength(5)
  expect(warnings.join()).toContain(`cafe\u0301 ${DOUBTS.r2}.`)
  const one = await run(here('reservations', 'list', '--account', 'other'))
  expect(one.out.split('\n').filter((line) => line.startsWith('Warning: '))).toHaveLength(2)
  expect(await runJson<unknown[]>(here('reservations', 'list'))).toHaveLength(STORED.length)
})

test('the pages show them', async () => {
  const server = await startServer(testConfig({ data: folder.path }))
  try {
    const visitor = await DashboardUser.owner(server)
    const { text } = await visitor.get('/reservations')
    for (const because of Object.values(DOUBTS)) expect(text).toContain(`${because}.`)
    expect((await visitor.get('/reservations/r4')).text).toContain(`${DOUBTS.r4}.`)
    expect((await visitor.get('/reservations/r6')).text).not.toContain('another spelling')
  } finally {
    await server.stop()
  }
})

test('a collision is gone once one of the names is removed', async () => {
  for (const id of ['r1', 'r4', 'r5', 'r9']) await run(here('reservations', 'remove', id))
  expect(await doctor()).toEqual([])
  expect((await run(here('reservations', 'list'))).out).not.toContain('Warning')
})
