/** Tells the operator who was turned away and why, without letting a flood of refusals fill the log. */
import { type Config, type SettingName, settings } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { type Counters, count } from '../core/counting/counters.ts'
import { type Failure, type FailureName, failure } from '../failure.ts'
import { type Bucket, type Rate, fullBucket, take } from '../policy/rate-limits.ts'
import { allowingSetting, nearMiss } from '../policy/origin.ts'
import { shellQuoted } from '../text/shell.ts'
import { BoundedLines } from './bounded-lines.ts'
import type { Logger } from './logs.ts'
import { RecentRefusals } from './recent-refusals.ts'
import type { RefusalSummary } from '../service/live/recent-refusals.ts'

/** Log lines a second: enough to see what is wrong. Counters have the exact numbers. */
const LOGGED: Rate = { perSecond: 20, burst: 100 }

/** The part that meets such a fault logs it once; a line for each client that suffers from it would tell nothing more. */
const OF_THE_DISK: ReadonlySet<FailureName> = new Set([
  'busy',
  'settings_unusable',
  'not_kept',
  'history_busy',
  'history_unreadable',
] as const)

/** A text about a channel without what is secret about that channel. */
type Conceal = (text: string, channel: string) => string

export interface RefusalParts {
  readonly counters: Counters
  readonly clock: Clock
  readonly log: Logger
  readonly config: Config
  readonly conceal: Conceal
}

export class Refusals {
  readonly #counters: Counters
  readonly #clock: Clock
  readonly #log: Logger
  readonly #config: Config
  readonly #lines: BoundedLines
  readonly #remembered: Bucket
  readonly #recent = new RecentRefusals()
  readonly #conceal: Conceal

  constructor({ counters, clock, log, config, conceal }: RefusalParts) {
    this.#config = config
    this.#counters = counters
    this.#clock = clock
    this.#log = log
    this.#conceal = conceal
    this.#lines = new BoundedLines(LOGGED, clock, (unlogged) =>
      log.warn('more refusals were left out', { unlogged }),
    )
    this.#remembered = fullBucket(LOGGED, clock.elapsed())
  }

  /** The newest first. */
  recent(): readonly RefusalSummary[] {
    return this.#recent.list()
  }

  /**
   * Shows a refusal in the dashboard without logging it: messages refused on an open connection would fill the log.
   * @param given as for `record`
   */
  remember({ name }: Failure, given: object): void {
    const now = this.#clock.now()
    const detail = shortened(given)
    // The message of some failures quotes what a client wrote.
    const why = failure(name)
    if (
      this.#recent.repeat(why, detail, now) ||
      !take(this.#remembered, LOGGED, this.#clock.elapsed())
    )
      return
    const told = { setting: settingsBehind(name, this.#config), ...this.#concealed(detail) }
    this.#recent.add(why, detail, told, now)
  }

  /** @param given fields that may be logged: never a key, a query string or a message */
  record(why: Failure, given: object): void {
    count(this.#counters.refusals, why.name)
    if (OF_THE_DISK.has(why.name)) return this.remember(why, given)
    const now = this.#clock.now()
    const detail = shortened(given)
    const isKnown = this.#recent.repeat(why, detail, now)
    this.#lines.offer((leftOut) => {
      const setting = settingsBehind(why.name, this.#config)
      const because = why.because?.() ?? adviceOn(why, detail, this.#config)
      const told = { setting, ...this.#concealed(detail), ...because }
      if (!isKnown) this.#recent.add(why, detail, told, now)
      this.#log.warn(`refused: ${why.message}`, { reason: why.name, ...told, ...leftOut })
    })
  }

  #concealed(detail: object): object {
    const { channel } = detail as { readonly channel?: unknown }
    return typeof channel === 'string'
      ? { ...detail, channel: this.#conceal(channel, channel) }
      : detail
  }

  /** Logs how many were left out, before the server stops. */
  stop(): void {
    this.#lines.flush()
  }
}

/** Characters of a field that is logged; names of channels are seldom longer. */
const MAX_LETTERS = 300

/** The same fields, each cut to a bounded length: a flood of refusals may come with names of thousands of letters. */
function shortened(detail: object): object {
  const entries = Object.entries(detail)
  if (!entries.some(([, value]) => isLong(value))) return detail
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      isLong(value) ? `${value.slice(0, MAX_LETTERS)}…` : value,
    ]),
  )
}

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.length > MAX_LETTERS
}

/** The settings behind each failure, so that the log can say what to change. */
const SETTINGS: Partial<Record<FailureName, readonly SettingName[]>> = {
  address_bodies: ['addressBodyMemoryMb'],
  address_connections: ['maxAddressConnections'],
  attempt_rate: ['attemptRate', 'attemptBurst'],
  alias_too_long: ['maxAliasLength'],
  banned: ['banSeconds'],
  bodies_full: ['bodyMemoryMb'],
  body_slow: ['bodyTimeout'],
  channel_full: ['maxMembers'],
  channel_rate: ['channelRate', 'channelBurst'],
  channel_not_open: ['openChannels'],
  channel_too_long: ['maxChannelBytes'],
  connection_rate: ['connectionRate', 'connectionBurst'],
  flooding: ['messageRate', 'messageBurst', 'maxWarnings', 'frameRate', 'frameBurst'],
  key_rate: ['keyRate', 'keyBurst'],
  message_too_large: ['maxMessageBytes'],
  answers_unread: ['answerMemoryMb'],
  presence_full: ['maxPresenceMembers'],
  presence_too_large: ['maxPresenceBytes', 'presenceMemoryMb'],
  push_rate: ['pushRate', 'pushBurst'],
  rate_limited: ['messageRate', 'messageBurst'],
  request_rate: ['pushRate', 'pushBurst'],
  sandbox_full: ['maxSandboxApps'],
  sandbox_off: ['sandbox'],
  server_full: ['maxConnections'],
  too_many_attachments: ['maxAttachments'],
  too_many_channels: ['maxChannels'],
}

/** `--push-rate 200 --push-burst 1000`, or undefined where no setting is behind it. */
function settingsBehind(name: FailureName, config: Config): string | undefined {
  const behind = settings.filter((setting) => SETTINGS[name]?.includes(setting.name))
  if (behind.length === 0) return undefined
  return behind.map((setting) => `--${setting.flag} ${String(config[setting.name])}`).join(' ')
}

function adviceOn({ name }: Failure, detail: object, { allowedOrigins }: Config): object {
  const { origin } = detail as { readonly origin?: unknown }
  return name === 'origin_refused' && typeof origin === 'string'
    ? originAdvice(origin, allowedOrigins)
    : {}
}

/** What the log says of an origin that is not on the list: how to let it in, and which entry it only just misses. */
export function originAdvice(origin: string, allowed: readonly string[]): object {
  const setting = allowingSetting(origin, allowed)
  return {
    near: nearMiss(origin, allowed),
    fix:
      setting === undefined
        ? undefined
        : `restart with --allowed-origins ${shellQuoted(setting)} (or LATCHKEY_ALLOWED_ORIGINS) if this site is yours`,
  }
}
