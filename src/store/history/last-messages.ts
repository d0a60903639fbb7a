/** Which entries are kept beyond their time: the last message of a channel whose rule says so. */
import type { Statement } from 'bun:sqlite'
import { type ChannelRef, channelRef } from '../../core/types.ts'
import { type HistoryFile, KIND, type Kind } from './history-file.ts'

export class LastMessages {
  readonly #keepsLast: (channel: ChannelRef) => boolean
  readonly #lastSerial: Statement<{ serial: string }, [number]>
  readonly #channel: Statement<{ realm: string | null; name: string }, [number]>
  /** Answers of `keepsLast` in this step. */
  readonly #keeping = new Map<number, boolean>()

  constructor(file: HistoryFile, keepsLast: (channel: ChannelRef) => boolean) {
    this.#keepsLast = keepsLast
    this.#lastSerial = file.prepare(
      `SELECT serial FROM entries WHERE channel = ? AND kind = ${KIND.message} ORDER BY serial DESC LIMIT 1`,
    )
    this.#channel = file.prepare('SELECT realm, name FROM channels WHERE id = ?')
  }

  /** To be called before each step: rules may have changed. */
  begin(): void {
    this.#keeping.clear()
  }

  isKept({ channel, kind, serial }: { channel: number; kind: Kind; serial: string }): boolean {
    if (kind !== KIND.message || !this.#isWanted(channel)) return false
    return this.#lastSerial.get(channel)?.serial === serial
  }

  #isWanted(channel: number): boolean {
    const known = this.#keeping.get(channel)
    if (known !== undefined) return known
    const { realm, name } = this.#channel.get(channel)!
    // A channel without a realm has been forgotten.
    const keeps = realm !== null && this.#keepsLast(channelRef(realm, name))
    this.#keeping.set(channel, keeps)
    return keeps
  }
}
