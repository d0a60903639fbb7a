/** Where the master key comes from, also after an interrupted first start. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MASTER_KEY_FILE, loadMasterKey } from '../../src/identity/master-key.ts'
import { StartError } from '../../src/start-error.ts'
import { temporaryFolder } from '../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const file = () => join(folder.path, MASTER_KEY_FILE)

test('is made at the first use and read later', () => {
  const made = loadMasterKey(folder.path, undefined, true)
  expect(made).toHaveLength(32)
  expect(Buffer.from(loadMasterKey(folder.path, undefined, true)).equals(made)).toBe(true)
  expect(readdirSync(folder.path)).toEqual([MASTER_KEY_FILE])
  expect(statSync(file()).mode & 0o777).toBe(0o600)
})

test('is not made for a database that has another one', () => {
  expect(() => loadMasterKey(folder.path, undefined, false)).toThrow(/the master key is missing/)
  expect(readdirSync(folder.path)).toEqual([])
})

test('differs between two folders', () => {
  const other = temporaryFolder()
  const [one, two] = [
    loadMasterKey(folder.path, undefined, true),
    loadMasterKey(other.path, undefined, true),
  ]
  expect(Buffer.from(one).equals(two)).toBe(false)
  other.remove()
})

test('can be given, in either base64 alphabet', () => {
  const bytes = Buffer.alloc(32, 0xfb)
  for (const encoding of ['base64', 'base64url'] as const)
    expect(
      Buffer.from(loadMasterKey(folder.path, bytes.toString(encoding), true)).equals(bytes),
    ).toBe(true)
  expect(readdirSync(folder.path)).toEqual([])
})

// In a container process ids repeat, so a draft of a killed process may have our id.
test('is made although an interrupted start left a draft', () => {
  writeFileSync(`${file()}.${process.pid}.new`, 'half a k')
  expect(loadMasterKey(folder.path, undefined, true)).toHaveLength(32)
  expect(Buffer.from(readFileSync(file(), 'utf8').trim(), 'base64')).toHaveLength(32)
})

test.each(['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64')])(
  'is refused if the file holds %p',
  (text) => {
    writeFileSync(file(), text)
    expect(() => loadMasterKey(folder.path, undefined, true)).toThrow(StartError)
    expect(readFileSync(file(), 'utf8')).toBe(text)
  },
)

test('that cannot be read or made stops with one line', () => {
  mkdirSync(file())
  expect(() => loadMasterKey(folder.path, undefined, true)).toThrow(/cannot be read/)
  expect(() => loadMasterKey(join(folder.path, 'absent'), undefined, true)).toThrow(
    /cannot be written/,
  )
})
