/** Records when the secrets of API keys were last used, and writes it to the database every few seconds. */
import type { Clock } from '../../core/clock.ts'
import { ApiKeyTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { LiveKey } from './app-directory.ts'
import type { StoreParts } from '../store-parts.ts'

/** Not an audit: it helps people find forgotten secrets. */
const WRITE_EVERY_MS = 5000

interface Use {
  readonly appId: string
  readonly id: string
  at: number
}

export class KeyUses {
  readonly #ledger: Ledger
  readonly #table: ApiKeyTable
  readonly #clock: Clock
  readonly #onBug: (error: unknown) => void
  /** By sealed secret, because a rotation turns the current secret into the old one. */
  #uses = new Map<Buffer, Use>()
  #timer: Timer | undefined

  /** @param onBug called when writing fails; the next round tries again */
  constructor({ store, ledger, clock }: StoreParts, onBug: (error: unknown) => void) {
    this.#ledger = ledger
    this.#table = new ApiKeyTable(store)
    this.#clock = clock
    this.#onBug = onBug
  }

  start(): void {
    this.#timer = setInterval(() => this.write(), WRITE_EVERY_MS)
  }

  /** Writes what is left. */
  stop(): void {
    clearInterval(this.#timer)
    this.write()
  }

  /** @param secretIndex index of the secret in `key.secrets`: 0 for the current one, 1 for the old one */
  note(key: LiveKey, secretIndex: number): void {
    const sealed = key.sealedSecrets[secretIndex]
    if (!sealed) return
    const at = this.#clock.now()
    const known = this.#uses.get(sealed)
    if (known) known.at = at
    else this.#uses.set(sealed, { appId: key.appId, id: key.id, at })
  }

  write(): void {
    if (this.#uses.size === 0) return
    try {
      this.#ledger.write(() => {
        for (const [sealed, { appId, id, at }] of this.#uses) {
          this.#table.used(appId, id, sealed, at)
        }
      })
      this.#uses = new Map()
    } catch (error) {
      this.#onBug(error)
    }
  }
}
