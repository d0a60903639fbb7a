/** Extras of messages, presence and annotations, which are kept as they were written. */
import type { JsonText } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { textForBoth } from './both-formats.ts'
import { JsonScanner } from '../../../text/json-scanner.ts'
import { isRecord } from './json-value.ts'
import { Structure } from './structure.ts'

export interface Extras {
  readonly text: JsonText | undefined
  /** Whether the message is ephemeral: neither stored nor delivered to clients that resume. */
  readonly isEphemeral: boolean
  /** Whether it has headers that require the capability `privileged-headers`. */
  readonly isPrivileged: boolean
}

const NONE: Extras = { text: undefined, isEphemeral: false, isPrivileged: false }
const NO_EXTRAS: Result<Extras> = ok(NONE)

const isAnything = () => true

/** Whether a value is allowed for a member. */
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
 * Reads the extras of a message, which may have known members only.
 * @returns `extras_invalid` for an unknown member, or a value that a member may not have
 */
export function readMessageExtras(value: unknown): Result<Extras> {
  return read(value, ALLOWED)
}

/**
 * Reads the extras of presence and annotations: any members, such as the `locks` of Ably Spaces.
 * @returns `extras_invalid` for what is no object, nested too deeply, or not to be said in both formats
 */
export function readExtras(value: unknown): Result<Extras> {
  return read(value, undefined)
}

/** @param allowed members; undefined for any */
function read(value: unknown, allowed: typeof ALLOWED | undefined): Result<Extras> {
  if (value === undefined || value === null) return NO_EXTRAS
  if (!(value instanceof Structure)) return fail('extras_invalid', 'extras are an object')
  const members = value.fault || !value.isObject ? NO_MEMBERS : (value.value as Members)
  let count = 0
  let isOwn = true
  for (const name in members) {
    count++
    if (OF_THE_SERVER.has(name)) isOwn = false
    else if (allowed) {
      const fault = faultIn(name, members[name], allowed)
      if (fault !== undefined) return fail('extras_invalid', fault)
    }
  }
  const text = textForBoth(value, 'extras')
  if (!text.ok) return text
  if (count === 0) return EMPTY
  const isWhole = isOwn && value.commas === count - 1
  const own = isWhole ? text : ownText(text.value)
  if (!own.ok || own.value === undefined) return own.ok ? NO_EXTRAS : own
  return ok({
    text: own.value,
    isEphemeral: members['ephemeral'] === true,
    isPrivileged: (members['privileged'] ?? null) !== null,
  })
}

type Members = Readonly<Record<string, unknown>>
const NO_MEMBERS: Members = {}
const EMPTY: Result<Extras> = ok({ ...NONE, text: '{}' })

function faultIn(name: string, member: unknown, allowed: typeof ALLOWED): string | undefined {
  const isAllowed = allowed.get(name)
  if (!isAllowed) return 'extras have a member that is not known'
  return member === null || isAllowed(member) ? undefined : `extras.${name} is not valid`
}

/**
 * The text without what only the server says; undefined if that was all. A member of which nobody could say whether
 * the first or the last of its name counts is refused.
 */
function ownText(text: JsonText): Result<JsonText | undefined> {
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

/** Header values must be scalars, because filters compare them. */
function isFlat(value: unknown): boolean {
  if (!isRecord(value)) return false
  for (const name in value) {
    const header = value[name]
    if (typeof header === 'object' && header !== null) return false
  }
  return true
}
