/** What one run of the server leaves for the next: whole, sealed, and true once. */
import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keyring } from '../../src/identity/keyring.ts'
import { STATE_FILE, takeState, writeState } from '../../src/store/state-file.ts'

function world() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-state-'))
  const keyring = new Keyring(new Uint8Array(32).fill(1))
  return { folder, keyring, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

const state = {
  text: 'a secret word',
  bytes: new Uint8Array([0, 255]),
  nothing: undefined,
  nested: [{ empty: '', number: 1_700_000_000_000 }],
}

test('is read as it was written, and only once', () => {
  using made = world()
  writeState(made.folder, made.keyring, { at: 5, version: 1, state })
  const taken = takeState(made.folder, made.keyring)
  expect(taken).toEqual({ at: 5, version: 1, state: { ...state, bytes: expect.anything() } })
  const { bytes, nothing } = taken!.state as typeof state
  expect([...bytes]).toEqual([0, 255])
  expect(nothing).toBeUndefined()
  expect(readdirSync(made.folder)).toEqual([])
  expect(takeState(made.folder, made.keyring)).toBeUndefined()
})

test('shows nothing to whoever has the file alone', () => {
  using made = world()
  writeState(made.folder, made.keyring, { at: 5, version: 1, state })
  const raw = readFileSync(join(made.folder, STATE_FILE))
  expect(raw.includes('secret')).toBe(false)
  const other = new Keyring(new Uint8Array(32).fill(2))
  expect(takeState(made.folder, other)).toBeUndefined()
})

test('half a file is as good as none', () => {
  using made = world()
  writeState(made.folder, made.keyring, { at: 5, version: 1, state })
  const path = join(made.folder, STATE_FILE)
  writeFileSync(path, readFileSync(path).subarray(0, 40))
  expect(takeState(made.folder, made.keyring)).toBeUndefined()
})
