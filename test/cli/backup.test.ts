/** `latchkey backup`: consistent while the server writes, honest about damage, and restorable. */
import { Database } from 'bun:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { latchkey, temporaryFolder } from '../support/server.ts'
import { ServerProcess, run, runJson } from './process.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'data')
const other = join(folder.path, 'other')
const file = join(folder.path, 'backup.db')
const servers: ServerProcess[] = []

const reserve = (name: string, into = data) =>
  run(['reservations', 'add', name, '--join-key', `key of ${name}`, '--data', into])
const names = async (of: string) => {
  const argv = ['reservations', 'list', '--data', of]
  const found = await runJson<{ namespace: string; joinKey: string }[]>(argv)
  return found.map(({ namespace, joinKey }) => [namespace, joinKey])
}
const backup = (
  verb: string,
  path: string,
  into = data,
  environment: Record<string, string> = {},
) => run(['backup', verb, path, '--data', into], environment)

/** Changes the last bit of a sealed value, which SQLite itself cannot notice. */
function flip(path: string, table: string, column: string): void {
  const database = new Database(path)
  const row = database.query(`SELECT rowid, ${column} AS sealed FROM ${table}`).get() as {
    rowid: number
    sealed: Uint8Array
  }
  row.sealed[row.sealed.length - 1]! ^= 1
  database.query(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(row.sealed, row.rowid)
  database.close()
}

beforeAll(async () => {
  await reserve('acme')
  await run(['access-tokens', 'add', '--data', data])
  expect((await latchkey(['backup', 'create', file, '--data', data])).code).toBe(0)
  await reserve('theirs', other)
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.end()
})
afterAll(() => folder.remove())

describe('create', () => {
  test('reports its contents, has mode 0600, and leaves no other file', async () => {
    const target = join(folder.path, 'second.db')
    const report = await runJson<object>(['backup', 'create', target, '--data', data])
    expect(report).toMatchObject({
      file: target,
      bytes: statSync(target).size,
      accounts: 1,
      reservations: 1,
      accessTokens: 1,
      apps: 1,
      apiKeys: 1,
      masterKeyFits: true,
    })
    expect(statSync(target).mode & 0o777).toBe(0o600)
    const beside = readdirSync(folder.path).filter((name) => name.startsWith('second.db'))
    expect(beside).toEqual(['second.db'])
  })

  test('never overwrites a file', async () => {
    const { code, err } = await backup('create', file)
    expect(code).toBe(1)
    expect(err).toContain('exists already')
  })

  test('fails if the file cannot be written', async () => {
    const { code, err } = await backup('create', join(folder.path, 'nowhere', 'x.db'))
    expect(code).toBe(1)
    expect(err).toContain('cannot be written')
    expect(err.trimEnd()).not.toContain('\n')
  })

  test('is consistent while the server writes', async () => {
    const busy = join(folder.path, 'busy')
    const server = await ServerProcess.start(['--data', busy, '--max-reservations', '0'])
    servers.push(server)
    const { token } = await runJson<{ token: string }>(['access-tokens', 'add', '--data', busy])
    const headers = { authorization: `Bearer ${token}` }
    let added = 0
    const done = new AbortController()
    const writing = (async () => {
      while (!done.signal.aborted) {
        const body = JSON.stringify({ namespace: `n${added}`, joinKey: `key of n${added}` })
        const request = { method: 'POST', headers, body }
        const { status } = await fetch(`${server.url}/v1/accounts/owner/reservations`, request)
        expect(status).toBe(201)
        added++
      }
    })()
    const copies: { path: string; atLeast: number; atMost: number }[] = []
    for (const name of ['busy-1.db', 'busy-2.db', 'busy-3.db']) {
      const path = join(folder.path, name)
      const atLeast = added
      expect((await latchkey(['backup', 'create', path, '--data', busy])).code).toBe(0)
      copies.push({ path, atLeast, atMost: added + 1 })
    }
    done.abort()
    await writing
    expect(copies[2]!.atLeast).toBeGreaterThan(0)
    for (const [i, { path, atLeast, atMost }] of copies.entries()) {
      const into = join(folder.path, `restored-${i}`)
      mkdirSync(into)
      copyFileSync(join(busy, 'master.key'), join(into, 'master.key'))
      expect((await backup('restore', path, into)).code).toBe(0)
      const found = await names(into)
      expect(found.length).toBeGreaterThanOrEqual(atLeast)
      expect(found.length).toBeLessThanOrEqual(atMost)
      const whole = Array.from({ length: found.length }, (_, n) => [`n${n}`, `key of n${n}`])
      expect(found.toSorted()).toEqual(whole.toSorted())
    }
  })
})

describe('verify', () => {
  test('leaves the backup as it is', async () => {
    const before = readFileSync(file)
    const { code, out } = await latchkey(['backup', 'verify', file, '--data', data])
    expect(code).toBe(0)
    expect(out).toContain('is whole')
    expect(out).toContain(
      '1 accounts, 1 reservations, 1 access tokens, 1 apps, 1 API keys, no history; the master key fits',
    )
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('a wrong master key is reported and fails', async () => {
    const { code, out, err } = await backup('verify', file, other)
    expect(code).toBe(1)
    expect(out).toContain('the master key does NOT fit')
    expect(err).toContain('the master key does not belong to this backup')
  })

  test('without a master key everything else is checked', async () => {
    const { code, out } = await backup('verify', file, join(folder.path, 'absent'))
    expect(code).toBe(0)
    expect(out).toContain('no master key to try on it')
    expect(existsSync(join(folder.path, 'absent'))).toBe(false)
  })

  const damage: [string, (path: string) => void, string][] = [
    ['cut short', (path) => truncateSync(path, statSync(path).size - 4096), ''],
    ['empty', (path) => truncateSync(path, 0), 'not one of latchkey'],
    ['not a database', (path) => writeFileSync(path, 'x'.repeat(8192)), 'is not a usable backup'],
    [
      'overwritten in its middle',
      (path) => {
        const bytes = readFileSync(path)
        bytes.fill(0xff, 4096, bytes.length - 4096)
        writeFileSync(path, bytes)
      },
      '',
    ],
    ['changed in a join key', (path) => flip(path, 'reservations', 'join_key'), 'a key of acme'],
    ['changed in an API key', (path) => flip(path, 'api_keys', 'secret'), 'is damaged: a key of '],
  ]
  test.each(damage)('a file that is %s fails in one line', async (name, hurt, text) => {
    const path = join(folder.path, `${name.replaceAll(' ', '-')}.db`)
    copyFileSync(file, path)
    hurt(path)
    for (const verb of ['verify', 'restore']) {
      const { code, out, err } = await backup(verb, path)
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toContain(text)
      expect(err.trimEnd()).not.toContain('\n')
    }
    expect(await names(data)).toEqual([['acme', 'key of acme']])
  })

  test('a missing file fails', async () => {
    const { code, err } = await backup('verify', join(folder.path, 'none.db'))
    expect(code).toBe(1)
    expect(err).toContain('does not exist')
  })
})

describe('restore', () => {
  test('is refused while a server runs', async () => {
    servers.push(await ServerProcess.start(['--data', data]))
    const { code, err } = await latchkey(['backup', 'restore', file, '--data', data])
    expect(code).toBe(1)
    expect(err).toContain('a server is running')
  })

  test('puts the backup in place and keeps the old database', async () => {
    await reserve('later')
    const { code, out } = await backup('restore', file)
    expect(code).toBe(0)
    expect(await names(data)).toEqual([['acme', 'key of acme']])
    const kept = /kept as (\S+\.replaced-\d+)/.exec(out)![1]!
    copyFileSync(kept, join(folder.path, 'kept.db'))
    expect((await backup('restore', join(folder.path, 'kept.db'))).code).toBe(0)
    expect((await names(data)).map(([name]) => name)).toEqual(['acme', 'later'])
    expect((await backup('restore', file)).code).toBe(0)
  })

  test('into an empty folder asks for the master key, and works once it is there', async () => {
    const empty = join(folder.path, 'empty')
    mkdirSync(empty)
    const { code, err } = await latchkey(['backup', 'restore', file, '--data', empty])
    expect(code).toBe(1)
    expect(err).toContain(`put it at ${join(empty, 'master.key')} or in LATCHKEY_MASTER_KEY`)
    expect(readdirSync(empty)).toEqual([])
    copyFileSync(join(data, 'master.key'), join(empty, 'master.key'))
    expect((await backup('restore', file, empty)).code).toBe(0)
    expect(await names(empty)).toEqual([['acme', 'key of acme']])
    expect(statSync(join(empty, 'latchkey.db')).mode & 0o777).toBe(0o600)
  })

  test('creates the folder, with the key from the environment', async () => {
    const fresh = join(folder.path, 'fresh')
    const LATCHKEY_MASTER_KEY = readFileSync(join(data, 'master.key'), 'utf8').trim()
    const { code, err } = await latchkey(['backup', 'restore', file, '--data', fresh], {
      LATCHKEY_MASTER_KEY,
    })
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })

  test('under another master key changes nothing', async () => {
    const { code, err } = await backup('restore', file, other)
    expect(code).toBe(1)
    expect(err).toContain('the master key of this backup is not here')
    expect(await names(other)).toEqual([['theirs', 'key of theirs']])
  })
})
