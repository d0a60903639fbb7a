/** Reads a request for a sandbox app, in the shape that the test suites of Ably's SDKs send. */
import { type Result, fail, ok } from '../../../../failure.ts'
import { type ChannelRuleSettings, DEFAULT_RULE_SETTINGS } from '../../../../policy/channel-rule.ts'
import { type Payload, readData } from '../../wire/data.ts'

export interface SandboxRequest {
  /** Undefined for the limit of the server. */
  readonly maxPresenceMembers: number | undefined
  readonly keys: readonly KeyWish[]
  readonly rules: readonly RuleWish[]
  readonly channels: readonly ChannelFixture[]
}

export interface KeyWish {
  /** The parsed capability; undefined for all rights. */
  readonly capability: unknown
  readonly revocableTokens: boolean
}

export type RuleWish = Partial<ChannelRuleSettings> & { readonly id: string }

/** A channel with members that are present from the start. */
export interface ChannelFixture {
  readonly name: string
  readonly presence: readonly MemberFixture[]
}

export interface MemberFixture extends Payload {
  readonly clientId: string
}

/** Far more than a test needs, and quick to make. */
const MAX_ENTRIES = 100
const MAX_PRESENCE_MEMBERS = 10_000

type Fields = Readonly<Record<string, unknown>>

/**
 * Without a body, or where it names no keys, there is one key that may do everything.
 * @returns `bad_request`, which says what is wrong
 */
export function readSandboxRequest(value: unknown): Result<SandboxRequest> {
  const body = value ?? {}
  if (!isFields(body)) return wrong('the body is no object')
  const maxPresenceMembers = readMaxMembers(body['limits'])
  if (!maxPresenceMembers.ok) return maxPresenceMembers
  const keys = readList(body['keys'] ?? [{}], 'keys', readKey)
  if (!keys.ok) return keys
  const rules = readList(body['namespaces'] ?? [], 'namespaces', readRule)
  if (!rules.ok) return rules
  const channels = readList(body['channels'] ?? [], 'channels', readChannel)
  if (!channels.ok) return channels
  if (keys.value.length === 0) return wrong('keys is an empty list; leave it out for one key')
  return ok({
    maxPresenceMembers: maxPresenceMembers.value,
    keys: keys.value,
    rules: rules.value,
    channels: channels.value,
  })
}

function readMaxMembers(limits: unknown): Result<number | undefined> {
  const presence = isFields(limits) ? limits['presence'] : undefined
  const value = isFields(presence) ? presence['maxMembers'] : undefined
  if (value === undefined || value === null) return ok(undefined)
  const isInRange = Number.isInteger(value) && Number(value) >= 1
  return isInRange && Number(value) <= MAX_PRESENCE_MEMBERS
    ? ok(Number(value))
    : wrong(`limits.presence.maxMembers is a number from 1 to ${MAX_PRESENCE_MEMBERS}`)
}

function readKey(key: Fields, where: string): Result<KeyWish> {
  const { capability, revocableTokens = false } = key
  if (typeof revocableTokens !== 'boolean') return wrong(`${where}.revocableTokens is no boolean`)
  const parsed = readCapabilityText(capability ?? undefined, where)
  return parsed.ok ? ok({ capability: parsed.value, revocableTokens }) : parsed
}

/** Test suites send a capability as JSON text, people as an object. */
function readCapabilityText(capability: unknown, where: string): Result<unknown> {
  if (typeof capability !== 'string') return ok(capability)
  try {
    return ok(JSON.parse(capability) as unknown)
  } catch {
    return wrong(`${where}.capability is not valid JSON`)
  }
}

function readRule(rule: Fields, where: string): Result<RuleWish> {
  const { id } = rule
  if (typeof id !== 'string') return wrong(`${where}.id is no text`)
  const settings: Record<string, unknown> = {}
  for (const [name, initial] of Object.entries(DEFAULT_RULE_SETTINGS)) {
    const value = rule[name]
    if (value === undefined || value === null) continue
    const type = initial === null ? RULE_VALUES[name] : typeof initial
    if (typeof value !== type) return wrong(`${where}.${name} is no ${type}`)
    settings[name] = value
  }
  return ok({ ...(settings as Partial<ChannelRuleSettings>), id })
}

/** The types of settings whose default is null. */
const RULE_VALUES: Readonly<Record<string, string>> = {
  batchingInterval: 'number',
  conflationInterval: 'number',
  conflationKey: 'string',
}

function readChannel(channel: Fields, where: string): Result<ChannelFixture> {
  const { name } = channel
  if (typeof name !== 'string' || name === '') return wrong(`${where}.name is no text`)
  const presence = readList(channel['presence'] ?? [], `${where}.presence`, readMember)
  return presence.ok ? ok({ name, presence: presence.value }) : presence
}

function readMember(member: Fields, where: string): Result<MemberFixture> {
  const { clientId, data, encoding } = member
  if (typeof clientId !== 'string' || /^\*?$/.test(clientId) || !clientId.isWellFormed())
    return wrong(`${where}.clientId is no client id`)
  const payload = readData(data, encoding)
  return payload.ok
    ? ok({ clientId, ...payload.value })
    : wrong(`${where}: ${payload.failure.message}`)
}

function readList<T>(
  value: unknown,
  where: string,
  read: (item: Fields, where: string) => Result<T>,
): Result<T[]> {
  if (!Array.isArray(value)) return wrong(`${where} is no list`)
  if (value.length > MAX_ENTRIES) return wrong(`${where} has more than ${MAX_ENTRIES} entries`)
  const items: T[] = []
  for (const [i, item] of (value as unknown[]).entries()) {
    if (!isFields(item)) return wrong(`${where}[${i}] is no object`)
    const one = read(item, `${where}[${i}]`)
    if (!one.ok) return one
    items.push(one.value)
  }
  return ok(items)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong<T>(what: string): Result<T> {
  return fail('bad_request', what)
}
