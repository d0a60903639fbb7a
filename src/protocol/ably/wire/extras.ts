/** Extras: what a publisher puts beside the data. They stay as they came. */
import type { JsonText } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { textForBoth } from './both-formats.ts'
import { JsonScanner } from '../../../text/json-scanner.ts'
import { isRecord } from './json-value.ts'
import { Structure } from './structure.ts'

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
  if (!(value instanceof Structure) || value.fault || !value.isObject) return readExtras(value)
  const members = membersOf(value)
  for (const name in members) {
    if (OF_THE_SERVER.has(name)) continue
    const isAllowed = ALLOWED.get(name)
    if (!isAllowed) return fail('extras_invalid', 'extras have a member that is not known')
    const member = members[name]
    if (member !== null && !isAllowed(member))
      return fail('extras_invalid', `extras.${name} is not valid`)
  }
  return readExtras(value)
}

/**
 * Those of presence and annotations: any members, such as the `locks` of Ably Spaces.
 * @returns `extras_invalid` for what is no object, nested too deeply, or not to be said in both formats
 */
export function readExtras(value: unknown): Result<Extras> {
  if (value === undefined || value === null) return NO_EXTRAS
  if (!(value instanceof Structure)) return fail('extras_invalid', 'extras are an object')
  const text = textForBoth(value, 'extras')
  if (!text.ok) return text
  const own = ownText(text.value, value)
  if (!own.ok || own.value === undefined) return own.ok ? NO_EXTRAS : own
  const members = membersOf(value)
  return ok({
    text: own.value,
    isEphemeral: members['ephemeral'] === true,
    isPrivileged: (members['privileged'] ?? null) !== null,
  })
}

function membersOf({ value }: Structure): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

/**
 * The text without what only the server says; undefined if that was all. A member of which nobody could say whether
 * the first or the last of its name counts is refused.
 */
function ownText(text: JsonText, { commas, value }: Structure): Result<JsonText | undefined> {
  const names = Object.keys(value as object)
  if (names.length === 0) return ok('{}')
  const isWhole = !names.some((name) => OF_THE_SERVER.has(name))
  if (isWhole && commas === names.length - 1) return ok(text)
  const members = membersIn(text).filter(([name]) => !OF_THE_SERVER.has(name))
  if (members.length === 0) return ok(undefined)
  if (new Set(members.map(([name]) => name)).size < members.length)
    return fail('extras_invalid', 'extras have a member more than once')
  const texts = members.map(([name, member]) => `${JSON.stringify(name)}:${member}`)
  return ok(`{${texts.join(',')}}`)
}

function membersIn(text: JsonText): readonly (readonly [name: string, value: JsonText])[] {
  const scanner = new JsonScanner(text)
  const members: (readonly [string, JsonText])[] = []
  scanner.members((name) => members.push([name, scanner.take()]))
  return members
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
