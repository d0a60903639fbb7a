/** Channel rules: what an app lays down for all channels whose name begins with a segment. */
import { type Failure, failure } from '../failure.ts'
import { isRoomChannel } from './chat-room.ts'
import { conflationKeyFault } from './conflation-key.ts'

/** The settings of a rule, named as in Ably's Control API, where a rule is a namespace. */
export interface ChannelRuleSettings {
  /** Only clients with a client id may attach or publish. */
  readonly authenticated: boolean
  /** Messages are kept on disk, beyond the two minutes of every channel. */
  readonly persisted: boolean
  /** The last message is kept for a year. */
  readonly persistLast: boolean
  readonly pushEnabled: boolean
  readonly tlsOnly: boolean
  /** Messages can be updated, deleted, appended to and annotated. */
  readonly mutableMessages: boolean
  readonly exposeTimeserial: boolean
  readonly populateChannelRegistry: boolean
  readonly batchingEnabled: boolean
  /** Milliseconds. */
  readonly batchingInterval: number | null
  readonly conflationEnabled: boolean
  /** Milliseconds. */
  readonly conflationInterval: number | null
  /** A template such as `#{message.name}`: of messages with the same value only the last is delivered. */
  readonly conflationKey: string | null
}

export interface ChannelRule extends ChannelRuleSettings {
  /** The first segment of the channel names, without the colon. */
  readonly id: string
}

/** The settings of a channel that no rule covers. */
export const DEFAULT_RULE_SETTINGS: ChannelRuleSettings = Object.freeze({
  authenticated: false,
  persisted: false,
  persistLast: false,
  pushEnabled: false,
  tlsOnly: false,
  mutableMessages: false,
  exposeTimeserial: false,
  populateChannelRegistry: false,
  batchingEnabled: false,
  batchingInterval: null,
  conflationEnabled: false,
  conflationInterval: null,
  conflationKey: null,
})

/**
 * The rule id that a channel falls under: its name up to the first colon, so that `news` and `news:uk` share one.
 * @param channel without its qualifier: `news:uk`, not `[?rewind=1]news:uk`
 */
export function ruleIdOf(channel: string): string {
  const colon = channel.indexOf(':')
  return colon < 0 ? channel : channel.slice(0, colon)
}

/** The settings that the rules of an app give a channel. */
export function settingsFor(
  rules: ReadonlyMap<string, ChannelRuleSettings>,
  channel: string,
): ChannelRuleSettings {
  // Most apps have no rules, and this is asked several times for each message.
  const own = rules.size > 0 ? rules.get(ruleIdOf(channel)) : undefined
  const rule = own ?? DEFAULT_RULE_SETTINGS
  return isRoomChannel(channel) ? forRooms(rule) : rule
}

const ROOMS = new WeakMap<ChannelRuleSettings, ChannelRuleSettings>()

/** Messages of rooms are changed and reacted to, whatever a rule says of other channels. */
function forRooms(rule: ChannelRuleSettings): ChannelRuleSettings {
  if (rule.mutableMessages) return rule
  let own = ROOMS.get(rule)
  if (!own) ROOMS.set(rule, (own = { ...rule, mutableMessages: true }))
  return own
}

/**
 * Refuses a client without a proven identity on a channel whose rule asks for one.
 * @param isIdentified whether everything that the client does there is done under a client id
 */
export function identityRefusal(
  rule: ChannelRuleSettings,
  isIdentified: boolean,
): Failure | undefined {
  return rule.authenticated && !isIdentified
    ? failure('identity_required', 'the channel is for clients with a client id')
    : undefined
}

const MAX_ID_LENGTH = 128
const MAX_INTERVAL_MS = 60_000

/** What is wrong with a rule, and which of its settings is to blame; undefined where that is its id or the whole. */
export interface RuleFault {
  readonly setting: 'batchingInterval' | 'conflationInterval' | 'conflationKey' | undefined
  /** A sentence; where a setting is to blame, what comes after its name. */
  readonly text: string
}

/** The fault in one sentence, for whoever sees no form. */
export function ruleFaultText({ setting, text }: RuleFault): string {
  return setting === undefined ? text : `${setting} ${text}`
}

/** The first thing that is wrong with a rule, or undefined. */
export function ruleFault(rule: ChannelRule): RuleFault | undefined {
  if (rule.id === '' || rule.id.length > MAX_ID_LENGTH)
    return faultOf(undefined, `the id of a rule has 1 to ${MAX_ID_LENGTH} characters`)
  if (/[:*\p{Cc}]|^\[/u.test(rule.id) || !rule.id.isWellFormed())
    return faultOf(
      undefined,
      'the id of a rule is the first segment of channel names: no colon, no *, no [ in front',
    )
  for (const name of ['batchingInterval', 'conflationInterval'] as const) {
    const value = rule[name]
    if (value === null || (Number.isInteger(value) && value > 0 && value <= MAX_INTERVAL_MS))
      continue
    return faultOf(name, `is a number of milliseconds from 1 to ${MAX_INTERVAL_MS}`)
  }
  const fault = rule.conflationKey === null ? undefined : conflationKeyFault(rule.conflationKey)
  if (fault !== undefined) return faultOf('conflationKey', fault)
  return rule.batchingEnabled && rule.conflationEnabled
    ? faultOf(undefined, 'a rule cannot have both batching and conflation')
    : undefined
}

function faultOf(setting: RuleFault['setting'], text: string): RuleFault {
  return { setting, text }
}
