/** The root key of the default app, with every capability: made at the first start, shown once. */
import { readFact, removeFact, writeFact } from '../../store/tables/facts.ts'
import type { Store } from '../../store/database.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { Account } from '../accounts/accounts.ts'
import type { ApiKeyService } from './api-keys.ts'
import type { AppService } from './apps.ts'
import { parseKeyName } from './key-name.ts'
import type { ServiceParts } from '../service-parts.ts'

/** The fact with the name of the root key, removed once the key has been shown. */
const UNSHOWN = 'root-key-unshown'

/** A root key that nobody has seen yet. */
export interface UnshownKey {
  /** `appId.keyId` */
  readonly name: string
  /** Whether this start has made it. */
  readonly isNew: boolean
  /** Returns the whole key, which is not shown again from then on. */
  reveal(): string
}

export class RootKey {
  readonly #store: Store
  readonly #ledger: Ledger
  readonly #apps: AppService
  readonly #keys: ApiKeyService

  constructor({ store, ledger }: ServiceParts, apps: AppService, keys: ApiKeyService) {
    this.#store = store
    this.#ledger = ledger
    this.#apps = apps
    this.#keys = keys
  }

  /** Whether this run has made it. */
  #isNew = false

  /** Makes default app and root key where there is no default app yet. */
  ensure(owner: Account): void {
    this.#apps.ensureDefault(owner, (app) => {
      const made = this.#keys.add(app, { name: 'root' })
      if (!made.ok) throw new Error(made.failure.message)
      writeFact(this.#store, UNSHOWN, Buffer.from(made.value.key.keyName))
      this.#isNew = true
    })
  }

  /** Undefined once it was shown, or where its secret was rotated since. */
  unshown(): UnshownKey | undefined {
    const name = readFact(this.#store, UNSHOWN)?.toString()
    if (name === undefined) return undefined
    const app = this.#apps.find(parseKeyName(name).appId)
    if (!app.ok) return undefined
    const key = this.#keys.list(app.value).find(({ keyName }) => keyName === name)
    if (!key || key.updatedAt !== key.createdAt) return undefined
    return {
      name,
      isNew: this.#isNew,
      reveal: () => {
        this.#ledger.write(() => removeFact(this.#store, UNSHOWN))
        return this.#keys.whole(key)
      },
    }
  }
}
