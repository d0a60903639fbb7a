/** Sandbox apps: created with keys and rules in one step for anybody who asks, and removed after a while. */
import { type Result, fail, ok } from '../../failure.ts'
import { limitKey } from '../../policy/address.ts'
import { roomFor } from '../../policy/shares.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import type { AccountService } from '../accounts/accounts.ts'
import type { ApiKeyService, WholeKey } from './api-keys.ts'
import type { App, AppService } from './apps.ts'
import type { ChannelRuleChange, ChannelRuleService, StoredRule } from './channel-rules.ts'
import { newId } from '../id.ts'

export interface SandboxWish {
  /** The address that asks for it. */
  readonly address: string
  /** Undefined for the server's limit. */
  readonly maxPresenceMembers: number | undefined
  readonly keys: readonly SandboxKeyWish[]
  readonly rules: readonly (ChannelRuleChange & { readonly id: string })[]
}

export interface SandboxKeyWish {
  /** The parsed JSON of a capability; undefined for every capability. */
  readonly capability: unknown
  readonly revocableTokens: boolean
}

/** Keys and rules are in the order in which they were asked for. */
export interface SandboxApp {
  readonly app: App
  readonly keys: readonly WholeKey[]
  readonly rules: readonly StoredRule[]
}

export interface SandboxLimits {
  readonly sandboxMinutes: number
  readonly maxSandboxApps: number
}

interface SandboxParts {
  readonly ledger: Ledger
  readonly accounts: AccountService
  readonly apps: AppService
  readonly apiKeys: ApiKeyService
  readonly channelRules: ChannelRuleService
}

export class Sandbox {
  readonly #parts: SandboxParts
  readonly #limits: SandboxLimits

  constructor(parts: SandboxParts, limits: SandboxLimits) {
    this.#parts = parts
    this.#limits = limits
  }

  /** @returns `sandbox_full`, or what is wrong with a key or rule; then nothing was created */
  add(wish: SandboxWish): Result<SandboxApp> {
    const { accounts, apps, ledger } = this.#parts
    return ledger.write((): Result<SandboxApp> => {
      const madeBy = limitKey(wish.address)
      if (!this.#hasRoom(madeBy)) return fail('sandbox_full')
      const added = apps.add(accounts.ensureOwner(), {
        name: `sandbox-${newId()}`,
        lifetime: this.#limits.sandboxMinutes * 60_000,
        maxPresenceMembers: wish.maxPresenceMembers ?? null,
        madeBy,
      })
      return added.ok ? this.#fill(added.value, wish) : added
    })
  }

  /** @returns `sandbox_only` for an app that is no sandbox app */
  remove(appId: string): Result<App> {
    const { apps } = this.#parts
    const found = apps.find(appId)
    if (!found.ok) return found
    return found.value.expiresAt === null ? fail('sandbox_only') : apps.remove(found.value.id)
  }

  /** One address may use the whole limit while nobody else asks; no existing app is removed for another. */
  #hasRoom(madeBy: string): boolean {
    const { apps } = this.#parts
    const counts = apps.countExpiring()
    const stakes = counts.map(({ madeBy: by, apps: held }) => ({ by, held, spare: 0 }))
    const own = stakes.find(({ by }) => by === madeBy) ?? { held: 0, spare: 0 }
    const total = stakes.reduce((sum, { held }) => sum + held, 0)
    const limit = { max: this.#limits.maxSandboxApps, beyond: this.#limits.maxSandboxApps }
    return roomFor(own, stakes, total, limit).kind !== 'none'
  }

  #fill(app: App, wish: SandboxWish): Result<SandboxApp> {
    const { apiKeys, channelRules } = this.#parts
    const keys: WholeKey[] = []
    for (const { capability, revocableTokens } of wish.keys) {
      const key = apiKeys.add(app, {
        name: `key ${keys.length}`,
        revocableTokens,
        ...(capability !== undefined && { capability: { capability } }),
      })
      if (!key.ok) return key
      keys.push(key.value)
    }
    const rules: StoredRule[] = []
    for (const { id, ...settings } of wish.rules) {
      const rule = channelRules.add(app, id, settings)
      if (!rule.ok) return rule
      rules.push(rule.value)
    }
    return ok({ app, keys, rules })
  }
}
