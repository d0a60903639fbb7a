/** Secrets at rest are encrypted under a master key that is not in the database. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServerProcess, run, runJson } from '../cli/process.ts'
import { latchkey, temporaryFolder } from '../support/server.ts'

const JOIN_KEY = 'join-key-in-the-clear'
const SEND_KEY = 'send-key-in-the-clear'
const NEW_KEY = 'rotated-in-the-clear'
const KEY_A = Buffer.alloc(32, 1).toString('base64')
const KEY_B = Buffer.alloc(32, 2).toString('base64')

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const here = (...argv: string[]) => [...argv, '--data', folder.path]
const keyFile = () => join(folder.path, 'master.key')

/** Names of the files in the folder that contain one of these texts, in UTF-8, UTF-16 or base64. */
function filesWith(texts: readonly string[]): string[] {
  const needles = texts.flatMap((text) => [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    Buffer.from(Buffer.from(text).toString('base64').slice(0, -4)),
    Buffer.from(Buffer.from(text).toString('hex')),
  ])
  return readdirSync(folder.path).filter((name) => {
    const file = join(folder.path, name)
    if (!statSync(file).isFile()) return false
    const bytes = readFileSync(file)
    return needles.some((needle) => bytes.includes(needle))
  })
}

describe('keys and tokens', () => {
  test('are encrypted in every file, while the server runs and afterwards', async () => {
    const server = await ServerProcess.start(['--data', folder.path])
    try {
      await run(here('reservations', 'add', 'acme', '--join-key', JOIN_KEY, '--send-key', SEND_KEY))
      await run(here('reservations', 'set', 'acme', '--join-key', NEW_KEY))
      const { token } = await runJson<{ token: string }>(here('access-tokens', 'add'))
      const backup = join(folder.path, 'backup.db')
      await run(here('backup', 'create', backup))
      const secrets = [JOIN_KEY, SEND_KEY, NEW_KEY, token, token.slice(3)]
      // Finding an expected text proves that the search works.
      expect(filesWith(['acme'])).toContain('backup.db')
      expect(filesWith(secrets)).toEqual([])
      server.signal('SIGTERM')
      await server.exited()
      expect(filesWith(['acme']).toSorted()).toEqual(['backup.db', 'latchkey.db'])
      expect(filesWith(secrets)).toEqual([])
      const listed = await runJson<object[]>(here('reservations', 'list'))
      expect(listed).toMatchObject([{ joinKey: NEW_KEY, sendKey: SEND_KEY }])
    } finally {
      await server.end()
    }
  })
})

describe('the master key', () => {
  test('is made on first use, for its owner only', async () => {
    await run(here('accounts', 'add', 'ann'))
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
    const text = readFileSync(keyFile(), 'utf8')
    expect(Buffer.from(text.trim(), 'base64')).toHaveLength(32)
    await run(here('accounts', 'list'))
    expect(readFileSync(keyFile(), 'utf8')).toBe(text)
    expect(filesWith([text.trim()])).toEqual(['master.key'])
  })

  test('of another database stops the start in one line', async () => {
    await run(here('reservations', 'add', 'acme', '--join-key', JOIN_KEY))
    const right = readFileSync(keyFile(), 'utf8')
    writeFileSync(keyFile(), `${KEY_B}\n`)
    for (const argv of [
      ['serve', '--port', '0'],
      ['reservations', 'list'],
    ]) {
      const { code, out, err } = await latchkey(here(...argv))
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toBe(
        'latchkey: the master key does not belong to this database; restore the right master.key\n',
      )
    }
    writeFileSync(keyFile(), right)
    expect((await latchkey(here('reservations', 'list'))).out).toContain(JOIN_KEY)
  })

  test('is not made again for a database that needs the old one', async () => {
    await run(here('reservations', 'add', 'acme', '--join-key', JOIN_KEY))
    rmSync(keyFile())
    const { code, err } = await latchkey(here('reservations', 'list'))
    expect(code).toBe(1)
    expect(err).toContain('master key')
    expect(existsSync(keyFile())).toBe(false)
  })

  test.each(['', 'c2hvcnQ=', 'not base64!'])('is refused if it is not valid (%p)', async (text) => {
    writeFileSync(keyFile(), text)
    const { code, err } = await run(here('accounts', 'add', 'ann'))
    expect(code).toBe(1)
    expect(err).toContain('does not hold a master key of 32 bytes in base64')
  })

  test('comes from LATCHKEY_MASTER_KEY if that is set, without a file', async () => {
    const add = here('reservations', 'add', 'acme', '--join-key', JOIN_KEY)
    expect((await run(add, { LATCHKEY_MASTER_KEY: KEY_A })).code).toBe(0)
    expect(existsSync(keyFile())).toBe(false)
    expect(filesWith([KEY_A, JOIN_KEY])).toEqual([])
    const list = here('reservations', 'list')
    const wrong = await run(list, { LATCHKEY_MASTER_KEY: KEY_B })
    expect([wrong.code, wrong.out]).toEqual([1, ''])
    const right = await run(list, { LATCHKEY_MASTER_KEY: KEY_A.replace('=', '') })
    expect(right.out).toContain(JOIN_KEY)
  })
})
