/** The state that a stopping server leaves: complete, encrypted, and used once. */
import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keyring } from '../../src/identity/keyring.ts'
import { STATE_FILE, readState, removeState, writeState } from '../../src/store/state-file.ts'

function world() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-state-'))
  const keyring = new Keyring(new Uint8Array(32).fill(1))
  return { folder, keyring, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

const state = {
  text: 'a secret word',
  bytes: new Uint8Array([0, 255]),
  buffer: Buffer.from([1, 2]),
  much: 'x'.repeat(1000),
  nothing: undefined,
  nested: [{ empty: '', number: 1_700_000_000_000 }],
}

test('is read as written, until it is removed', () => {
  using made = world()
  expect(readState(made.folder, made.keyring)).toBe('none')
  writeState(made.folder, made.keyring, { at: 5, version: 1, state })
  for (const _ of [1, 2]) {
    const found = readState(made.folder, made.keyring) as { state: typeof state }
    expect(found).toEqual({
      at: 5,
      version: 1,
      state: { ...state, bytes: expect.anything(), buffer: expect.anything() },
    } as never)
    const { bytes, buffer, nothing } = found.state
    expect([...bytes]).toEqual([0, 255])
    expect([...buffer]).toEqual([1, 2])
    // A piece of the whole file would keep all of it in memory.
    for (const { buffer: memory } of [bytes, buffer]) expect(memory.byteLength).toBeLessThan(100)
    expect(nothing).toBeUndefined()
  }
  removeState(made.folder)
  expect(readdirSync(made.folder)).toEqual([])
  expect(readState(made.folder, made.keyring)).toBe('none')
  removeState(made.folder)
})

test('is encrypted', () => {
  using made = world()
  writeState(made.folder, made.keyring, { at: 5, version: 1, state })
  const raw = readFileSync(join(made.folder, STATE_FILE))
  expect(raw.includes('secret')).toBe(false)
  const other = new Keyring(new Uint8Array(32).fill(2))
  expect(readState(made.folder, other)).toBe('unreadable')
})

test('a truncated file is not accepted', () => {
  using made = world()
  writeState(made.folder, made.keyring, { at: 5, version: 1, state })
  const path = join(made.folder, STATE_FILE)
  writeFileSync(path, readFileSync(path).subarray(0, 40))
  expect(readState(made.folder, made.keyring)).toBe('unreadable')
})
