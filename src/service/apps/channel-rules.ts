/** Channel rules of apps: listed, added, changed, removed. */
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import {
  type ChannelRuleSettings,
  DEFAULT_RULE_SETTINGS,
  ruleFault,
  ruleFaultText,
} from '../../policy/channel-rule.ts'
import { type ChannelRuleRow, ChannelRuleTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { type App, isKept } from './apps.ts'
import type { Action, AuditService, AuditEvent } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import type { ServiceParts } from '../service-parts.ts'

export type StoredRule = ChannelRuleRow

/** What is left out stays as it is, or is the default. */
export type ChannelRuleChange = Partial<ChannelRuleSettings>

const SHOWN: { readonly [K in keyof ChannelRuleSettings]: string } = {
  authenticated: 'identified clients only',
  persisted: 'persisted',
  persistLast: 'persists the last message',
  pushEnabled: 'push',
  tlsOnly: 'TLS only',
  mutableMessages: 'mutable messages',
  exposeTimeserial: 'exposes time serials',
  populateChannelRegistry: 'registry',
  batchingEnabled: 'batching',
  batchingInterval: 'batching interval',
  conflationEnabled: 'conflation',
  conflationInterval: 'conflation interval',
  conflationKey: 'conflation key',
}

export class ChannelRuleService {
  readonly #ledger: Ledger
  readonly #table: ChannelRuleTable
  readonly #clock: Clock
  readonly #audit: AuditService

  constructor({ store, ledger, clock, audit }: ServiceParts) {
    this.#ledger = ledger
    this.#table = new ChannelRuleTable(store)
    this.#clock = clock
    this.#audit = audit
  }

  list(app: App): StoredRule[] {
    return this.#table.list(app.id)
  }

  find(app: App, id: string): Result<StoredRule> {
    const rule = this.#table.find(app.id, id)
    return rule ? ok(rule) : fail('rule_not_found')
  }

  add(app: App, id: string, settings: ChannelRuleChange): Result<StoredRule> {
    return this.#ledger.write((): Result<StoredRule> => {
      if (this.#table.find(app.id, id)) return fail('rule_taken')
      const now = this.#clock.now()
      const given = { ...DEFAULT_RULE_SETTINGS, ...settings, id }
      const fault = ruleFault(given)
      if (fault) return fail('invalid', ruleFaultText(fault))
      const rule = { ...given, appId: app.id, createdAt: now, updatedAt: now }
      this.#table.insert(rule)
      this.#note(app, 'add', id, fieldsOf(DEFAULT_RULE_SETTINGS, given, SHOWN))
      return ok(rule)
    })
  }

  set(app: App, id: string, settings: ChannelRuleChange): Result<StoredRule> {
    return this.#ledger.write((): Result<StoredRule> => {
      const found = this.find(app, id)
      if (!found.ok) return found
      const rule = { ...found.value, ...settings, updatedAt: this.#clock.now() }
      const fault = ruleFault(rule)
      if (fault) return fail('invalid', ruleFaultText(fault))
      this.#table.update(app.id, id, { ...settings, updatedAt: rule.updatedAt })
      this.#note(app, 'change', id, fieldsOf(found.value, settings, SHOWN))
      return ok(rule)
    })
  }

  remove(app: App, id: string): Result<StoredRule> {
    return this.#ledger.write((): Result<StoredRule> => {
      const found = this.find(app, id)
      if (!found.ok) return found
      this.#table.remove(app.id, id)
      this.#note(app, 'remove', id, [])
      return found
    })
  }

  #note(app: App, action: Action, id: string, fields: NonNullable<AuditEvent['fields']>): void {
    if (!isKept(app)) return
    const { accountId } = app
    this.#audit.record({
      action,
      kind: 'rule',
      id,
      name: `${id} of ${app.name}`,
      accountId,
      fields,
    })
  }
}
