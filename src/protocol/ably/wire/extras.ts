/** Extras: what a publisher puts beside the data. They stay as they came. */
import type { JsonText } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { isRecord, jsonText } from './json-value.ts'

export interface Extras {
  readonly text: JsonText | undefined
  /** The message is neither kept nor delivered again. */
  readonly isEphemeral: boolean
  /** It has headers that take the capability `privileged-headers`. */
  readonly isPrivileged: boolean
}

const NONE: Extras = { text: undefined, isEphemeral: false, isPrivileged: false }
const NO_EXTRAS: Result<Extras> = ok(NONE)

const isAnything = () => true

/** Whether a member may have a value. */
const ALLOWED: ReadonlyMap<string, (value: unknown) => boolean> = new Map<
  string,
  (value: unknown) => boolean
>([
  ['headers', isFlat],
  ['push', isRecord],
  ['ref', isRecord],
  ['ephemeral', (value) => typeof value === 'boolean'],
  ['privileged', isAnything],
  ['ai', isAnything],
])

/**
 * The server alone says these. Whoever sends a message on as they got it sends them too, so they are dropped and
 * not refused; left in, one would vouch for its sender and the other make its readers attach again.
 */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['delta', 'userClaim'])

/**
 * Those of messages: only members that are known.
 * @returns `extras_invalid` for an unknown member, or a value that a member may not have
 */
export function readMessageExtras(value: unknown): Result<Extras> {
  if (!isRecord(value)) return readExtras(value)
  for (const name in value) {
    if (OF_THE_SERVER.has(name)) continue
    const isAllowed = ALLOWED.get(name)
    if (!isAllowed) return fail('extras_invalid', 'extras have a member that is not known')
    const member = value[name]
    if (member !== null && !isAllowed(member))
      return fail('extras_invalid', `extras.${name} is not valid`)
  }
  return readExtras(value)
}

/**
 * Those of presence and annotations: any members, such as the `locks` of Ably Spaces.
 * @returns `extras_invalid` for what is no object, or nested too deeply
 */
export function readExtras(value: unknown): Result<Extras> {
  if (value === undefined || value === null) return NO_EXTRAS
  if (!isRecord(value)) return fail('extras_invalid', 'extras are an object')
  let own: Readonly<Record<string, unknown>> = value
  for (const name of OF_THE_SERVER) if (name in own) own = withoutMember(own, name)
  if (own !== value && Object.keys(own).length === 0) return NO_EXTRAS
  const text = jsonText(own)
  if (text === undefined) return fail('extras_invalid', 'extras are nested too deeply')
  return ok({
    text,
    isEphemeral: own['ephemeral'] === true,
    isPrivileged: (own['privileged'] ?? null) !== null,
  })
}

function withoutMember(
  record: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> {
  const { [name]: _, ...rest } = record
  return rest
}

/** Headers are for filters, which look at single values. */
function isFlat(value: unknown): boolean {
  if (!isRecord(value)) return false
  for (const name in value) {
    const header = value[name]
    if (typeof header === 'object' && header !== null) return false
  }
  return true
}
