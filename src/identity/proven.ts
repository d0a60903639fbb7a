/** A credential that was found to be good, for as long as its key is the same object in the directory. */
import { type Result, ok } from '../failure.ts'
import type { Identity } from '../policy/client-identity.ts'
import type { DirectoryKey } from './directory.ts'
import { type AppPrincipal, identifyKeyHolder, identifyTokenHolder } from './principal.ts'

/** A principal but for the client id that a request claims. */
export type Holder = Omit<AppPrincipal, keyof Identity>

export class ProvenCredential {
  readonly key: DirectoryKey
  /** Which secret of the key it is, or signed it; undefined for a native token. */
  readonly secretIndex: number | undefined
  readonly holder: Holder
  #claimed: string | undefined
  #principal: Result<AppPrincipal> | undefined

  constructor(key: DirectoryKey, secretIndex: number | undefined, holder: Holder) {
    this.key = key
    this.secretIndex = secretIndex
    this.holder = holder
  }

  /**
   * Whom it makes of somebody, by the client id that they claim; the same object for the same claim as before.
   * @returns `client_id_mismatch` where it permits another one only
   */
  principal(claimed: string | undefined): Result<AppPrincipal> {
    if (this.#principal && this.#claimed === claimed) return this.#principal
    this.#claimed = claimed
    this.#principal = this.#identify(claimed)
    return this.#principal
  }

  #identify(claimed: string | undefined): Result<AppPrincipal> {
    const { holder } = this
    if (holder.method === 'basic') return ok({ ...holder, ...identifyKeyHolder(claimed) })
    const identity = identifyTokenHolder(holder.tokenClientId, claimed)
    return identity.ok ? ok({ ...holder, ...identity.value }) : identity
  }
}
