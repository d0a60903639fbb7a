/** What an ATTACH asks for beyond the channel: modes and parameters (TB2, RTL4k, RTL4l). */
import { MODE, type Modes } from '../../../core/modes.ts'
import type { Occupancy } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { DEFAULT_MODES, FLAG, modesOf } from './actions.ts'
import type { Params } from './frame-reader.ts'

export type Rewind = { readonly count: number } | { readonly ms: number }

export interface AttachOptions {
  /** Asked for, by name or by default; what the capability permits of them is another matter. */
  readonly modes: Modes
  /** How far before now to begin. */
  readonly rewind: Rewind | undefined
  /** Messages that a rewind by time may have at most. */
  readonly rewindLimit: number | undefined
  /** Messages may come as differences to the one before. */
  readonly delta: boolean
  /** Which numbers to say of who is on the channel; `metrics` for all of them. */
  readonly occupancy: 'metrics' | keyof Occupancy | undefined
  /** Whether what the connection publishes comes back to it here. */
  readonly echo: boolean
  /** Whether appends come as the whole of a message each time. */
  readonly appendMode: 'full' | undefined
  /** An SDK takes up an attachment that it had, so that nothing is wound back. */
  readonly isResume: boolean
  /** The parameters that mean something, as they were given; SDKs look for them in the ATTACHED. */
  readonly echoed: Readonly<Record<string, string>>
}

/** What the parameters give; the rest stays as it is without them. */
type Given = { -readonly [Name in keyof AttachOptions]?: AttachOptions[Name] }

/** Takes the value over; false if it makes no sense. */
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

/** A number of messages, or a time in seconds or minutes. */
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
