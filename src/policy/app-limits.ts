/** The limits that an app can have of its own: their names, their bounds and their descriptions. */
import { readOriginList } from './origin.ts'

/** Null leaves a limit to the settings of the server; 0 sets none beyond those. */
export interface AppLimits {
  /** Connections at a time: clients of Ably's SDKs and streams over HTTP. */
  readonly maxConnections: number | null
  /** Channels at a time, including those that nobody is on and that are still remembered. */
  readonly maxChannels: number | null
  /** Messages that may be published a second, over all its channels, on average. */
  readonly messageRate: number | null
  /** MiB of what is remembered for two minutes. */
  readonly memoryMb: number | null
  /** MiB of history on the disk. */
  readonly diskMb: number | null
  /** On one channel. */
  readonly maxPresenceMembers: number | null
  /** Where pages may connect from; the server's own list has to allow them too. */
  readonly allowedOrigins: readonly string[] | null
}

export type NumberLimit = Exclude<keyof AppLimits, 'allowedOrigins'>

export const NO_APP_LIMITS: AppLimits = Object.freeze({
  maxConnections: null,
  maxChannels: null,
  messageRate: null,
  memoryMb: null,
  diskMb: null,
  maxPresenceMembers: null,
  allowedOrigins: null,
})

interface Description {
  /** The greatest that it may be. */
  readonly max: number
  readonly description: string
}

/** In the order in which people are shown them. */
export const NUMBER_LIMITS: Readonly<Record<NumberLimit, Description>> = {
  maxConnections: { max: 10_000_000, description: 'Connections at a time' },
  maxChannels: { max: 10_000_000, description: 'Channels at a time' },
  messageRate: { max: 10_000_000, description: 'Messages a second, on average' },
  memoryMb: {
    max: 1_048_576,
    description: 'Megabytes of memory for what its channels remember for two minutes',
  },
  diskMb: { max: 16_777_216, description: 'Megabytes of history on the disk' },
  maxPresenceMembers: { max: 10_000_000, description: 'Presence members of one channel' },
}

export const NUMBER_LIMIT_NAMES = Object.keys(NUMBER_LIMITS) as readonly NumberLimit[]

const MAX_ORIGINS = 100
const MAX_ORIGIN_LENGTH = 300

/** What is wrong with limits that somebody wants for an app; undefined for nothing. */
export function limitsFault(wanted: Partial<AppLimits>): string | undefined {
  for (const name of NUMBER_LIMIT_NAMES) {
    const value = wanted[name] ?? 0
    const { max } = NUMBER_LIMITS[name]
    if (!Number.isInteger(value) || value < 0 || value > max)
      return `${name} is a whole number from 0 to ${max}; 0 is no limit`
  }
  return wanted.allowedOrigins ? originsFault(wanted.allowedOrigins) : undefined
}

function originsFault(origins: readonly string[]): string | undefined {
  if (origins.length === 0 || origins.length > MAX_ORIGINS)
    return `allowedOrigins has 1 to ${MAX_ORIGINS} origins; "*" stands for all`
  const long = origins.find((one) => one.length > MAX_ORIGIN_LENGTH)
  if (long !== undefined)
    return `allowedOrigins has "${long.slice(0, MAX_ORIGIN_LENGTH)}…", which is longer than ${MAX_ORIGIN_LENGTH} characters`
  const read = readOriginList(origins)
  return read.ok ? undefined : `allowedOrigins ${read.failure.message}`
}

/** Limits as they are stored, with origins as browsers write them. */
export function keptLimits<T extends Partial<AppLimits>>(wanted: T): T {
  const read = wanted.allowedOrigins && readOriginList(wanted.allowedOrigins)
  return read?.ok ? { ...wanted, allowedOrigins: read.value } : wanted
}

/** Only the limits of an app, without its other fields. */
export function limitsOf(app: AppLimits): AppLimits {
  return {
    maxConnections: app.maxConnections,
    maxChannels: app.maxChannels,
    messageRate: app.messageRate,
    memoryMb: app.memoryMb,
    diskMb: app.diskMb,
    maxPresenceMembers: app.maxPresenceMembers,
    allowedOrigins: app.allowedOrigins,
  }
}

/** Names of the limits that a change would change. */
export function changedLimits(before: AppLimits, wanted: Partial<AppLimits>): (keyof AppLimits)[] {
  return (Object.keys(NO_APP_LIMITS) as (keyof AppLimits)[]).filter(
    (name) => wanted[name] !== undefined && String(wanted[name]) !== String(before[name]),
  )
}
