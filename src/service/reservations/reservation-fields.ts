/** The fields of a reservation: what can be set, the options it gives, and what the audit trail says of a change. */
import type { ChannelOptions } from '../../policy/channel-access.ts'
import type { ReservationRow } from '../../store/tables/reservations.ts'
import type { AuditedField } from '../../store/tables/audit.ts'
import { fieldsOf, secretField } from '../audit/audited-fields.ts'

/** Null clears a field; undefined leaves it unchanged. */
export interface ReservationChange {
  readonly joinKey?: string | null
  readonly sendKey?: string | null
  readonly explainRefusals?: boolean | null
  readonly guardEvents?: boolean | null
  readonly legacyUsers?: boolean | null
  /** Id or name of an app of the same account. */
  readonly app?: string | null
}

const MAX_KEY_LENGTH = 256

/** The options that are set; the server's settings hold for the others. */
export function optionsOf(row: ReservationRow): ChannelOptions {
  return {
    ...(row.explainRefusals !== null && { explainRefusals: row.explainRefusals }),
    ...(row.guardEvents !== null && { guardEvents: row.guardEvents }),
    ...(row.legacyUsers !== null && { legacyUsers: row.legacyUsers }),
    ...(row.appId !== null && { appId: row.appId }),
  }
}

const SHOWN = {
  explainRefusals: 'explains refusals',
  guardEvents: 'guards events',
  legacyUsers: 'legacy users',
  appId: 'app',
}

type Keyed = Pick<ReservationRow, 'joinDigest' | 'sendDigest' | keyof typeof SHOWN>

/** The changed fields for the audit trail; of keys only whether they were set, changed or removed. */
export function auditedFields(before: Keyed, after: Keyed): AuditedField[] {
  return [
    ...keyField('join key', before.joinDigest, after.joinDigest),
    ...keyField('send key', before.sendDigest, after.sendDigest),
    ...fieldsOf(before, after, SHOWN),
  ]
}

function keyField(field: string, before: Buffer | null, after: Buffer | null): AuditedField[] {
  return before && after && before.equals(after) ? [] : secretField(field, before, after)
}

/** A reservation without keys, options and link. */
export const EMPTY_ROW = {
  joinKey: null,
  joinDigest: null,
  sendKey: null,
  sendDigest: null,
  explainRefusals: null,
  guardEvents: null,
  legacyUsers: null,
  appId: null,
}

/** What is wrong with a key: clients cannot present one that reading their options takes for absent (C-9). */
export function keyFault({ joinKey, sendKey }: ReservationChange): string | undefined {
  for (const [kind, key] of [
    ['join', joinKey],
    ['send', sendKey],
  ] as const) {
    if (key === undefined || key === null) continue
    if (key === '' || key === 'undefined' || key === 'null')
      return `the ${kind} key cannot be "${key}"`
    if (key.length > MAX_KEY_LENGTH)
      return `the ${kind} key is longer than ${MAX_KEY_LENGTH} characters`
    if (!key.isWellFormed() || /\p{Cc}/u.test(key))
      return `the ${kind} key contains control characters`
  }
  return undefined
}
