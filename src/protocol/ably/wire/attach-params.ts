/** The channel options of an ATTACH: modes and parameters (TB2, RTL4k, RTL4l). */
import { MODE, type Modes } from '../../../core/modes.ts'
import type { Occupancy } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { DEFAULT_MODES, FLAG, modesOf } from './actions.ts'
import type { Params } from './frame-reader.ts'

export type Rewind = { readonly count: number } | { readonly ms: number }

export interface AttachOptions {
  /** The requested modes, not yet limited by the capability. */
  readonly modes: Modes
  /** How many messages, or how much time, to rewind. */
  readonly rewind: Rewind | undefined
  /** The most messages of a rewind by time. */
  readonly rewindLimit: number | undefined
  /** Whether messages may come as deltas against the one before. */
  readonly delta: boolean
  /** The occupancy counts to send; `metrics` for all of them. */
  readonly occupancy: 'metrics' | keyof Occupancy | undefined
  /** Whether the connection gets its own messages on this channel. */
  readonly echo: boolean
  /** Whether an append comes as the whole message. */
  readonly appendMode: 'full' | undefined
  /** Whether an SDK resumes an attachment, so that nothing is rewound. */
  readonly isResume: boolean
  /** The known parameters as they were given, which SDKs expect in ATTACHED. */
  readonly echoed: Readonly<Record<string, string>>
}

/** Options that parameters have set. */
type Given = { -readonly [Name in keyof AttachOptions]?: AttachOptions[Name] }

/** Sets an option; false for an invalid value. */
type Reader = (value: string, given: Given) => boolean

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['modes', readModes],
  ['rewind', readRewind],
  ['rewindLimit', readRewindLimit],
  ['occupancy', readOccupancy],
  ['delta', readDelta],
  ['appendMode', readAppendMode],
  ['echo', readEcho],
  ['objects', () => true],
])

/**
 * @param params of the ATTACH and of the channel's name together
 * @param flags of the ATTACH; modes given by name count instead of those
 * @returns `parameter_invalid` for a value that makes no sense; parameters nobody knows are left out
 */
export function readAttachParams(params: Params, flags: number): Result<AttachOptions> {
  const given: Given = {}
  const echoed: Record<string, string> = {}
  for (const [name, value] of params) {
    const reader = READERS.get(name)
    if (!reader) continue
    if (!reader(value, given))
      return fail('parameter_invalid', `the channel parameter ${name} is not valid`)
    echoed[name] = value
  }
  return ok({
    modes: modesOf(flags) || DEFAULT_MODES,
    rewind: undefined,
    rewindLimit: undefined,
    delta: false,
    occupancy: undefined,
    echo: true,
    appendMode: undefined,
    isResume: (flags & FLAG.ATTACH_RESUME) !== 0,
    ...given,
    echoed,
  })
}

const MODE_NAMES: ReadonlyMap<string, Modes> = new Map([
  ['presence', MODE.presence],
  ['publish', MODE.publish],
  ['subscribe', MODE.subscribe],
  ['presence_subscribe', MODE.presenceSubscribe],
  ['annotation_publish', MODE.annotationPublish],
  ['annotation_subscribe', MODE.annotationSubscribe],
  ['object_subscribe', MODE.objectSubscribe],
  ['object_publish', MODE.objectPublish],
])

function readModes(value: string, given: Given): boolean {
  let modes: Modes = 0
  for (const name of value.split(',')) {
    const mode = MODE_NAMES.get(name.trim().toLowerCase())
    if (mode === undefined) return false
    modes |= mode
  }
  given.modes = modes
  return true
}

/** A number of messages, or a time such as `15s` or `2m`. */
function readRewind(value: string, given: Given): boolean {
  const [, digits, unit] = /^([1-9]\d{0,8})([sm]?)$/.exec(value) ?? []
  if (digits === undefined) return false
  const number = Number(digits)
  given.rewind = unit === '' ? { count: number } : { ms: number * (unit === 's' ? 1000 : 60_000) }
  return true
}

function readRewindLimit(value: string, given: Given): boolean {
  if (!/^[1-9]\d{0,8}$/.test(value)) return false
  given.rewindLimit = Number(value)
  return true
}

const METRICS = 'metrics'

const CATEGORIES: Readonly<Record<keyof Occupancy, true>> = {
  connections: true,
  publishers: true,
  subscribers: true,
  presenceConnections: true,
  presenceMembers: true,
  presenceSubscribers: true,
  objectPublishers: true,
  objectSubscribers: true,
}

function readOccupancy(value: string, given: Given): boolean {
  const category = value.startsWith(`${METRICS}.`) ? value.slice(METRICS.length + 1) : undefined
  if (value !== METRICS && !isCategory(category)) return false
  given.occupancy = isCategory(category) ? category : METRICS
  return true
}

function isCategory(name: string | undefined): name is keyof Occupancy {
  return name !== undefined && Object.hasOwn(CATEGORIES, name)
}

function readDelta(value: string, given: Given): boolean {
  given.delta = value === 'vcdiff'
  return given.delta
}

function readAppendMode(value: string, given: Given): boolean {
  if (value !== 'full') return false
  given.appendMode = value
  return true
}

function readEcho(value: string, given: Given): boolean {
  given.echo = value === 'true'
  return value === 'true' || value === 'false'
}
