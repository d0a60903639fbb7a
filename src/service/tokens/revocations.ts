/** Revocations of tokens, kept for as long as a token that they concern can be valid. */
import { SettledDate } from '../../core/time/settled-date.ts'
import type { StoredRevocation } from '../../identity/revocation-request.ts'
import { AppTable, RevocationTable } from '../../store/tables/apps.ts'
import type { Ledger } from '../../store/ledger/ledger.ts'
import { isKept } from '../apps/apps.ts'
import type { Actor, AuditService } from '../audit/audit.ts'
import { fieldsOf } from '../audit/audited-fields.ts'
import type { PushDeviceService } from '../../device-push/device-service.ts'
import type { ServiceParts } from '../service-parts.ts'
import type { TokenOrder } from './token-order.ts'

export interface RevocationParts extends ServiceParts {
  readonly order: TokenOrder
  /** Devices end with the tokens that they were registered with. */
  readonly devices: Pick<PushDeviceService, 'end'>
}

export class RevocationService {
  readonly #ledger: Ledger
  readonly #table: RevocationTable
  readonly #apps: AppTable
  readonly #date: SettledDate
  readonly #audit: AuditService
  readonly #order: TokenOrder
  readonly #devices: Pick<PushDeviceService, 'end'>

  constructor({ store, ledger, clock, audit, order, devices }: RevocationParts) {
    this.#order = order
    this.#devices = devices
    this.#ledger = ledger
    this.#table = new RevocationTable(store)
    this.#apps = new AppTable(store)
    this.#date = new SettledDate(clock)
    this.#audit = audit
  }

  /**
   * Stores all of the revocations or none.
   * @param by the actor, where the request does not know it
   */
  add(appId: string, revocations: readonly StoredRevocation[], by?: Actor): void {
    const now = this.#date.now()
    const marked = this.#ledger.write(() => {
      const number = this.#order.mark()
      const numbered = revocations.map(({ isExact, ...revocation }) => {
        return { ...revocation, number: isExact ? null : number }
      })
      this.#table.insert(appId, numbered, now)
      this.#devices.end(appId, numbered)
      this.#note(appId, revocations, by)
      return number
    })
    this.#order.passed(marked)
  }

  #note(appId: string, revocations: readonly StoredRevocation[], by: Actor | undefined): void {
    const app = this.#apps.byId(appId)
    const [first] = revocations
    if (!app || !first || !isKept(app)) return
    const key = `${appId}.${first.keyId}`
    const targets = revocations.map(({ kind, value }) => `${kind}:${value}`)
    this.#audit.record(
      {
        action: 'revoke',
        kind: 'revocation',
        id: key,
        name: `of ${key}`,
        accountId: app.accountId,
        fields: fieldsOf({}, { targets: targets.join(', ') }, { targets: 'tokens for' }),
      },
      by,
    )
  }
}
