/** What a server that stops leaves for the one that starts after it: one file, written whole, read once. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import type { Keyring } from '../identity/keyring.ts'

export const STATE_FILE = 'running.state'

export interface SavedState {
  /** When it was written, in milliseconds since the epoch. */
  readonly at: number
  /** Which shape the rest has; another program version may not know it. */
  readonly version: number
  readonly state: unknown
}

/** Keeps `undefined`, bytes and text apart. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: true })

/** Sealed, because it holds the keys of connections and what was said to them. */
export function writeState(folder: string, keyring: Keyring, saved: SavedState): void {
  const path = join(folder, STATE_FILE)
  writeFileSync(`${path}.new`, keyring.seal(packr.pack(saved)), { mode: 0o600 })
  // A rename is all or nothing: a reader never finds half of it.
  renameSync(`${path}.new`, path)
}

/** Reads what was left, and removes it: it is true once only. @returns undefined if there is none that can be read */
export function takeState(folder: string, keyring: Keyring): SavedState | undefined {
  const path = join(folder, STATE_FILE)
  try {
    const bytes = readFileSync(path)
    rmSync(path)
    const opened = keyring.openBytes(bytes)
    return opened && (packr.unpack(opened) as SavedState)
  } catch {
    return undefined
  }
}
