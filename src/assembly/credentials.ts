/** Composes how clients of apps prove who they are, and what remembers the token requests that were answered. */
import type { Cluster } from '../cluster/cluster.ts'
import { type Clock, type Randomness, momentOf } from '../core/clock.ts'
import { Authenticator } from '../identity/authenticate.ts'
import { NativeTokens } from '../identity/native-token.ts'
import { NonceStore } from '../identity/nonce-store.ts'
import { NONCE_KEPT_MS, TokenIssuer } from '../identity/token-issuer.ts'
import type { KeyUses } from '../service/apps/key-uses.ts'
import type { AppDirectory } from '../service/apps/app-directory.ts'
import type { Services } from '../service/services.ts'
import { FileNonceLog } from '../store/nonce-log.ts'

export interface CredentialParts {
  readonly clock: Clock
  readonly random: Randomness
  readonly cluster: Cluster
  readonly services: Pick<Services, 'folder' | 'keyring' | 'tokenOrder'>
  readonly directory: AppDirectory
  readonly keyUses: KeyUses
  /** Told that answered token requests could not be written down. */
  readonly onFault: (fault: Error) => void
}

export class AppCredentials {
  readonly authenticator: Authenticator
  readonly issuer: TokenIssuer
  readonly #clock: Clock
  readonly #nonces: NonceStore
  readonly #log: FileNonceLog | undefined

  constructor(parts: CredentialParts) {
    const { clock, cluster, directory, keyUses, onFault, random, services } = parts
    this.#clock = clock
    const { folder, keyring, tokenOrder } = services
    const options = { keepMs: NONCE_KEPT_MS, clock, onFault }
    this.#log = folder === undefined ? undefined : new FileNonceLog({ folder, ...options })
    this.#nonces = new NonceStore(NONCE_KEPT_MS, undefined, this.#log)
    const tokens = new NativeTokens(keyring, random, tokenOrder)
    this.authenticator = new Authenticator(directory, tokens, keyUses, clock)
    const nonces = this.#nonces
    this.issuer = new TokenIssuer({
      directory,
      tokens,
      uses: keyUses,
      clock,
      nonces,
      once: (name, keepMs) => cluster.once(name, keepMs),
    })
  }

  /** To be called once the folder is this server's, and before anybody can ask for a token. */
  restore(): void {
    this.#nonces.restore(this.#log?.read() ?? [], momentOf(this.#clock))
  }

  /** To be called when nobody asks any more. */
  async close(): Promise<void> {
    await this.#log?.close()
  }
}
