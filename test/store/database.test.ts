/** The database file: migrations give the schema of the code, and strangers and newer versions are refused. */
import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { is } from 'drizzle-orm'
import { SQLiteTable, getTableConfig } from 'drizzle-orm/sqlite-core'
import { SCHEMA_VERSION, closeStore, openStore } from '../../src/store/database.ts'
import { migrations } from '../../src/store/migrations.ts'
import * as accountTables from '../../src/store/schema/accounts.ts'
import * as appTables from '../../src/store/schema/apps.ts'
import * as deviceTables from '../../src/store/schema/device-push.ts'
import * as recordTables from '../../src/store/schema/records.ts'
import * as reservationTables from '../../src/store/schema/reservations.ts'
import { latchkey, temporaryFolder } from '../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const path = () => join(folder.path, 'latchkey.db')

function inStore<T>(action: (database: Database) => T): T {
  const store = openStore(folder.path)
  try {
    return action(store.sqlite)
  } finally {
    closeStore(store)
  }
}

const pragma = (database: Database, name: string): unknown =>
  Object.values(database.query(`PRAGMA ${name}`).get() as object)[0]

interface Column {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly pk: number
}

const columnsOf = (database: Database, table: string) =>
  (database.query(`PRAGMA table_info(${table})`).all() as Column[])
    .map(({ name, type, notnull, pk }) => ({ name, type: type.toLowerCase(), notnull, pk }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

const indexesOf = (database: Database, table: string) =>
  (database.query(`PRAGMA index_list(${table})`).all() as { name: string; unique: number }[])
    .filter(({ name }) => !name.startsWith('sqlite_autoindex'))
    .map(({ name, unique }) => {
      const columns = database.query(`PRAGMA index_info(${name})`).all() as { name: string }[]
      return { name, unique: unique === 1, columns: columns.map((column) => column.name) }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

const schema = {
  ...accountTables,
  ...appTables,
  ...deviceTables,
  ...recordTables,
  ...reservationTables,
}
const tables = Object.values(schema).filter((item) => is(item, SQLiteTable))

describe('the schema in the code is what the migrations make', () => {
  test('tables', () => {
    const made = inStore((database) =>
      database.query("SELECT name FROM sqlite_master WHERE type = 'table'").all(),
    ) as { name: string }[]
    const names = made.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'))
    expect(names.toSorted()).toEqual(tables.map((table) => getTableConfig(table).name).toSorted())
  })

  test.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
    'columns, indexes and references of %s',
    (name, table) => {
      const { columns, indexes, foreignKeys, primaryKeys } = getTableConfig(table)
      const together = primaryKeys.flatMap((key) => key.columns.map((column) => column.name))
      inStore((database) => {
        const wanted = columns.map((column) => ({
          name: column.name,
          type: column.getSQLType(),
          notnull: Number(column.notNull),
          pk: column.primary ? 1 : together.indexOf(column.name) + 1,
        }))
        expect(columnsOf(database, name)).toEqual(
          wanted.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        )
        const unique = columns
          .filter((column) => column.isUnique)
          .map((column) => ({ name: column.uniqueName!, unique: true, columns: [column.name] }))
        const plain = indexes.map(({ config }) => ({
          name: config.name,
          unique: config.unique,
          columns: config.columns.map((column) => (column as { name: string }).name),
        }))
        expect(indexesOf(database, name)).toEqual(
          [...unique, ...plain].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        )
        const references = database.query(`PRAGMA foreign_key_list(${name})`).all()
        expect(references).toHaveLength(foreignKeys.length)
      })
    },
  )
})

describe('opening', () => {
  test('an empty folder gets a database of the newest version', () => {
    inStore((database) => {
      expect(pragma(database, 'user_version')).toBe(SCHEMA_VERSION)
      expect(pragma(database, 'integrity_check')).toBe('ok')
      expect(pragma(database, 'journal_mode')).toBe('wal')
      expect(pragma(database, 'synchronous')).toBe(2)
      expect(pragma(database, 'foreign_keys')).toBe(1)
      expect(pragma(database, 'busy_timeout')).toBeGreaterThanOrEqual(1000)
    })
    expect(readdirSync(folder.path)).toEqual(['latchkey.db'])
  })

  test('opening again changes nothing', () => {
    const dump = () => inStore((database) => database.query('SELECT * FROM sqlite_master').all())
    const first = dump()
    expect(dump()).toEqual(first)
    expect(readdirSync(folder.path)).toEqual(['latchkey.db'])
  })

  test('every older version is migrated, and a copy is kept', () => {
    for (let from = 1; from < migrations.length; from++) {
      folder.remove()
      mkdirSync(folder.path)
      const old = new Database(path(), { create: true })
      for (const migration of migrations.slice(0, from)) old.run(migration)
      old.run(`PRAGMA user_version = ${from}`)
      old.close()
      expect(inStore((database) => pragma(database, 'user_version'))).toBe(SCHEMA_VERSION)
      expect(readdirSync(folder.path).some((name) => name.includes(`.v${from}-`))).toBe(true)
    }
    expect(migrations.length).toBe(SCHEMA_VERSION)
  })

  test('a newer schema is refused in one line and not changed', async () => {
    inStore((database) => database.run(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`))
    for (const argv of [
      ['serve', '--port', '0'],
      ['accounts', 'list'],
    ]) {
      const { code, out, err } = await latchkey([...argv, '--data', folder.path])
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toContain(`schema version ${SCHEMA_VERSION + 1}, which is newer`)
      expect(err.trimEnd()).not.toContain('\n')
    }
    const database = new Database(path())
    expect(pragma(database, 'user_version')).toBe(SCHEMA_VERSION + 1)
    database.close()
  })

  const hopeless: [string, () => void][] = [
    ['a file that is no database', () => writeFileSync(path(), 'x'.repeat(4096))],
    ['a folder in its place', () => mkdirSync(path())],
  ]
  test.each(hopeless)('%s is reported in one line', async (_name, prepare) => {
    prepare()
    const { code, out, err } = await latchkey(['accounts', 'list', '--data', folder.path])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`${path()} cannot be opened`)
    expect(err.trimEnd()).not.toContain('\n')
  })

  test('a data folder that is a file is reported in one line', async () => {
    const file = join(folder.path, 'file')
    writeFileSync(file, '')
    for (const data of [file, join(file, 'below')]) {
      const { code, err } = await latchkey(['accounts', 'add', 'team', '--data', data])
      expect(code).toBe(1)
      expect(err).toContain(`the data folder ${data} cannot be made`)
      expect(err.trimEnd()).not.toContain('\n')
    }
  })
})

test('other users of the machine cannot read the files', () => {
  chmodSync(folder.path, 0o777)
  const before = process.umask(0)
  try {
    const store = openStore(folder.path)
    const files = readdirSync(folder.path)
    expect(files.toSorted()).toEqual(['latchkey.db', 'latchkey.db-shm', 'latchkey.db-wal'])
    for (const name of files)
      expect((statSync(join(folder.path, name)).mode & 0o777).toString(8), name).toBe('600')
    closeStore(store)
  } finally {
    process.umask(before)
  }
})
