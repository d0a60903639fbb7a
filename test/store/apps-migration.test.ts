/** A database from before there were apps is brought up to date with everything that is in it. */
import { afterEach, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { openServices } from '../../src/service/services.ts'
import { changedSince } from '../../src/store/tables/changes.ts'
import { DATABASE_FILE, SCHEMA_VERSION } from '../../src/store/database.ts'
import { migrations } from '../../src/store/migrations.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'

const folder = temporaryFolder()
afterEach(() => folder.remove())

test('keeps accounts, reservations and changes, and makes a default app', () => {
  const old = new Database(join(folder.path, DATABASE_FILE), { create: true })
  old.run(migrations[0]!)
  old.run('PRAGMA user_version = 1')
  old.run("INSERT INTO accounts (id, name, role, created_at) VALUES ('a1', 'owner', 'owner', 1)")
  old.run(
    `INSERT INTO reservations (id, account_id, namespace, folded, created_at, updated_at)
     VALUES ('r1', 'a1', 'Acme', 'acme', 1, 1)`,
  )
  old.run("INSERT INTO changes (namespace) VALUES ('Acme')")
  old.close()

  const services = openServices(testConfig({ data: folder.path }), systemClock, false)
  try {
    expect(services.reservations.list(undefined).map(({ namespace }) => namespace)).toEqual([
      'Acme',
    ])
    const [first, ...later] = changedSince(services.store, 0)!
    expect(first).toEqual({ seq: 1, kind: 'reservation', entity: 'Acme' })
    const app = services.apps.find(undefined)
    expect(app).toMatchObject({ ok: true, value: { accountId: 'a1', isDefault: true } })
    if (app.ok) expect(later.every(({ entity }) => entity === app.value.id)).toBe(true)
    expect(later.map(({ kind }) => kind)).toEqual(['app', 'app'])
  } finally {
    services.close()
  }
  expect(readdirSync(folder.path).filter((name) => name.includes('.v1-'))).toHaveLength(1)
  expect(SCHEMA_VERSION).toBeGreaterThanOrEqual(2)
})
