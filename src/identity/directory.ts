/** What authentication asks about apps and their keys. `service/apps/app-directory.ts` answers from memory. */
import type { AppLimits } from '../policy/app-limits.ts'
import type { Capability } from '../policy/capability/capability.ts'
import type { CapabilityChecker } from '../policy/capability/checker.ts'
import type { RevocationList } from './revocation.ts'

/** Never altered: a key that changes is another object, so what was worked out from one holds as long as it is found. */
export interface DirectoryKey {
  readonly appId: string
  readonly id: string
  /** `appId.keyId` */
  readonly name: string
  readonly capability: Capability
  readonly checker: CapabilityChecker
  readonly revocableTokens: boolean
  readonly status: 'enabled' | 'revoked'
  /** The current one first, then the old one until it is retired. */
  readonly secrets: readonly string[]
}

export interface DirectoryApp {
  readonly id: string
  readonly status: 'enabled' | 'disabled'
  readonly tlsOnly: boolean
  /** Milliseconds since the epoch; undefined for an app that stays. */
  readonly expiresAt: number | undefined
  readonly limits: Pick<AppLimits, 'allowedOrigins'>
}

export interface Directory {
  readonly revocations: RevocationList
  /** Another number after each change of an app, a key or the revocations. */
  readonly generation: number
  app(id: string): DirectoryApp | undefined
  /** @param keyName `appId.keyId`; a revoked key is found too */
  key(keyName: string): DirectoryKey | undefined
}

/** Told which secret of a key proved to be known: 0 for the current one, 1 for the old one. Must not take time. */
export interface SecretUses {
  note(key: DirectoryKey, secretIndex: number): void
}
